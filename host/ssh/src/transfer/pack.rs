//! A local directory as a tar stream.
//!
//! Everything is read through a [`Dir`], so a link that points out of it is copied as a link and never followed.
//! Names are bytes. Device nodes, sockets and fifos are left out.

use std::{
    collections::VecDeque,
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use cap_std::fs::{Dir, Metadata, MetadataExt};
use kilnbox_engine::CommunicatorError;
use tar::{Builder, EntryType, Header, HeaderMode};

use crate::transfer::program::unreadable;

/// Bytes handed on at once: a stream of small files is one of large packets all the same.
const BUFFER: usize = 256 * 1024;

/// Writes what is below `from` and returns the bytes of all files. `name` is how the user calls the directory.
pub(crate) fn pack(
    from: &Dir,
    name: &Path,
    into: impl Write,
    mut moved: impl FnMut(u64),
) -> Result<u64, CommunicatorError> {
    let mut archive = Builder::new(BufWriter::with_capacity(BUFFER, into));
    archive.mode(HeaderMode::Complete);
    let mut total = 0;
    let mut folders = VecDeque::from([PathBuf::new()]);
    while let Some(folder) = folders.pop_front() {
        let local = |error| unreadable(&name.join(&folder), error);
        let listed = if folder.as_os_str().is_empty() {
            from.entries()
        } else {
            from.read_dir(&folder)
        };
        let mut names = listed
            .and_then(|entries| {
                entries
                    .map(|entry| entry.map(|entry| entry.file_name()))
                    .collect::<io::Result<Vec<_>>>()
            })
            .map_err(local)?;
        names.sort();
        for file_name in names {
            let path = folder.join(file_name);
            let local = |error| unreadable(&name.join(&path), error);
            let about = from.symlink_metadata(&path).map_err(local)?;
            let mut header = header(&about);
            if about.is_dir() {
                header.set_entry_type(EntryType::Directory);
                archive
                    .append_data(&mut header, &path, io::empty())
                    .map_err(local)?;
                folders.push_back(path);
            } else if about.is_symlink() {
                let target = from.read_link_contents(&path).map_err(local)?;
                header.set_entry_type(EntryType::Symlink);
                archive.append_link(&mut header, &path, &target).map_err(local)?;
            } else if about.is_file() {
                let file = from.open(&path).map_err(local)?;
                // The size of what was opened, since the name may stand for another file by now.
                let size = file.metadata().map_err(local)?.len();
                header.set_entry_type(EntryType::Regular);
                header.set_size(size);
                archive
                    .append_data(&mut header, &path, Exactly { file, left: size })
                    .map_err(local)?;
                total += size;
                moved(total);
            }
        }
    }
    archive
        .into_inner()
        .and_then(|mut into| into.flush())
        .map_err(|error| unreadable(name, error))?;
    Ok(total)
}

fn header(about: &Metadata) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(about.mode() & 0o7777);
    header.set_mtime(u64::try_from(about.mtime()).unwrap_or(0));
    header.set_size(0);
    header
}

/// Gives as many bytes as the header promised: a growing file is cut, a shrinking one is an error, since the rest of
/// the stream would be read as its content.
struct Exactly<R> {
    file: R,
    left: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..room).filter(|buffer| !buffer.is_empty()) else {
            return Ok(0);
        };
        let length = self.file.read(buffer)?;
        if length == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "became shorter while it was read",
            ));
        }
        self.left -= length as u64;
        Ok(length)
    }
}
