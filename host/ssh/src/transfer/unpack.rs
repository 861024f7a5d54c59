//! A tar stream from a hostile instance into a local directory.
//!
//! Names that would leave the directory, names that pass through a link and anything that is not a file, a directory
//! or a link end the transfer or are left out, as [`unpack`] says; [`place`] does the writing. What is written is never
//! more than what arrived: sparse files, whose holes cost nothing to send, are refused, and headers are bounded. A file
//! with holes arrives with zeros in their place, and those are not written.

use std::{
    cell::Cell,
    ffi::OsStr,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
    rc::Rc,
};

use cap_std::fs::Dir;
use kilnbox_engine::CommunicatorError;
use tar::{Archive, Entry, EntryType};

use crate::{
    limits::{ENTRIES, HEADERS, PADDING},
    said::said,
    transfer::place::{self, Attributes, Folders, NewFile, below},
};

/// Bytes of a file written at once.
const BUFFER: usize = 256 * 1024;

/// Writes everything in the stream below `to` and returns the bytes of all files; `moved` gets their number so far.
///
/// Refused: absolute names, `..`, names below a link, hard links to anything but a file that stands there, sparse files,
/// and what goes on without end: names, headers, padding.
/// Left out: device nodes and fifos.
pub(crate) fn unpack(
    mut from: impl Read,
    to: &Dir,
    mut moved: impl FnMut(u64),
) -> Result<u64, CommunicatorError> {
    let budget = Rc::new(Cell::new(HEADERS));
    let mut archive = Archive::new(Metered {
        inner: &mut from,
        budget: budget.clone(),
    });
    let mut entries = archive.entries().map_err(broken)?;
    let mut folders = Folders::default();
    let mut buffer = vec![0; BUFFER];
    let (mut total, mut count) = (0, 0);
    loop {
        budget.set(HEADERS);
        let Some(entry) = entries.next() else { break };
        count += 1;
        if count > ENTRIES {
            return Err(CommunicatorError::Hostile(format!(
                "an archive of more than {ENTRIES} names"
            )));
        }
        let mut entry = entry.map_err(broken)?;
        budget.set(u64::MAX);
        let path = below(OsStr::from_bytes(&entry.path_bytes()))?;
        if path.as_os_str().is_empty() {
            continue;
        }
        match entry.header().entry_type() {
            EntryType::Directory => {
                place::folder(to, &path)?;
                let _which = folders.remember(path, attributes(&entry)?)?;
            }
            EntryType::Regular | EntryType::Continuous => {
                let length = file(to, path, &mut entry, &mut buffer, |bytes| moved(total + bytes))?;
                total += length;
                moved(total);
            }
            EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                place::link(to, &path, OsStr::from_bytes(&target))?;
            }
            EntryType::Link => {
                let target = below(OsStr::from_bytes(&entry.link_name_bytes().unwrap_or_default()))?;
                place::hard_link(to, &path, &target)?;
            }
            kind @ (EntryType::Char | EntryType::Block | EntryType::Fifo) => {
                tracing::debug!(path = %path.display(), ?kind, "left out");
            }
            other => {
                return Err(CommunicatorError::Hostile(format!(
                    "`{}` is a {other:?}",
                    said(&path.to_string_lossy())
                )));
            }
        }
    }
    folders.settle(to)?;
    padding(from)?;
    Ok(total)
}

/// Reads what follows the end of the archive, so that who writes it is not cut off: `tar` fills its last block.
fn padding(from: impl Read) -> Result<(), CommunicatorError> {
    match io::copy(&mut from.take(PADDING + 1), &mut io::sink()).map_err(broken)? {
        0..=PADDING => Ok(()),
        _ => Err(CommunicatorError::Hostile(format!(
            "more than {PADDING} bytes behind the end of the archive"
        ))),
    }
}

/// Writes one file and returns its length.
fn file<R: Read>(
    to: &Dir,
    path: PathBuf,
    entry: &mut Entry<'_, R>,
    buffer: &mut [u8],
    mut moved: impl FnMut(u64),
) -> Result<u64, CommunicatorError> {
    let (attributes, size) = (attributes(entry)?, entry.size());
    let cut = |error: io::Error| {
        CommunicatorError::Hostile(format!("`{}` in the archive it sent: {error}", path.display()))
    };
    let file = NewFile::create(to, path.clone())?;
    let mut length = 0;
    loop {
        // Filled, since a pipe gives small pieces, and the runs of zeros in them are short.
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            match entry.read(room).map_err(cut)? {
                0 => break,
                read => filled += read,
            }
        }
        let Some(bytes) = buffer.get(..filled).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        file.write(length, bytes)?;
        length += bytes.len() as u64;
        moved(length);
    }
    if length != size {
        return Err(cut(io::ErrorKind::UnexpectedEof.into()));
    }
    file.finish(length, attributes)?;
    Ok(length)
}

fn attributes<R: Read>(entry: &Entry<'_, R>) -> Result<Attributes, CommunicatorError> {
    let header = entry.header();
    Attributes::new(header.mode().map_err(broken)?, header.mtime().map_err(broken)?)
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
                return Err(io::Error::other(format!("a header of more than {HEADERS} bytes")));
            }
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests;
