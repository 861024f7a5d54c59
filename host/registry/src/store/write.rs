//! Bytes on their way into the store: hashed as they come, named when they are what was asked for.

use std::io::{self, Write as _};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::{Kind, Store};
use crate::{Digest, Error, file};

/// Names of files that are no entries yet; what a killed `init` left of them, `plugin prune` removes.
pub(super) const INCOMING: &str = ".incoming-";

/// Bytes that are not verified yet.
pub(crate) struct Incoming<'s> {
    store: &'s Store,
    kind: Kind,
    file: NamedTempFile,
    hasher: Sha256,
    size: u64,
}

/// Bytes that are what was asked for, and have no name yet.
pub(crate) struct Arrived<'s> {
    store: &'s Store,
    kind: Kind,
    file: NamedTempFile,
    digest: Digest,
}

impl<'s> Incoming<'s> {
    pub(crate) fn new(store: &'s Store, kind: Kind) -> Result<Self, Error> {
        let folder = store.folder(kind);
        file::make_private(&folder)?;
        // Made with mode 0600.
        let file = tempfile::Builder::new()
            .prefix(INCOMING)
            .tempfile_in(&folder)
            .map_err(Error::io("writing", &folder))?;
        Ok(Self {
            store,
            kind,
            file,
            hasher: Sha256::new(),
            size: 0,
        })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| self.io(error))
    }

    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The digest that the bytes have instead, if they are not what was asked for.
    pub(crate) fn verify(self, wanted: Digest) -> Result<Arrived<'s>, Digest> {
        match Digest::finish(self.hasher) {
            actual if actual == wanted => Ok(Arrived {
                store: self.store,
                kind: self.kind,
                file: self.file,
                digest: wanted,
            }),
            actual => Err(actual),
        }
    }

    fn io(&self, error: io::Error) -> Error {
        Error::io("writing", self.file.path())(error)
    }
}

impl Arrived<'_> {
    /// The bytes, to be looked at.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Error> {
        file::read(self.file.path(), crate::limits::COMPONENT_SIZE)
    }

    /// Makes them an entry, in place of a damaged one.
    pub(crate) fn keep(self) -> Result<(), Error> {
        let path = self.store.path_of(self.kind, self.digest);
        self.file
            .as_file()
            .sync_all()
            .and_then(|()| self.file.persist(&path).map(drop).map_err(|error| error.error))
            .map_err(Error::io("writing", &path))
    }
}
