//! Turns what the overlays hold into archives.
//!
//! Runs in the helper after the last process of the container is gone, so that nothing changes underneath. Links are
//! never followed, ids are those inside the container, names are in the order of their bytes: the same content gives
//! the same archive.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs::{self, Metadata},
    io::{self, Write},
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use crate::{
    Error, Isolation,
    mounts::{ROOT, View, WORK},
    wire::Blob,
};

/// The changes, written to the work folder.
pub(crate) const LAYER: &str = "layer.tar.gz";
/// The base as one layer, likewise.
pub(crate) const BASE: &str = "base.tar.gz";
/// The merged root, likewise.
pub(crate) const FLAT: &str = "flat.tar";

/// The account that stands for all that have none.
const NOBODY: u64 = 65_534;

/// Mounted by the container itself: not part of any image but as empty directories.
const MOUNTED: [&str; 3] = ["dev", "proc", "sys"];

/// Writes the changes of all views as one layer.
pub(crate) fn layer(views: &[View], isolation: Isolation) -> Result<Blob, Error> {
    let roots = views
        .iter()
        .map(|view| (PathBuf::from(view.upper()), PathBuf::from(&view.target)))
        .collect();
    compressed(LAYER, Walk::new(isolation, true, roots))
}

/// Writes the base that the views started from.
pub(crate) fn base(views: &[View], isolation: Isolation) -> Result<Blob, Error> {
    let roots = views
        .iter()
        .map(|view| (PathBuf::from(view.lower()), PathBuf::from(&view.target)))
        .collect();
    compressed(BASE, Walk::new(isolation, false, roots))
}

/// Writes the merged root.
pub(crate) fn flat(isolation: Isolation) -> Result<Blob, Error> {
    let walk = Walk::new(isolation, false, vec![(PathBuf::from(ROOT), PathBuf::new())]);
    write(FLAT, walk, |file, walk| walk.write(file))
}

fn compressed(name: &str, walk: Walk) -> Result<Blob, Error> {
    write(name, walk, |file, walk| {
        let (encoder, diff_id) = walk.write(GzEncoder::new(file, Compression::new(6)))?;
        Ok((encoder.finish()?, diff_id))
    })
}

fn write(
    name: &str,
    walk: Walk,
    with: impl FnOnce(
        Hashed<io::BufWriter<fs::File>>,
        Walk,
    ) -> io::Result<(Hashed<io::BufWriter<fs::File>>, String)>,
) -> Result<Blob, Error> {
    let doing = || Error::io(format!("writing `{name}`"));
    let file = fs::File::create(Path::new(WORK).join(name)).map_err(doing())?;
    let (mut file, diff_id) = with(Hashed::new(io::BufWriter::new(file)), walk).map_err(doing())?;
    file.flush().map_err(doing())?;
    let (size, digest) = file.finish();
    Ok(Blob {
        digest,
        diff_id,
        size,
    })
}

/// Counts and digests what passes through.
pub(crate) struct Hashed<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W> Hashed<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            size: 0,
        }
    }

    /// Size and hex digest.
    pub(crate) fn finish(self) -> (u64, String) {
        (self.size, hex(&self.hash.finalize()))
    }

    fn into_parts(self) -> (W, String) {
        (self.inner, hex(&self.hash.finalize()))
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or(bytes));
        self.size += u64::try_from(count).unwrap_or(0);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Directories to archive, each with its place in the archive.
struct Walk {
    first_id: u64,
    whiteouts: bool,
    roots: Vec<(PathBuf, PathBuf)>,
    /// First names of files with several, by device and inode.
    links: HashMap<(u64, u64), PathBuf>,
}

impl Walk {
    fn new(isolation: Isolation, whiteouts: bool, roots: Vec<(PathBuf, PathBuf)>) -> Self {
        let first_id = if let Isolation::Mapped { first } = isolation {
            u64::from(first)
        } else {
            0
        };
        Self {
            first_id,
            whiteouts,
            roots,
            links: HashMap::new(),
        }
    }

    /// Writes the archive to `to`, and returns it with the archive's digest.
    fn write<W: Write>(mut self, to: W) -> io::Result<(W, String)> {
        let mut archive = tar::Builder::new(Hashed::new(to));
        for (from, at) in std::mem::take(&mut self.roots) {
            self.directory(&mut archive, &from, &at)?;
        }
        Ok(archive.into_inner()?.into_parts())
    }

    fn directory<W: Write>(&mut self, to: &mut tar::Builder<W>, from: &Path, at: &Path) -> io::Result<()> {
        let mut names: Vec<OsString> = fs::read_dir(from)?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<_>>()?;
        names.sort();
        for name in names {
            let (from, at) = (from.join(&name), at.join(&name));
            let known = fs::symlink_metadata(&from)?;
            if self.whiteouts && known.file_type().is_char_device() && known.rdev() == 0 {
                let mut removed = OsString::from(".wh.");
                removed.push(&name);
                empty(to, &at.with_file_name(removed))?;
                continue;
            }
            self.entry(to, &from, &at, &known)?;
            let mounted = MOUNTED.iter().any(|name| at == Path::new(name));
            if known.is_dir() && !mounted {
                if self.whiteouts && opaque(&from) {
                    empty(to, &at.join(".wh..wh..opq"))?;
                }
                self.directory(to, &from, &at)?;
            }
        }
        Ok(())
    }

    fn entry<W: Write>(
        &mut self,
        to: &mut tar::Builder<W>,
        from: &Path,
        at: &Path,
        known: &Metadata,
    ) -> io::Result<()> {
        let mut header = self.header(known);
        let kind = known.file_type();
        if kind.is_dir() {
            header.set_entry_type(EntryType::Directory);
            return to.append_data(&mut header, at, io::empty());
        }
        if kind.is_symlink() {
            header.set_entry_type(EntryType::Symlink);
            return to.append_link(&mut header, at, fs::read_link(from)?);
        }
        if !kind.is_file() {
            // Sockets, FIFOs and devices say nothing on another machine.
            return Ok(());
        }
        if known.nlink() > 1 {
            if let Some(first) = self.links.get(&(known.dev(), known.ino())) {
                header.set_entry_type(EntryType::Link);
                return to.append_link(&mut header, at, first);
            }
            self.links.insert((known.dev(), known.ino()), at.to_owned());
        }
        header.set_entry_type(EntryType::Regular);
        header.set_size(known.size());
        to.append_data(&mut header, at, fs::File::open(from)?)
    }

    fn header(&self, known: &Metadata) -> Header {
        // An owner that has no id inside is `nobody` there, as it was for the steps.
        let inside = |id: u32| {
            let id = u64::from(id)
                .checked_sub(self.first_id)
                .filter(|id| self.first_id == 0 || *id <= NOBODY);
            id.unwrap_or(NOBODY)
        };
        let mut header = Header::new_gnu();
        header.set_mode(known.mode() & 0o7777);
        header.set_uid(inside(known.uid()));
        header.set_gid(inside(known.gid()));
        header.set_mtime(u64::try_from(known.mtime()).unwrap_or(0));
        header.set_size(0);
        header
    }
}

/// An empty file of the superuser, as a mark.
fn empty<W: Write>(to: &mut tar::Builder<W>, at: &Path) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(0);
    to.append_data(&mut header, at, io::empty())
}

/// Whether the directory hides what lower layers have below it.
fn opaque(directory: &Path) -> bool {
    [c"trusted.overlay.opaque", c"user.overlay.opaque"]
        .iter()
        .any(|name| {
            let mut value = [0_u8; 1];
            rustix::fs::lgetxattr(directory, *name, &mut value).is_ok_and(|_| value == *b"y")
        })
}
