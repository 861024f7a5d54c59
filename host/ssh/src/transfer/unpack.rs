//! A tar stream from a hostile instance into a local directory.
//!
//! Names that would leave the directory, names that pass through a link and anything that is not a file, a directory
//! or a link end the transfer or are left out, as [`unpack`] says. Links are made as they are and never followed.
//! What is written is never more than what arrived: sparse files, whose holes cost nothing to send, are refused, and
//! headers are bounded.

use std::{
    cell::Cell,
    ffi::OsStr,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
    rc::Rc,
    time::{Duration, SystemTime},
};

use cap_std::fs::{Dir, OpenOptions, Permissions, PermissionsExt};
use kilnbox_engine::CommunicatorError;
use tar::{Archive, Entry, EntryType};

use crate::transfer::program::unreadable;

/// Bytes of headers, long names included, between two entries.
const HEADERS_MAX: u64 = 1024 * 1024;
/// Directories whose modes are remembered until their content is written.
const FOLDERS_MAX: usize = 1_000_000;
/// Set-user-id and its kin would be programs of the instance with rights on this machine.
const MODE_KEPT: u32 = 0o777;

/// Writes everything in the stream below `to` and returns the bytes of all files.
///
/// Refused: absolute names, `..`, names below a link, hard links to anything but a file written before, sparse files.
/// Left out: device nodes and fifos.
pub(crate) fn unpack(
    from: impl Read,
    to: &Dir,
    mut moved: impl FnMut(u64),
) -> Result<u64, CommunicatorError> {
    let budget = Rc::new(Cell::new(HEADERS_MAX));
    let mut archive = Archive::new(Metered {
        inner: from,
        budget: budget.clone(),
    });
    let mut entries = archive.entries().map_err(broken)?;
    let mut folders = Vec::new();
    let mut total = 0;
    loop {
        budget.set(HEADERS_MAX);
        let Some(entry) = entries.next() else { break };
        let mut entry = entry.map_err(broken)?;
        budget.set(u64::MAX);
        let path = below(&entry.path_bytes())?;
        if path.as_os_str().is_empty() {
            continue;
        }
        let kind = entry.header().entry_type();
        let local = |error| unreadable(&path, error);
        match kind {
            EntryType::Directory => {
                folder(to, &path)?;
                if folders.len() == FOLDERS_MAX {
                    return Err(CommunicatorError::Hostile(format!(
                        "more than {FOLDERS_MAX} directories"
                    )));
                }
                folders.push((path, mode(&entry)?, modified(&entry)?));
            }
            EntryType::Regular | EntryType::Continuous => {
                parents(to, &path)?;
                total += file(to, &path, &mut entry)?;
                moved(total);
            }
            EntryType::Symlink => {
                parents(to, &path)?;
                let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                displace(to, &path)?;
                to.symlink_contents(OsStr::from_bytes(&target), &path)
                    .map_err(local)?;
            }
            EntryType::Link => {
                let target = below(&entry.link_name_bytes().unwrap_or_default())?;
                parents(to, &target)?;
                parents(to, &path)?;
                if !to.symlink_metadata(&target).is_ok_and(|about| about.is_file()) {
                    return Err(CommunicatorError::Hostile(format!(
                        "`{}` is a link to `{}`, which is not among the files it sent",
                        path.display(),
                        target.display()
                    )));
                }
                displace(to, &path)?;
                to.hard_link(&target, to, &path).map_err(local)?;
            }
            EntryType::Char | EntryType::Block | EntryType::Fifo => {
                tracing::debug!(path = %path.display(), ?kind, "left out");
            }
            other => {
                return Err(CommunicatorError::Hostile(format!(
                    "`{}` is a {other:?}",
                    path.display()
                )));
            }
        }
    }
    // From the innermost, so that a directory without write permission gets its content first.
    for (path, mode, modified) in folders.into_iter().rev() {
        let local = |error| unreadable(&path, error);
        parents(to, &path)?;
        let folder = to.open(&path).map_err(local)?.into_std();
        folder.set_modified(modified).map_err(local)?;
        folder
            .set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
            .map_err(local)?;
    }
    Ok(total)
}

fn file<R: Read>(to: &Dir, path: &Path, entry: &mut Entry<'_, R>) -> Result<u64, CommunicatorError> {
    let local = |error| unreadable(path, error);
    let (mode, modified) = (mode(entry)?, modified(entry)?);
    displace(to, path)?;
    // A new file or none: whatever stands there by now is not followed.
    let mut file = to
        .open_with(path, OpenOptions::new().write(true).create_new(true))
        .map_err(local)?;
    let mut moved = 0;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let length = entry.read(&mut buffer).map_err(broken)?;
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        io::Write::write_all(&mut file, bytes).map_err(local)?;
        moved += length as u64;
    }
    file.set_permissions(Permissions::from_mode(mode))
        .map_err(local)?;
    file.into_std().set_modified(modified).map_err(local)?;
    Ok(moved)
}

/// The name as a path below the target; empty for the target itself.
fn below(name: &[u8]) -> Result<PathBuf, CommunicatorError> {
    let name = Path::new(OsStr::from_bytes(name));
    let mut path = PathBuf::new();
    for component in name.components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => {
                return Err(CommunicatorError::Hostile(format!(
                    "the name `{}` leaves the target",
                    name.display()
                )));
            }
        }
    }
    Ok(path)
}

/// Every directory above `path` is a real one, made where it is missing.
fn parents(to: &Dir, path: &Path) -> Result<(), CommunicatorError> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => folder(to, parent),
        None => Ok(()),
    }
}

fn folder(to: &Dir, path: &Path) -> Result<(), CommunicatorError> {
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

/// Removes the file or link that stands at `path`.
fn displace(to: &Dir, path: &Path) -> Result<(), CommunicatorError> {
    match to.remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unreadable(path, error)),
        _ => Ok(()),
    }
}

fn mode<R: Read>(entry: &Entry<'_, R>) -> Result<u32, CommunicatorError> {
    entry.header().mode().map(|mode| mode & MODE_KEPT).map_err(broken)
}

fn modified<R: Read>(entry: &Entry<'_, R>) -> Result<SystemTime, CommunicatorError> {
    let seconds = entry.header().mtime().map_err(broken)?;
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds.min(i64::MAX as u64)))
        .ok_or_else(|| CommunicatorError::Hostile(format!("a time of {seconds} seconds")))
}

fn broken(error: io::Error) -> CommunicatorError {
    CommunicatorError::Hostile(format!("the archive it sent: {error}"))
}

/// Ends the stream with an error where more is read than the budget allows.
struct Metered<R> {
    inner: R,
    budget: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        match self.budget.get().checked_sub(length as u64) {
            Some(left) => self.budget.set(left),
            None => {
                return Err(io::Error::other(format!(
                    "a header of more than {HEADERS_MAX} bytes"
                )));
            }
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests;
