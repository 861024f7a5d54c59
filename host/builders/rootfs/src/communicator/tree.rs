//! Trees on their way between a local directory and the agent, as archives.
//!
//! Both directions work through [`Dir`], which cannot leave its directory. Unpacking trusts nothing: names must be
//! relative and plain, parents must be real directories, links must stay inside, and only files, directories and
//! links are made.

use std::{
    cell::Cell,
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
    rc::Rc,
};

use bytes::Bytes;
use cap_std::fs::{Dir, MetadataExt, OpenOptions, OpenOptionsExt, Permissions, PermissionsExt};
use kilnbox_engine::CommunicatorError;
use tar::{Archive, EntryType, Header};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::{
    limits::{ENTRIES, HEADERS, PATH},
    wire::CHUNK,
};

/// Deepest folder that is packed.
const DEPTH: usize = 128;

/// Sends an archive of what is below `from`; returns the bytes of the files.
pub(super) fn pack(from: &Dir, to: Sender<Bytes>) -> io::Result<u64> {
    let mut archive = tar::Builder::new(io::BufWriter::with_capacity(CHUNK, Chunks { to }));
    let moved = pack_below(from, Path::new(""), &mut archive, 0)?;
    archive.into_inner()?.flush()?;
    Ok(moved)
}

fn pack_below(from: &Dir, at: &Path, to: &mut tar::Builder<impl Write>, depth: usize) -> io::Result<u64> {
    if depth > DEPTH {
        return Err(io::Error::other(format!(
            "folders are nested deeper than {DEPTH}"
        )));
    }
    let mut moved = 0;
    let mut entries = from.entries()?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(cap_std::fs::DirEntry::file_name);
    for entry in entries {
        let (name, known) = (entry.file_name(), entry.metadata()?);
        let at = at.join(&name);
        let mut header = Header::new_gnu();
        header.set_mode(known.permissions().mode() & 0o7777);
        header.set_size(0);
        header.set_mtime(u64::try_from(known.mtime()).unwrap_or(0));
        if known.is_dir() {
            header.set_entry_type(EntryType::Directory);
            to.append_data(&mut header, &at, io::empty())?;
            moved += pack_below(&entry.open_dir()?, &at, to, depth + 1)?;
        } else if known.is_symlink() {
            header.set_entry_type(EntryType::Symlink);
            to.append_link(&mut header, &at, from.read_link_contents(&name)?)?;
        } else if known.is_file() {
            header.set_entry_type(EntryType::Regular);
            header.set_size(known.len());
            to.append_data(&mut header, &at, entry.open()?.take(known.len()))?;
            moved += known.len();
        }
    }
    Ok(moved)
}

/// Unpacks an archive below `to`; returns the bytes of the files.
pub(super) fn unpack(to: &Dir, from: Receiver<Bytes>) -> Result<u64, CommunicatorError> {
    let broken = |error: io::Error| CommunicatorError::Hostile(format!("its archive: {error}"));
    let budget = Rc::new(Cell::new(HEADERS));
    let mut archive = Archive::new(Arriving {
        from,
        rest: Bytes::new(),
        budget: budget.clone(),
    });
    let mut entries = archive.entries().map_err(broken)?;
    let (mut moved, mut count) = (0, 0);
    loop {
        budget.set(HEADERS);
        let Some(entry) = entries.next() else { break };
        let mut entry = entry.map_err(broken)?;
        budget.set(u64::MAX);
        count += 1;
        if count > ENTRIES {
            return Err(CommunicatorError::Hostile(format!(
                "an archive of more than {ENTRIES} names"
            )));
        }
        let path = entry.path().map_err(broken)?.into_owned();
        let plain = checked(&path)?;
        let Some(name) = plain.file_name() else { continue };
        let local = |source| CommunicatorError::Local {
            path: plain.clone(),
            source,
        };
        let parent = real_parent(to, &plain)?;
        let mode = Permissions::from_mode(entry.header().mode().map_err(broken)? & 0o777);
        match entry.header().entry_type() {
            EntryType::Directory => {
                match parent.create_dir(name) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    result => result.map_err(local)?,
                }
                let known = parent.symlink_metadata(name).map_err(local)?;
                if !known.is_dir() {
                    return Err(local(io::ErrorKind::NotADirectory.into()));
                }
            }
            EntryType::Regular => {
                let mut options = OpenOptions::new();
                // A link that stands there is not followed.
                options
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .custom_flags(nix::libc::O_NOFOLLOW);
                let mut file = parent.open_with(name, &options).map_err(local)?;
                let length = io::copy(&mut entry, &mut file).map_err(local)?;
                if length != entry.size() {
                    return Err(broken(io::ErrorKind::UnexpectedEof.into()));
                }
                moved += length;
                file.set_permissions(mode).map_err(local)?;
            }
            EntryType::Symlink => {
                let target = entry
                    .link_name()
                    .map_err(broken)?
                    .unwrap_or_default()
                    .into_owned();
                if leaves(&plain, &target) {
                    let link = format!(
                        "the link `{}` to `{}` leaves the target",
                        plain.display(),
                        target.display()
                    );
                    return Err(CommunicatorError::Hostile(link));
                }
                parent.symlink(&target, name).map_err(local)?;
            }
            other => {
                return Err(CommunicatorError::Hostile(format!(
                    "`{}` is a {other:?}",
                    plain.display()
                )));
            }
        }
    }
    Ok(moved)
}

/// A name made of plain parts alone.
fn checked(path: &Path) -> Result<PathBuf, CommunicatorError> {
    if path.as_os_str().len() > PATH {
        return Err(CommunicatorError::Hostile(format!(
            "a path of more than {PATH} bytes"
        )));
    }
    if path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    {
        Ok(path
            .components()
            .filter(|part| *part != Component::CurDir)
            .collect())
    } else {
        Err(CommunicatorError::Hostile(format!(
            "the name `{}` leaves the target",
            path.display()
        )))
    }
}

/// The directory that holds `path`, opened part by part without following a link.
fn real_parent(root: &Dir, path: &Path) -> Result<Dir, CommunicatorError> {
    let local = |source| CommunicatorError::Local {
        path: path.to_owned(),
        source,
    };
    let mut folder = root.try_clone().map_err(local)?;
    for part in path.parent().into_iter().flat_map(Path::components) {
        let part = Path::new(part.as_os_str());
        match folder.symlink_metadata(part) {
            Ok(known) if known.is_dir() => {}
            Ok(_) => {
                return Err(CommunicatorError::Hostile(format!(
                    "`{}` goes through a link",
                    path.display()
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                folder.create_dir(part).map_err(local)?
            }
            Err(error) => return Err(local(error)),
        }
        folder = folder.open_dir(part).map_err(local)?;
    }
    Ok(folder)
}

/// Whether a link at `at` to `target` points outside of the tree.
fn leaves(at: &Path, target: &Path) -> bool {
    let mut depth = at.components().count().saturating_sub(1);
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return true,
        }
    }
    false
}

/// A writer whose bytes are sent.
struct Chunks {
    to: Sender<Bytes>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.get(..CHUNK).unwrap_or(bytes);
        self.to
            .blocking_send(Bytes::copy_from_slice(taken))
            .map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A reader of bytes that were sent, which ends with an error where more is read than the budget allows.
struct Arriving {
    from: Receiver<Bytes>,
    rest: Bytes,
    budget: Rc<Cell<u64>>,
}

impl Read for Arriving {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.from.blocking_recv() {
                Some(chunk) => self.rest = chunk,
                None => return Ok(0),
            }
        }
        let count = self.rest.len().min(to.len());
        let Some(left) = self.budget.get().checked_sub(count as u64) else {
            return Err(io::Error::other(format!("a header of more than {HEADERS} bytes")));
        };
        self.budget.set(left);
        to.get_mut(..count)
            .unwrap_or_default()
            .copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{checked, leaves};

    #[test]
    fn names_that_leave_the_target_are_refused() {
        for name in ["../a", "/etc/passwd", "a/../../b"] {
            assert!(checked(Path::new(name)).is_err(), "{name}");
        }
        assert!(checked(Path::new("./a/b")).is_ok());
    }

    #[test]
    fn links_out_of_the_tree_are_seen() {
        assert!(leaves(Path::new("a/b"), Path::new("../../c")));
        assert!(leaves(Path::new("b"), Path::new("/etc")));
        assert!(!leaves(Path::new("a/b"), Path::new("../c")));
    }
}
