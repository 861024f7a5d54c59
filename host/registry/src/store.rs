//! The bytes of plugins on this machine, shared by all projects, each under its own digest.
//!
//! What is not verified never gets a name here: bytes are hashed while they arrive, and a file becomes an entry only
//! when its digest is the one that was asked for. Each reading verifies again, so that neither a bad disk nor another
//! program can change what runs. Everything here can be downloaded again by `kilnbox init`.

mod projects;
mod prune;
mod write;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use bytes::Bytes;

pub use prune::{Pruned, Pruning};
pub(crate) use write::{Arrived, Incoming};

use crate::{Digest, Error, file, limits};

/// Entries are read by their owner alone, as all of the user's cache is.
const SUFFIX: &str = ".wasm";

/// The store.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What is under a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// These bytes, verified.
    Whole(Bytes),
    /// Nothing.
    Missing,
    /// Other bytes than its name says.
    Damaged,
}

impl Store {
    /// The store below the user's cache folder, which need not exist yet.
    pub fn new(cache_dir: &Path) -> Self {
        Self {
            folder: cache_dir.join("plugins"),
        }
    }

    /// Reads and verifies.
    pub fn read(&self, digest: Digest) -> Result<Entry, Error> {
        let path = self.path(digest);
        let bytes = match file::read(&path, limits::COMPONENT_SIZE) {
            Ok(bytes) => bytes,
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(Entry::Missing);
            }
            Err(Error::TooLarge { .. }) => return Ok(Entry::Damaged),
            Err(error) => return Err(error),
        };
        if Digest::of(&bytes) != digest {
            return Ok(Entry::Damaged);
        }
        // What is used lately is not pruned. A store that cannot be written to still serves.
        if let Ok(file) = File::open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        Ok(Entry::Whole(bytes.into()))
    }

    /// Where the bytes of a digest are, or would be.
    pub fn path(&self, digest: Digest) -> PathBuf {
        self.entries_folder().join(format!("{digest}{SUFFIX}"))
    }

    fn entries_folder(&self) -> PathBuf {
        self.folder.join("sha256")
    }

    /// Every entry: its digest, its size and when it was used last.
    fn entries(&self) -> Result<Vec<(Digest, u64, SystemTime)>, Error> {
        let folder = self.entries_folder();
        let read = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(Error::io("reading", &folder))?,
        };
        let mut entries = Vec::new();
        for entry in read {
            let entry = entry.map_err(Error::io("reading", &folder))?;
            let name = entry.file_name();
            let digest = name
                .to_str()
                .and_then(|name| name.strip_suffix(SUFFIX))
                .and_then(|name| Digest::parse(name).ok());
            let (Some(digest), Ok(about)) = (digest, entry.metadata()) else {
                continue;
            };
            let used = about.modified().map_err(Error::io("reading", entry.path()))?;
            entries.push((digest, about.len(), used));
        }
        entries.sort_unstable();
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn filled(texts: &[&str]) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        for text in texts {
            let mut incoming = Incoming::new(&store).unwrap();
            incoming.write(text.as_bytes()).unwrap();
            let arrived = incoming.verify(Digest::of(text.as_bytes())).unwrap();
            arrived.keep().unwrap();
        }
        (folder, store)
    }

    #[test]
    fn what_was_kept_is_read_back() {
        let (_folder, store) = filled(&["one"]);
        let whole = Entry::Whole(Bytes::from_static(b"one"));
        assert_eq!(store.read(Digest::of(b"one")).unwrap(), whole);
        assert_eq!(store.read(Digest::of(b"two")).unwrap(), Entry::Missing);
    }

    #[test]
    fn other_bytes_than_the_name_says_are_damaged() {
        let (_folder, store) = filled(&["one"]);
        fs::write(store.path(Digest::of(b"one")), "two").unwrap();
        assert_eq!(store.read(Digest::of(b"one")).unwrap(), Entry::Damaged);
    }

    #[cfg(unix)]
    #[test]
    fn the_store_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, store) = filled(&["one"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.path(Digest::of(b"one"))), 0o600);
        assert_eq!(mode(&store.entries_folder()), 0o700);
    }
}
