//! Where the bytes of a plugin are on this machine, and that they are the locked ones.
//!
//! A `file:` is taken as it is until `kilnbox init` has locked it. Everything else must be locked, and is taken from the
//! folder that `plugin vendor` fills, else from the store. What differs from the lock is refused, never passed over.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use semver::Version;

use crate::{Digest, Entry, Error, Locked, Plugin, Source, Store, file, limits, vendor};

/// The bytes of a plugin.
#[derive(Clone, Debug)]
pub struct Located {
    /// All of them.
    pub bytes: Bytes,
    /// The file they are from.
    pub path: PathBuf,
    /// Which kind of place that is.
    pub place: Place,
}

/// Where bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the file that `kilnbox.toml` names.
    File,
    /// In the project's folder of copies.
    Vendored,
    /// In the store of this machine.
    Store,
}

/// Finds and verifies the bytes of one plugin. `folder` is the project's.
pub fn find(
    folder: &Path,
    plugin: &Plugin,
    source: &Source,
    locked: Option<&Locked>,
    store: &Store,
) -> Result<Located, Error> {
    if let Source::File(path) = source {
        let path = folder.join(path);
        let bytes = file::read(&path, limits::COMPONENT_SIZE)?;
        // The lock of another source says nothing of this one; `init` will replace it.
        return match locked.filter(|locked| locked.source == source.to_string()) {
            Some(locked) if Digest::of(&bytes) != locked.sha256 => Err(differs(folder, plugin, path, false)),
            _ => Ok(located(bytes, path, Place::File)),
        };
    }
    let locked = current(folder, plugin, source, locked)?;
    if let Some(path) = vendor::path(folder, &plugin.name) {
        match file::read(&path, limits::COMPONENT_SIZE) {
            Ok(bytes) if Digest::of(&bytes) == locked.sha256 => {
                return Ok(located(bytes, path, Place::Vendored));
            }
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            Ok(_) => return Err(differs(folder, plugin, path, true)),
            Err(error) => return Err(error),
        }
    }
    in_store(folder, plugin, locked, store)
}

/// The bytes in the store, verified.
pub(crate) fn in_store(
    folder: &Path,
    plugin: &Plugin,
    locked: &Locked,
    store: &Store,
) -> Result<Located, Error> {
    match store.read(locked.sha256)? {
        Entry::Whole(bytes) => Ok(Located {
            bytes,
            path: store.path(locked.sha256),
            place: Place::Store,
        }),
        Entry::Missing => Err(Error::NotHere {
            plugin: plugin.name.clone(),
            version: locked.version.clone(),
            folder: folder.to_owned(),
        }),
        Entry::Damaged => Err(Error::Damaged {
            plugin: plugin.name.clone(),
            folder: folder.to_owned(),
        }),
    }
}

/// The lock's word on a plugin, if it still answers what `kilnbox.toml` asks.
pub(crate) fn current<'l>(
    folder: &Path,
    plugin: &Plugin,
    source: &Source,
    locked: Option<&'l Locked>,
) -> Result<&'l Locked, Error> {
    let locked = locked.ok_or_else(|| Error::NotLocked {
        plugin: plugin.name.clone(),
        folder: folder.to_owned(),
    })?;
    let out_of_date = |was: String, wanted: String| Error::OutOfDate {
        plugin: plugin.name.clone(),
        locked: was,
        wanted,
        folder: folder.to_owned(),
    };
    if locked.source != source.to_string() {
        return Err(out_of_date(format!("`{}`", locked.source), format!("`{source}`")));
    }
    match source {
        Source::Https { sha256, .. } if *sha256 != locked.sha256 => Err(out_of_date(
            format!("sha256 {}", locked.sha256),
            sha256.to_string(),
        )),
        Source::Oci(_) => match (&plugin.version, Version::parse(&locked.version)) {
            (Some(wanted), Ok(version)) if !wanted.matches(&version) => {
                Err(out_of_date(version.to_string(), format!("`{wanted}`")))
            }
            _ => Ok(locked),
        },
        _ => Ok(locked),
    }
}

fn located(bytes: Vec<u8>, path: PathBuf, place: Place) -> Located {
    Located {
        bytes: bytes.into(),
        path,
        place,
    }
}

fn differs(folder: &Path, plugin: &Plugin, path: PathBuf, vendored: bool) -> Error {
    Error::Differs {
        plugin: plugin.name.clone(),
        path,
        vendored,
        folder: folder.to_owned(),
    }
}
