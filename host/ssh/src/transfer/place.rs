//! What a transfer from a hostile instance may do to a local directory.
//!
//! Both ways to copy a tree, the tar stream and the walk over SFTP, write through these functions and nothing else.
//! Every directory above a name is a real one, so no name passes through a link; files are new ones, so nothing that
//! stands there is followed; [`Dir`] would refuse to leave the directory all the same. Times have whole seconds, as
//! tar and SFTP carry them.

use std::{
    borrow::Borrow,
    ffi::OsStr,
    fs::File,
    io,
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Component, Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use cap_std::fs::{Dir, OpenOptions};
use kilnbox_engine::{
    CommunicatorError,
    zeros::{Run, first_run},
};

use crate::{
    limits::{FOLDER, FOLDERS, PATH},
    said::said,
    transfer::local::unreadable,
};

/// Set-user-id and its kin would be programs of the instance with rights on this machine.
const MODE_KEPT: u32 = 0o777;

/// What is kept of a file or directory beside its content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes {
    mode: u32,
    modified: SystemTime,
}

impl Attributes {
    /// `mode` may have any bits, `seconds` count from 1970.
    pub(crate) fn new(mode: u32, seconds: u64) -> Result<Self, CommunicatorError> {
        let modified = SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_secs(seconds.min(i64::MAX as u64)))
            .ok_or_else(|| CommunicatorError::Hostile(format!("a time of {seconds} seconds")))?;
        Ok(Self {
            mode: mode & MODE_KEPT,
            modified,
        })
    }

    fn set(self, file: &File) -> io::Result<()> {
        file.set_permissions(PermissionsExt::from_mode(self.mode))?;
        file.set_modified(self.modified)
    }
}

/// Directories whose attributes are set when everything in them is written.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    /// Outer ones before those in them.
    made: Vec<(PathBuf, Attributes)>,
    bytes: usize,
}

impl Folders {
    /// Keeps a directory, and says which one it is.
    pub(crate) fn remember(
        &mut self,
        path: PathBuf,
        attributes: Attributes,
    ) -> Result<usize, CommunicatorError> {
        self.bytes += path.as_os_str().len() + FOLDER;
        if self.bytes > FOLDERS {
            return Err(CommunicatorError::Hostile(format!(
                "directories with more than {FOLDERS} bytes of names"
            )));
        }
        self.made.push((path, attributes));
        Ok(self.made.len() - 1)
    }

    /// The directory that was the `index`th to be remembered.
    pub(crate) fn path(&self, index: usize) -> Option<&Path> {
        self.made.get(index).map(|(path, _)| path.as_path())
    }

    /// From the innermost, so that a directory without write permission gets its content first.
    pub(crate) fn settle(self, to: &Dir) -> Result<(), CommunicatorError> {
        for (path, attributes) in self.made.into_iter().rev() {
            parents(to, &path)?;
            to.open(&path)
                .and_then(|folder| attributes.set(&folder.into_std()))
                .map_err(|error| unreadable(&path, error))?;
        }
        Ok(())
    }
}

/// The name as a path below the target; empty for the target itself.
pub(crate) fn below(name: &OsStr) -> Result<PathBuf, CommunicatorError> {
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => {
                return Err(CommunicatorError::Hostile(format!(
                    "the name `{}` leaves the target",
                    said(&name.to_string_lossy())
                )));
            }
        }
    }
    if path.as_os_str().len() > PATH {
        return Err(CommunicatorError::Hostile(format!(
            "a path of more than {PATH} bytes"
        )));
    }
    Ok(path)
}

/// A file that is being written; removed when it is dropped before it is whole.
#[derive(Debug)]
pub(crate) struct NewFile<D: Borrow<Dir>> {
    to: D,
    path: PathBuf,
    file: File,
    whole: AtomicBool,
}

impl<D: Borrow<Dir>> NewFile<D> {
    /// A new file in place of what stands at `path`, which is not followed.
    pub(crate) fn create(to: D, path: PathBuf) -> Result<Self, CommunicatorError> {
        let dir = to.borrow();
        parents(dir, &path)?;
        displace(dir, &path)?;
        let created = dir.open_with(&path, OpenOptions::new().write(true).create_new(true));
        let created = created.map_err(|error| match error.kind() {
            // What stood there is gone, so this came meanwhile.
            io::ErrorKind::AlreadyExists => {
                CommunicatorError::Hostile(format!("the name `{}` twice", path.display()))
            }
            _ => unreadable(&path, error),
        });
        let file = created?.into_std();
        Ok(Self {
            to,
            path,
            file,
            whole: AtomicBool::new(false),
        })
    }

    /// Writes all but long runs of zeros: they are there already.
    pub(crate) fn write(&self, mut offset: u64, mut bytes: &[u8]) -> Result<(), CommunicatorError> {
        while !bytes.is_empty() {
            let length = match first_run(bytes) {
                Run::Zeros(length) => length,
                Run::Data(length) => {
                    self.file
                        .write_all_at(bytes.get(..length).unwrap_or(bytes), offset)
                        .map_err(|error| unreadable(&self.path, error))?;
                    length
                }
            };
            offset += length as u64;
            bytes = bytes.get(length..).unwrap_or_default();
        }
        Ok(())
    }

    /// Gives it its length, which a run of zeros at its end left open, and its attributes.
    pub(crate) fn finish(&self, length: u64, attributes: Attributes) -> Result<(), CommunicatorError> {
        self.file
            .set_len(length)
            .and_then(|()| attributes.set(&self.file))
            .map_err(|error| unreadable(&self.path, error))?;
        self.whole.store(true, Ordering::Release);
        Ok(())
    }
}

impl<D: Borrow<Dir>> Drop for NewFile<D> {
    fn drop(&mut self) {
        if !*self.whole.get_mut()
            && let Err(error) = self.to.borrow().remove_file(&self.path)
        {
            tracing::debug!(path = %self.path.display(), %error, "the part that was written stays");
        }
    }
}

/// A symbolic link, whatever it points to.
pub(crate) fn link(to: &Dir, path: &Path, target: &OsStr) -> Result<(), CommunicatorError> {
    parents(to, path)?;
    displace(to, path)?;
    to.symlink_contents(target, path)
        .map_err(|error| unreadable(path, error))
}

/// Another name for the file at `target`.
pub(crate) fn hard_link(to: &Dir, path: &Path, target: &Path) -> Result<(), CommunicatorError> {
    parents(to, target)?;
    parents(to, path)?;
    if !to.symlink_metadata(target).is_ok_and(|about| about.is_file()) {
        return Err(CommunicatorError::Hostile(format!(
            "`{}` is a link to `{}`, which is not among the files it sent",
            path.display(),
            target.display()
        )));
    }
    displace(to, path)?;
    to.hard_link(target, to, path)
        .map_err(|error| unreadable(path, error))
}

/// A directory at `path` and above it, made where it is missing.
pub(crate) fn folder(to: &Dir, path: &Path) -> Result<(), CommunicatorError> {
    let mut so_far = PathBuf::new();
    for part in path.components() {
        so_far.push(part);
        let local = |error| unreadable(&so_far, error);
        match to.symlink_metadata(&so_far) {
            Ok(about) if about.is_dir() => {}
            Ok(_) => {
                return Err(CommunicatorError::Hostile(format!(
                    "the name `{}` passes through `{}`, which is no directory",
                    path.display(),
                    so_far.display()
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => to.create_dir(&so_far).map_err(local)?,
            Err(error) => return Err(local(error)),
        }
    }
    Ok(())
}

fn parents(to: &Dir, path: &Path) -> Result<(), CommunicatorError> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => folder(to, parent),
        None => Ok(()),
    }
}

/// Removes the file or link that stands at `path`.
fn displace(to: &Dir, path: &Path) -> Result<(), CommunicatorError> {
    match to.remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unreadable(path, error)),
        _ => Ok(()),
    }
}
