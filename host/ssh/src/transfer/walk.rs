//! What is in a local directory, in an order in which it can be made elsewhere.
//!
//! Everything is read through a [`Dir`], so a link that points out of it is told as a link and never followed. Names
//! are bytes. Device nodes, sockets and fifos are left out. A file with several names is told once for each: it arrives
//! as so many files. Times have whole seconds, as tar and SFTP carry them; one before 1970 becomes 1970.

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
};

use cap_std::fs::{Dir, MetadataExt};
use kilnbox_engine::CommunicatorError;

use crate::transfer::{local::unreadable, source::Source};

/// One thing in a directory.
#[derive(Debug)]
pub(crate) struct Found {
    /// Below the directory.
    pub(crate) path: PathBuf,
    /// The permission bits, set-user-id and its kin among them.
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) modified: u64,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Folder,
    /// A symbolic link and what it points to.
    Link(PathBuf),
    File(Source),
}

/// What comes after a directory; always something later than the directory itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// What is in it. GNU's `tar` sets the mode and the time of a directory as soon as something else comes, and what
    /// came into it afterwards would change the time, or be refused by the mode.
    Inside,
    /// What is beside it, so that a whole level can be made at once.
    Beside,
}

/// Tells `tell` of all that is below `from`. `name` is how the user calls the directory.
pub(crate) fn walk(
    from: &Dir,
    name: &Path,
    order: Order,
    mut tell: impl FnMut(Found) -> Result<(), CommunicatorError>,
) -> Result<(), CommunicatorError> {
    let list = |folder: &Path, ahead: &mut VecDeque<PathBuf>| {
        let names = names(from, folder).map_err(|error| unreadable(&name.join(folder), error))?;
        let paths = names.into_iter().map(|name| folder.join(name));
        match order {
            Order::Inside => paths.rev().for_each(|path| ahead.push_front(path)),
            Order::Beside => ahead.extend(paths),
        }
        Ok::<_, CommunicatorError>(())
    };
    let mut ahead = VecDeque::new();
    list(Path::new(""), &mut ahead)?;
    while let Some(path) = ahead.pop_front() {
        let found = look(from, path).map_err(|(path, error)| unreadable(&name.join(path), error))?;
        let Some(found) = found else { continue };
        if matches!(found.kind, Kind::Folder) {
            list(&found.path, &mut ahead)?;
        }
        tell(found)?;
    }
    Ok(())
}

/// Sorted, so that what goes wrong goes wrong at the same place again.
fn names(from: &Dir, folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    let entries = if folder.as_os_str().is_empty() {
        from.entries()?
    } else {
        from.read_dir(folder)?
    };
    let mut names = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn look(from: &Dir, path: PathBuf) -> Result<Option<Found>, (PathBuf, io::Error)> {
    let inspect = || {
        let about = from.symlink_metadata(&path)?;
        let kind = if about.is_dir() {
            Kind::Folder
        } else if about.is_symlink() {
            Kind::Link(from.read_link_contents(&path)?)
        } else if about.is_file() {
            Kind::File(Source::open(from, &path)?)
        } else {
            return Ok(None);
        };
        Ok(Some((
            about.mode() & 0o7777,
            u64::try_from(about.mtime()).unwrap_or(0),
            kind,
        )))
    };
    match inspect() {
        Ok(found) => Ok(found.map(|(mode, modified, kind)| Found {
            path,
            mode,
            modified,
            kind,
        })),
        Err(error) => Err((path, error)),
    }
}
