//! Files into one: a tar, a zip, or one file alone; compressed or not.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
};

use crate::{
    Compression, Container, Error,
    block::Blocks,
    codec::codec,
    watch::{Watch, Watched, stopped},
};

/// Bytes handed on at once.
const PIECE: usize = 1024 * 1024;

/// An archive to be written.
#[derive(Debug)]
pub struct Archive {
    container: Container,
    compression: Compression,
    level: Option<u32>,
    entries: Vec<Entry>,
}

/// A file of an archive.
#[derive(Debug)]
pub struct Entry {
    /// Its name in the archive: relative, with `/`.
    pub name: String,
    /// Open for reading, at its start.
    pub file: File,
    /// Permission bits.
    pub mode: u32,
}

impl Archive {
    /// An empty one. `level` is 1, fast, to 9, small; the format's usual one where there is none.
    pub fn new(
        container: Container,
        compression: Compression,
        level: Option<u32>,
        entries: Vec<Entry>,
    ) -> Result<Self, Error> {
        if container == Container::Zip && compression != Compression::None {
            let compression = compression.name();
            return Err(Error::ZipCompressed { compression });
        }
        if container == Container::None && entries.len() != 1 {
            let count = entries.len();
            return Err(Error::NotOne { count });
        }
        let mut names = BTreeSet::new();
        for Entry { name, .. } in &entries {
            let parts = || name.split('/');
            if name.contains('\0') || parts().any(|part| part.is_empty() || part == "." || part == "..") {
                return Err(Error::Name { name: name.clone() });
            }
            if !names.insert(name) {
                return Err(Error::Twice { name: name.clone() });
            }
        }
        Ok(Self {
            container,
            compression,
            level,
            entries,
        })
    }

    /// Writes all of it to `to`, an empty file.
    pub fn write(self, to: File, watch: &dyn Watch) -> Result<(), Error> {
        if self.container == Container::Zip {
            return zip(self.entries, self.level, to, watch);
        }
        let to = BufWriter::with_capacity(PIECE, to);
        match codec(self.compression, self.level) {
            None => plain(self.container, self.entries, to, watch)?.flush()?,
            Some(codec) => {
                let blocks = Blocks::start(to, codec)?;
                plain(self.container, self.entries, blocks, watch)?
                    .finish()?
                    .flush()?;
            }
        }
        Ok(())
    }
}

/// The files one after the other, in a tar or not.
fn plain<W: Write>(
    container: Container,
    entries: Vec<Entry>,
    mut to: W,
    watch: &dyn Watch,
) -> Result<W, Error> {
    if container == Container::None {
        for entry in entries {
            copy(&mut Watched::new(&entry.file, watch), &mut to).map_err(stopped)?;
        }
        return Ok(to);
    }
    let mut tar = tar::Builder::new(to);
    for entry in entries {
        let size = entry.file.metadata()?.len();
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(entry.mode);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        let mut watched = Watched::new(&entry.file, watch);
        tar.append_data(
            &mut header,
            &entry.name,
            BufReader::with_capacity(PIECE, (&mut watched).take(size)),
        )
        .map_err(stopped)?;
        unchanged(&entry, size, watched.total)?;
    }
    Ok(tar.into_inner()?)
}

fn zip(entries: Vec<Entry>, level: Option<u32>, to: File, watch: &dyn Watch) -> Result<(), Error> {
    let mut zip = zip::ZipWriter::new(BufWriter::with_capacity(PIECE, to));
    for entry in entries {
        let size = entry.file.metadata()?.len();
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(level.map(|level| i64::from(level.clamp(1, 9))))
            .unix_permissions(entry.mode)
            .last_modified_time(zip::DateTime::default())
            .large_file(size >= u64::from(u32::MAX));
        zip.start_file(entry.name.as_str(), options)?;
        let mut watched = Watched::new(&entry.file, watch);
        copy(&mut watched, &mut zip).map_err(stopped)?;
        unchanged(&entry, size, watched.total)?;
    }
    zip.finish()?.flush()?;
    Ok(())
}

fn unchanged(entry: &Entry, before: u64, read: u64) -> Result<(), Error> {
    if before == read {
        return Ok(());
    }
    let name = entry.name.clone();
    Err(Error::Changed { name })
}

/// As `io::copy`, in pieces that are worth a call.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let count = from.read(&mut piece)?;
        match piece.get(..count) {
            Some(read) if !read.is_empty() => to.write_all(read)?,
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
