//! Unpacks the layers of a base into one directory, the lowest first.
//!
//! Runs in the helper's small root (see `mounts`), where nothing of the machine can be reached whatever an archive
//! holds. Device nodes are left out: a container gets its own. Whiteouts (`.wh.`) remove what lower layers brought.

use std::{
    ffi::OsStr,
    fs, io,
    io::{BufReader, Read, Seek},
    os::unix::ffi::OsStrExt,
    path::{Component, Path},
};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use crate::Error;

const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// How a layer's archive is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// By the first bytes, which the file is left behind.
    pub(crate) fn of(file: &mut fs::File) -> io::Result<Self> {
        let mut start = Vec::new();
        Read::by_ref(file).take(4).read_to_end(&mut start)?;
        match start.as_slice() {
            [0x1f, 0x8b, ..] => Ok(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd] => Ok(Self::Zstd),
            [0xfd, b'7', b'z', b'X'] => Err(unsupported("xz")),
            [b'B', b'Z', b'h', _] => Err(unsupported("bzip2")),
            _ => Ok(Self::None),
        }
    }

    /// The last part of a layer's media type.
    pub(crate) fn media(self) -> &'static str {
        match self {
            Self::None => "tar",
            Self::Gzip => "tar+gzip",
            Self::Zstd => "tar+zstd",
        }
    }
}

/// A layer's archive without its compression.
pub(crate) fn open(mut file: fs::File) -> io::Result<Box<dyn Read>> {
    let compression = Compression::of(&mut file)?;
    file.rewind()?;
    Ok(match compression {
        Compression::None => Box::new(BufReader::new(file)),
        Compression::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(file))),
        Compression::Zstd => Box::new(zstd::Decoder::new(file)?),
    })
}

fn unsupported(compression: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("compression `{compression}` is not supported; give it as gzip, zstd or a plain tar archive"),
    )
}

/// Unpacks every layer into `to`; `owners` keeps the owners that the archives name.
pub(crate) fn unpack(layers: Vec<fs::File>, to: &Path, owners: bool) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(Error::io("unpacking the base"))?;
    for layer in layers {
        open(layer)
            .and_then(|layer| apply(layer, to, owners))
            .map_err(Error::io("unpacking the base"))?;
    }
    Ok(())
}

fn apply(layer: impl Read, to: &Path, owners: bool) -> io::Result<()> {
    let mut archive = Archive::new(layer);
    archive.set_preserve_permissions(true);
    archive.set_preserve_ownerships(owners);
    archive.set_overwrite(true);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let parts = path
            .components()
            .filter(|part| *part != Component::CurDir && *part != Component::RootDir);
        let path: std::path::PathBuf = parts.collect();
        if path
            .components()
            .any(|part| !matches!(part, Component::Normal(_)))
        {
            return Err(io::Error::other(format!("`{}` leaves the root", path.display())));
        }
        let Some(name) = path.file_name() else { continue };
        let folder = to.join(path.parent().unwrap_or(Path::new("")));
        if name.as_bytes() == OPAQUE {
            clear(&folder)?;
        } else if let Some(name) = name.as_bytes().strip_prefix(WHITEOUT) {
            remove(&folder.join(OsStr::from_bytes(name)))?;
        } else if !matches!(
            entry.header().entry_type(),
            EntryType::Char | EntryType::Block | EntryType::Fifo
        ) {
            let at = to.join(&path);
            // A directory keeps what lower layers put into it; anything else makes way.
            let both =
                entry.header().entry_type().is_dir() && fs::symlink_metadata(&at).is_ok_and(|it| it.is_dir());
            if !both {
                remove(&at)?;
            }
            entry.unpack_in(to)?;
        }
    }
    Ok(())
}

fn clear(folder: &Path) -> io::Result<()> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.into_iter().try_for_each(|entry| remove(&entry?.path())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(known) if known.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
