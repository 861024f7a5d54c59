//! Local paths: only those that the user wrote in the options, each opened once and held.
//!
//! A path is resolved by the engine before the run. Here it becomes a folder handle and a name inside, so that what
//! happens below it can never leave it.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
};

use cap_std::{
    ambient_authority,
    fs::{Dir, MetadataExt, OpenOptions, OpenOptionsExt},
};
use kilnbox_engine::{PathAccess, UserPath};
use rustix::fs::OFlags;

use crate::{failure::Failure, limits::Reached, store::State};

impl State {
    /// What a path of the options was resolved to, before the run or in it.
    pub(crate) fn user_path(&self, written: &str, access: PathAccess) -> Result<UserPath, Failure> {
        let named = |path: &&UserPath| path.written == written && path.access == access;
        self.running()?
            .job
            .paths
            .iter()
            .chain(&self.found)
            .find(named)
            .cloned()
            .ok_or_else(|| {
                let what = match access {
                    PathAccess::Asset | PathAccess::Match => "local file",
                    PathAccess::Output => "output",
                };
                Failure::denied(format!(
                    "`{written}` is no {what} that the user named in this step's options"
                ))
            })
    }

    /// Remembers a path that is known since now.
    pub(crate) fn found(&mut self, path: UserPath) -> Result<(), Failure> {
        if self.found.contains(&path) {
            return Ok(());
        }
        let limit = self.limits.found_files;
        if self.found.len() >= limit {
            return Err(Reached::new("found-files", format!("may find {limit} local files")).into());
        }
        self.found.push(path);
        Ok(())
    }
}

impl State {
    /// Refuses a path that no file can have: what the host keeps of it is not booked as the guest's memory.
    pub(crate) fn is_path(&self, path: &str) -> Result<(), Failure> {
        let most = self.limits.path;
        if path.len() > most {
            return Err(Failure::invalid(format!("a path of more than {most} bytes")));
        }
        Ok(())
    }
}

/// The folder a path lies in, and its name there. The folder must exist.
pub(crate) fn parent(path: &Path, below: Option<&Path>) -> io::Result<(Dir, OsString)> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("names no file"))?;
    Ok((folder(parent_path(path), below)?, name.to_owned()))
}

/// Opens a folder. One that must be `below` another is opened from there, so that a link which took the place of one
/// of its parts since the path was checked leads no further.
pub(crate) fn folder(path: &Path, below: Option<&Path>) -> io::Result<Dir> {
    let Some(below) = below else {
        return Dir::open_ambient_dir(path, ambient_authority());
    };
    let home = Dir::open_ambient_dir(below, ambient_authority())?;
    let real = path.canonicalize()?;
    match real.strip_prefix(below) {
        Ok(inside) if inside.as_os_str().is_empty() => Ok(home),
        Ok(inside) => home.open_dir(inside),
        Err(_) => Err(io::Error::other("it leads out of the template's folder")),
    }
}

pub(crate) fn parent_path(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What becomes of a link that stands where a file is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// It may lead to another file of the same folder.
    Follow,
    Refuse,
}

/// Opens a regular file for reading; not a pipe, which would wait for a writer.
pub(crate) fn open_regular(dir: &Dir, name: &OsStr, links: Links) -> io::Result<std::fs::File> {
    if links == Links::Refuse && dir.symlink_metadata(name)?.is_symlink() {
        return Err(io::Error::other("a link"));
    }
    let flags = match links {
        Links::Follow => OFlags::NONBLOCK,
        // The check above tells why; this holds where a link is put there just now.
        Links::Refuse => OFlags::NONBLOCK | OFlags::NOFOLLOW,
    };
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    let file = dir.open_with(name, &options)?.into_std();
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("not a regular file"))
    }
}

/// At most `length` bytes from `offset`.
pub(crate) fn read_at(file: &std::fs::File, offset: u64, length: u32) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    let left = file.metadata()?.len().saturating_sub(offset);
    let mut bytes = vec![0; usize::try_from(left.min(u64::from(length))).unwrap_or_default()];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Permission bits.
pub(crate) fn mode(metadata: &cap_std::fs::Metadata) -> u32 {
    metadata.mode() & 0o7777
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, sync::Arc};

    use super::*;
    use crate::Limits;

    #[test]
    fn found_files_are_counted_once_each() {
        let limits = Limits {
            found_files: 2,
            ..Limits::default()
        };
        let mut state = State::new(Arc::new(limits), None);
        let path = |name: &str| UserPath {
            written: name.to_owned(),
            resolved: PathBuf::from(name),
            access: PathAccess::Match,
            below: None,
        };
        for name in ["a", "b", "a", "b"] {
            state.found(path(name)).unwrap();
        }
        let Err(Failure::Trap(trap)) = state.found(path("c")) else {
            panic!("a third one was found")
        };
        let reached = trap.downcast_ref::<Reached>().unwrap();
        assert_eq!(
            (reached.limit, &*reached.what),
            ("found-files", "may find 2 local files")
        );
    }
}
