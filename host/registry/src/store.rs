//! The bytes of plugins on this machine, shared by all projects, each under its own digest; and parts of images likewise.
//!
//! What is not verified never gets a name here: bytes are hashed while they arrive, and a file becomes an entry only
//! when its digest is the one that was asked for. Each reading verifies again, so that neither a bad disk nor another
//! program can change what runs. Everything here can be downloaded again by `kilnbox init`.

mod projects;
mod prune;
mod write;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

pub use prune::{Pruned, Pruning};
pub(crate) use write::{Arrived, Incoming};

use crate::{Digest, Error, file, limits};

/// The store.
#[derive(Clone, Debug)]
pub struct Store {
    /// The user's cache folder.
    cache: PathBuf,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The component of a plugin.
    Plugin,
    /// A layer of an image, or what describes one.
    Image,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Plugin, Self::Image];

    /// What names of entries end with.
    fn suffix(self) -> &'static str {
        match self {
            Self::Plugin => ".wasm",
            Self::Image => "",
        }
    }
}

/// What is under a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// These bytes, verified.
    Whole(Bytes),
    /// Nothing.
    Missing,
    /// Other bytes than its name says.
    Damaged,
}

impl Store {
    /// The store below the user's cache folder, which need not exist yet.
    pub fn new(cache_dir: &Path) -> Self {
        Self {
            cache: cache_dir.to_owned(),
        }
    }

    /// Reads and verifies.
    pub fn read(&self, digest: Digest) -> Result<Entry, Error> {
        let path = self.path(digest);
        let bytes = match file::read(&path, limits::COMPONENT_SIZE) {
            Ok(bytes) => bytes,
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(Entry::Missing);
            }
            Err(Error::TooLarge { .. }) => return Ok(Entry::Damaged),
            Err(error) => return Err(error),
        };
        if Digest::of(&bytes) != digest {
            return Ok(Entry::Damaged);
        }
        // What is used lately is not pruned. A store that cannot be written to still serves.
        if let Ok(file) = File::open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        Ok(Entry::Whole(bytes.into()))
    }

    /// Where the bytes of a plugin are, or would be.
    pub fn path(&self, digest: Digest) -> PathBuf {
        self.path_of(Kind::Plugin, digest)
    }

    /// The file of a part of an image, if it is there and whole.
    pub(crate) fn image_part(&self, digest: Digest) -> Result<Option<PathBuf>, Error> {
        let path = self.path_of(Kind::Image, digest);
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            open => open.map_err(Error::io("reading", &path))?,
        };
        let mut hasher = Sha256::new();
        io::copy(&mut file, &mut hasher).map_err(Error::io("reading", &path))?;
        if Digest::finish(hasher) != digest {
            return Ok(None);
        }
        let _ = file.set_modified(SystemTime::now());
        Ok(Some(path))
    }

    pub(crate) fn path_of(&self, kind: Kind, digest: Digest) -> PathBuf {
        self.folder(kind).join(format!("{digest}{}", kind.suffix()))
    }

    fn folder(&self, kind: Kind) -> PathBuf {
        let name = match kind {
            Kind::Plugin => "plugins/sha256",
            Kind::Image => "images/sha256",
        };
        self.cache.join(name)
    }

    /// Every entry of a kind: its digest, its size and when it was used last.
    fn entries(&self, kind: Kind) -> Result<Vec<(Digest, u64, SystemTime)>, Error> {
        let folder = self.folder(kind);
        let read = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(Error::io("reading", &folder))?,
        };
        let mut entries = Vec::new();
        for entry in read {
            let entry = entry.map_err(Error::io("reading", &folder))?;
            let name = entry.file_name();
            let digest = name
                .to_str()
                .and_then(|name| name.strip_suffix(kind.suffix()))
                .and_then(|name| Digest::parse(name).ok());
            let (Some(digest), Ok(about)) = (digest, entry.metadata()) else {
                continue;
            };
            let used = about.modified().map_err(Error::io("reading", entry.path()))?;
            entries.push((digest, about.len(), used));
        }
        entries.sort_unstable();
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn filled(texts: &[&str]) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        for text in texts {
            let mut incoming = Incoming::new(&store, Kind::Plugin).unwrap();
            incoming.write(text.as_bytes()).unwrap();
            let arrived = incoming.verify(Digest::of(text.as_bytes())).unwrap();
            arrived.keep().unwrap();
        }
        (folder, store)
    }

    #[test]
    fn what_was_kept_is_read_back() {
        let (_folder, store) = filled(&["one"]);
        let whole = Entry::Whole(Bytes::from_static(b"one"));
        assert_eq!(store.read(Digest::of(b"one")).unwrap(), whole);
        assert_eq!(store.read(Digest::of(b"two")).unwrap(), Entry::Missing);
    }

    #[test]
    fn other_bytes_than_the_name_says_are_damaged() {
        let (_folder, store) = filled(&["one"]);
        fs::write(store.path(Digest::of(b"one")), "two").unwrap();
        assert_eq!(store.read(Digest::of(b"one")).unwrap(), Entry::Damaged);
    }

    #[cfg(unix)]
    #[test]
    fn the_store_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, store) = filled(&["one"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.path(Digest::of(b"one"))), 0o600);
        assert_eq!(mode(&store.folder(Kind::Plugin)), 0o700);
    }
}
