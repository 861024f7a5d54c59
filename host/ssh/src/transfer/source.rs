//! A local file that is sent, and where in it data is.
//!
//! A hole is not read, and not sent either where the other side can make one. Where the file system does not tell,
//! everything is data.

use std::{
    fs::File,
    io::{self, Read},
    ops::Range,
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
};

use cap_std::fs::Dir;
use rustix::fs::{SeekFrom, seek};

/// Shorter holes are sent: naming them costs as much.
const HOLE: u64 = 32 * 1024;
/// Pieces of one file at most, a few MiB of memory; what comes after the last is one of them, holes and all.
const PIECES_MAX: usize = 65_536;

/// A file that was opened to be sent.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) file: File,
    /// The size of what was opened, since the name may stand for another file by now.
    pub(crate) size: u64,
    /// Where data is, in order; everything else is zeros.
    pub(crate) pieces: Vec<Range<u64>>,
}

impl Source {
    pub(crate) fn open(from: &Dir, path: &Path) -> io::Result<Self> {
        let file = from.open(path)?.into_std();
        let about = file.metadata()?;
        let size = about.len();
        let pieces = if size >= HOLE && about.blocks() < size / 512 {
            pieces(&file, size)
        } else {
            None
        };
        Ok(Self {
            pieces: pieces.unwrap_or_else(|| whole(size)),
            file,
            size,
        })
    }

    pub(crate) fn has_holes(&self) -> bool {
        self.data() < self.size
    }

    /// Bytes of all pieces.
    pub(crate) fn data(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.end - piece.start).sum()
    }

    /// Holes are zeros to be sent like all else.
    pub(crate) fn fill_holes(&mut self) {
        self.pieces = whole(self.size);
    }
}

/// Fills `buffer`. A file that shrinks is an error, since what was promised of it cannot be sent any more; of one that
/// grows, the rest is not sent.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    file.read_exact_at(buffer, offset)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "became shorter while it was read"),
            _ => error,
        })
}

/// The pieces of a source as one stream.
pub(crate) struct Pieces<F> {
    source: Source,
    /// The piece that is read.
    at: usize,
    /// Told how far in the file the reading is.
    reached: F,
}

impl<F: FnMut(u64)> Pieces<F> {
    pub(crate) fn of(source: Source, reached: F) -> Self {
        Self {
            source,
            at: 0,
            reached,
        }
    }
}

impl<F: FnMut(u64)> Read for Pieces<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(piece) = self.source.pieces.get_mut(self.at) {
            let left = usize::try_from(piece.end - piece.start).unwrap_or(usize::MAX);
            if left == 0 {
                self.at += 1;
                continue;
            }
            let room = left.min(buffer.len());
            let Some(buffer) = buffer.get_mut(..room) else {
                break;
            };
            read_at(&self.source.file, buffer, piece.start)?;
            piece.start += room as u64;
            (self.reached)(piece.start);
            return Ok(room);
        }
        Ok(0)
    }
}

fn whole(size: u64) -> Vec<Range<u64>> {
    Vec::from_iter((size > 0).then_some(0..size))
}

/// None where the file system does not know, or the file changes meanwhile.
fn pieces(file: &File, size: u64) -> Option<Vec<Range<u64>>> {
    let mut pieces: Vec<Range<u64>> = Vec::new();
    let mut at = 0;
    while at < size {
        let start = match seek(file, SeekFrom::Data(at)) {
            Ok(start) if start >= size => break,
            Ok(start) => start,
            // Nothing but a hole from here.
            Err(rustix::io::Errno::NXIO) => break,
            Err(_) => return None,
        };
        let end = seek(file, SeekFrom::Hole(start)).ok()?.min(size);
        if start < at || end <= start {
            return None;
        }
        if pieces.len() == PIECES_MAX {
            pieces.push(start..size);
            break;
        }
        match pieces.last_mut() {
            Some(last) if start - last.end < HOLE => last.end = end,
            _ => pieces.push(start..end),
        }
        at = end;
    }
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn holes_are_found_and_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join("file")).unwrap();
        file.set_len(64 * MIB).unwrap();
        file.write_all_at(&[7; 100], 8 * MIB).unwrap();
        file.write_all_at(&[7; 100], 8 * MIB + 8192).unwrap();
        let from = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let mut source = Source::open(&from, Path::new("file")).unwrap();
        assert!(source.has_holes());
        assert_eq!(source.pieces.len(), 1);
        assert_eq!(source.pieces[0], 8 * MIB..8 * MIB + 12_288);

        let mut content = Vec::new();
        let mut reached = 0;
        Pieces::of(Source::open(&from, Path::new("file")).unwrap(), |at| reached = at)
            .read_to_end(&mut content)
            .unwrap();
        assert_eq!(
            (content.len(), content.iter().filter(|byte| **byte == 7).count()),
            (12_288, 200)
        );
        assert_eq!(reached, 8 * MIB + 12_288);

        source.fill_holes();
        assert_eq!(source.data(), 64 * MIB);
        assert!(!source.has_holes());
    }

    #[test]
    fn a_file_of_nothing_but_a_hole_has_no_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join("hole")).unwrap();
        file.set_len(MIB).unwrap();
        File::create(folder.path().join("empty")).unwrap();
        let from = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let source = Source::open(&from, Path::new("hole")).unwrap();
        assert_eq!((source.pieces.len(), source.has_holes()), (0, true));
        let source = Source::open(&from, Path::new("empty")).unwrap();
        assert_eq!((source.pieces.len(), source.has_holes()), (0, false));
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), [1; 1000]).unwrap();
        let from = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let source = Source::open(&from, Path::new("file")).unwrap();
        std::fs::write(folder.path().join("file"), [1; 10]).unwrap();
        let error = Pieces::of(source, |_| {})
            .read_to_end(&mut Vec::new())
            .unwrap_err();
        assert!(error.to_string().contains("became shorter"), "{error}");
    }
}
