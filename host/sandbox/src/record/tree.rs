//! What a folder that was sent, or that arrived, holds: digests of its files and one of all.
//!
//! A communicator moves a folder by itself, so its files are read here a second time, and only for a record. A
//! [`Listing`] from before the transfer tells which files changed since: of an upload those are marked, of a download
//! they are the ones that arrived.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    os::unix::ffi::OsStrExt as _,
    path::PathBuf,
    sync::Arc,
};

use cap_std::fs::{Dir, Metadata, MetadataExt as _};
use kilnbox_engine::{
    event::{Content, Entry, Tree},
    limits,
};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::Recorder;
use crate::{cache::hex, failure::Failure, host::local, patience::Patience};

/// Bytes read at once.
const PIECE: usize = 1024 * 1024;

/// What tells that a file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    changed: (i64, i64),
    link: bool,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            size: metadata.size(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            link: metadata.is_symlink(),
        }
    }
}

/// The files and links below a folder, sorted by their paths as bytes.
#[derive(Debug)]
pub(crate) struct Listing(BTreeMap<Vec<u8>, (PathBuf, Stamp)>);

impl Listing {
    /// Links are told and never followed.
    pub(crate) fn of(dir: &Dir) -> io::Result<Self> {
        let mut found = BTreeMap::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let entries = match folder.as_os_str().is_empty() {
                true => dir.entries()?,
                false => dir.read_dir(&folder)?,
            };
            for entry in entries {
                let path = folder.join(entry?.file_name());
                let metadata = dir.symlink_metadata(&path)?;
                if metadata.is_dir() {
                    folders.push(path);
                } else if metadata.is_file() || metadata.is_symlink() {
                    let key = path.as_os_str().as_bytes().to_vec();
                    found.insert(key, (path, Stamp::of(&metadata)));
                }
            }
        }
        Ok(Self(found))
    }

    /// What was sent of a folder that was listed before.
    pub(crate) fn sent(self, dir: &Dir, recorder: &Recorder, cancel: &CancellationToken) -> io::Result<Tree> {
        let now = Self::of(dir)?;
        let changed = now
            .0
            .iter()
            .filter(|(key, (_, stamp))| self.stamp(key) != Some(*stamp));
        let changed = changed.count() as u64;
        let tree = now.digest(dir, recorder, cancel)?;
        Ok(Tree { changed, ..tree })
    }

    /// What arrived in a folder that was listed before.
    pub(crate) fn arrived(
        self,
        dir: &Dir,
        recorder: &Recorder,
        cancel: &CancellationToken,
    ) -> io::Result<Tree> {
        let mut now = Self::of(dir)?;
        now.0.retain(|key, (_, stamp)| self.stamp(key) != Some(*stamp));
        now.digest(dir, recorder, cancel)
    }

    fn stamp(&self, key: &[u8]) -> Option<Stamp> {
        self.0.get(key).map(|(_, stamp)| *stamp)
    }

    fn digest(self, dir: &Dir, recorder: &Recorder, cancel: &CancellationToken) -> io::Result<Tree> {
        let mut tree = Tree::default();
        let mut all = Some(Sha256::new());
        for (key, (path, stamp)) in self.0 {
            if stamp.link {
                tree.links += 1;
                continue;
            }
            let content = content(
                local::open_regular(dir, path.as_os_str(), local::Links::Refuse)?,
                recorder,
                cancel,
            )?;
            match (&mut all, &content.sha256) {
                (Some(all), Some(sha256)) => all.update(line(&key, sha256)),
                _ => all = None,
            }
            tree.files += 1;
            tree.size += content.size;
            if tree.entries.len() < limits::TREE_ENTRIES {
                let path = path.to_string_lossy().into_owned();
                tree.entries.push(Entry { path, content });
            } else {
                tree.left_out += 1;
            }
        }
        tree.dir_hash = all.map(|all| hex(&all.finalize()));
        Ok(tree)
    }
}

/// The listing of a folder before a transfer, if somebody records.
pub(crate) async fn list(
    recorder: &Recorder,
    patience: &Patience,
    dir: &Arc<Dir>,
) -> Result<io::Result<Option<Listing>>, Failure> {
    if !recorder.is_on() {
        return Ok(Ok(None));
    }
    let dir = Arc::clone(dir);
    patience.block(move || Listing::of(&dir).map(Some)).await
}

/// The digest of a file that is read for that alone.
pub(crate) fn content(
    mut file: std::fs::File,
    recorder: &Recorder,
    cancel: &CancellationToken,
) -> io::Result<Content> {
    let Some(mut hash) = recorder.hash() else {
        return Ok(Content::default());
    };
    let mut piece = vec![0; PIECE];
    loop {
        if cancel.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        let count = file.read(&mut piece)?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else {
            return Ok(hash.content());
        };
        hash.update(read);
    }
}

/// As `sha256sum` prints it: names that would not stay on their line are escaped, and the line says so.
fn line(name: &[u8], sha256: &str) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(name.len());
    for byte in name {
        match byte {
            b'\\' => escaped.extend(br"\\"),
            b'\n' => escaped.extend(br"\n"),
            b'\r' => escaped.extend(br"\r"),
            byte => escaped.push(*byte),
        }
    }
    let mark: &[u8] = if escaped.len() > name.len() { br"\" } else { b"" };
    [mark, sha256.as_bytes(), b"  ", &escaped, b"\n"].concat()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, process::Command};

    use cap_std::ambient_authority;
    use kilnbox_engine::Secrets;

    use super::*;

    fn recorder() -> Recorder {
        let secrets = Secrets::default();
        secrets.add("correct horse");
        Recorder::to(kilnbox_engine::Events::collecting().0, secrets)
    }

    /// The command that in-toto's specification of `dirHash` gives, written for names of any kind.
    fn expected(folder: &Path) -> String {
        let script =
            "find . -type f -print0 | cut -zc3- | LC_ALL=C sort -z | xargs -0r sha256sum | sha256sum";
        let run = Command::new("sh")
            .args(["-c", script])
            .current_dir(folder)
            .output()
            .unwrap();
        String::from_utf8(run.stdout).unwrap()[..64].to_owned()
    }

    /// The folder, as it is told when it was sent.
    fn sent(folder: &Path) -> Tree {
        let dir = Dir::open_ambient_dir(folder, ambient_authority()).unwrap();
        let listing = Listing::of(&dir).unwrap();
        listing
            .sent(&dir, &recorder(), &CancellationToken::new())
            .unwrap()
    }

    #[test]
    fn the_digest_is_that_of_the_published_command() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let dir = Dir::open_ambient_dir(at, ambient_authority()).unwrap();
        let digest = || {
            let cancel = CancellationToken::new();
            Listing::of(&dir)
                .unwrap()
                .sent(&dir, &recorder(), &cancel)
                .unwrap()
        };
        assert_eq!(digest().dir_hash.unwrap(), expected(at), "nothing");
        fs::create_dir_all(at.join("a/b")).unwrap();
        for name in [
            "a/b/c",
            "a.b",
            "a/z",
            "A",
            "with space",
            "new\nline",
            "back\\slash",
            "ret\rurn",
        ] {
            fs::write(at.join(name), name).unwrap();
        }
        std::os::unix::fs::symlink("A", at.join("link")).unwrap();
        let tree = digest();
        assert_eq!(tree.dir_hash.unwrap(), expected(at));
        assert_eq!(
            (tree.files, tree.links, tree.changed, tree.left_out),
            (8, 1, 0, 0)
        );
        assert_eq!(tree.entries.len(), 8);
    }

    #[test]
    fn only_what_arrived_is_told_and_what_changed_is_marked() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let dir = Dir::open_ambient_dir(at, ambient_authority()).unwrap();
        for name in ["old", "replaced"] {
            fs::write(at.join(name), "old").unwrap();
        }
        let (before, sent) = (Listing::of(&dir).unwrap(), Listing::of(&dir).unwrap());
        fs::write(at.join("replaced"), "new, and longer").unwrap();
        fs::write(at.join("new"), "new").unwrap();
        let cancel = CancellationToken::new();
        let arrived = before.arrived(&dir, &recorder(), &cancel).unwrap();
        let names: Vec<_> = arrived.entries.into_iter().map(|entry| entry.path).collect();
        assert_eq!(names, ["new", "replaced"]);
        assert_eq!(sent.sent(&dir, &recorder(), &cancel).unwrap().changed, 2);
    }

    #[test]
    fn many_files_are_counted_and_not_told() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..limits::TREE_ENTRIES + 3 {
            fs::write(folder.path().join(number.to_string()), "x").unwrap();
        }
        let tree = sent(folder.path());
        assert_eq!((tree.entries.len(), tree.left_out), (limits::TREE_ENTRIES, 3));
        assert_eq!(tree.dir_hash.unwrap(), expected(folder.path()));
    }

    #[test]
    fn a_secret_in_one_file_withholds_the_digest_of_all() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "plain").unwrap();
        fs::write(folder.path().join("b"), "pw=correct horse").unwrap();
        let tree = sent(folder.path());
        assert_eq!(tree.dir_hash, None);
        let known: Vec<_> = tree
            .entries
            .iter()
            .map(|entry| entry.content.sha256.is_some())
            .collect();
        assert_eq!(known, [true, false]);
    }
}
