//! A local directory as a tar stream.
//!
//! [`walk`] finds what is in it. Holes in files are left out of the stream where the `tar` that reads it makes them
//! again; everybody else gets zeros.

use std::{
    io::{self, BufWriter, Cursor, Read, Write},
    path::Path,
};

use cap_std::fs::Dir;
use kilnbox_engine::CommunicatorError;
use tar::{Builder, EntryType, GnuExtSparseHeader, GnuSparseHeader, Header, HeaderMode};

use crate::transfer::{
    local::unreadable,
    source::{Pieces, Source},
    walk::{Found, Kind, Order, walk},
};

/// Bytes handed on at once: a stream of small files is one of large packets all the same.
const BUFFER: usize = 256 * 1024;

/// Writes what is below `from` and returns the bytes of all files; `moved` gets their number so far. `name` is how the
/// user calls the directory. `sparse` is asked, for the first file with holes, whether the reader knows GNU's entries
/// for such files.
pub(crate) fn pack(
    from: &Dir,
    name: &Path,
    into: impl Write,
    sparse: impl FnOnce() -> bool,
    mut moved: impl FnMut(u64),
) -> Result<u64, CommunicatorError> {
    let mut archive = Builder::new(BufWriter::with_capacity(BUFFER, into));
    archive.mode(HeaderMode::Complete);
    let mut total = 0;
    let (mut ask, mut is_sparse) = (Some(sparse), false);
    walk(from, name, Order::Inside, |found| {
        let Found {
            path,
            mode,
            modified,
            kind,
        } = found;
        let local = |error| unreadable(&name.join(&path), error);
        let mut header = Header::new_gnu();
        header.set_mode(mode);
        header.set_mtime(modified);
        header.set_size(0);
        match kind {
            Kind::Folder => {
                header.set_entry_type(EntryType::Directory);
                archive
                    .append_data(&mut header, &path, io::empty())
                    .map_err(local)
            }
            Kind::Link(target) => {
                header.set_entry_type(EntryType::Symlink);
                archive.append_link(&mut header, &path, &target).map_err(local)
            }
            Kind::File(mut source) => {
                let size = source.size;
                let mut map = Vec::new();
                header.set_entry_type(EntryType::Regular);
                if source.has_holes() {
                    if let Some(ask) = ask.take() {
                        is_sparse = ask();
                    }
                    if is_sparse {
                        map = outline(&source, &mut header);
                    } else {
                        source.fill_holes();
                    }
                }
                header.set_size(source.data());
                let pieces = Pieces::of(source, |reached| moved(total + reached));
                archive
                    .append_data(&mut header, &path, Cursor::new(map).chain(pieces))
                    .map_err(local)?;
                total += size;
                moved(total);
                Ok(())
            }
        }
    })?;
    archive
        .into_inner()
        .and_then(|mut into| into.flush())
        .map_err(|error| unreadable(name, error))?;
    Ok(total)
}

/// Names the pieces of a file in its header, and returns the blocks that follow it for those that find no room there.
///
/// An empty piece at the end says how long the file is.
fn outline(source: &Source, header: &mut Header) -> Vec<u8> {
    header.set_entry_type(EntryType::GNUSparse);
    let mut blocks = Vec::new();
    let end = source.size..source.size;
    let mut pieces = source.pieces.iter().chain([&end]).peekable();
    let mut name = |rooms: &mut [GnuSparseHeader]| {
        for room in rooms {
            let Some(piece) = pieces.next() else { break };
            room.set_offset(piece.start);
            room.set_length(piece.end - piece.start);
        }
        pieces.peek().is_some()
    };
    let Some(gnu) = header.as_gnu_mut() else {
        return blocks;
    };
    gnu.set_real_size(source.size);
    let mut more = name(&mut gnu.sparse);
    gnu.set_is_extended(more);
    while more {
        let mut block = GnuExtSparseHeader::new();
        more = name(block.sparse_mut());
        block.set_is_extended(more);
        blocks.extend_from_slice(block.as_bytes());
    }
    blocks
}
