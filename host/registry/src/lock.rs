//! `kilnbox.lock`: which bytes each plugin is, so that everybody builds with the same and nobody can swap them.
//!
//! It stands beside `kilnbox.toml`, belongs under version control, and is written by `kilnbox init` alone. A plugin is
//! one table under its name, in alphabetical order, so that two branches that lock different plugins merge.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{Digest, Error, file, limits};

/// The file's name, beside `kilnbox.toml`.
pub const LOCK_FILE_NAME: &str = "kilnbox.lock";

/// The version of the file's shape that this program writes, and the only one it reads.
const SHAPE: u32 = 1;

const HEADER: &str = "\
# Written by `kilnbox init`: the bytes that each plugin of kilnbox.toml is.
# Keep it under version control; `kilnbox init --upgrade` takes newer versions.
";

/// What is locked, by the plugin's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    /// By name.
    #[serde(default)]
    pub plugins: BTreeMap<String, Locked>,
}

impl Default for Lock {
    fn default() -> Self {
        Self {
            version: SHAPE,
            plugins: BTreeMap::new(),
        }
    }
}

/// One plugin, as it was when `kilnbox init` looked at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// As in `kilnbox.toml`.
    pub source: String,
    /// The tag in a registry, else what the component says of itself.
    pub version: String,
    /// Digest of the manifest in a registry.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "oci_digest")]
    pub manifest: Option<Digest>,
    /// Digest of the component.
    pub sha256: Digest,
    /// Bytes of the component.
    pub size: u64,
    /// Digest of what the component says of itself: name, version, kind and options.
    pub describe: Digest,
    /// Capabilities that it imports, in the contract's order.
    pub imports: Vec<String>,
    /// What `kilnbox.toml` granted then.
    pub grants: Vec<String>,
    /// When it was published, as the registry tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// When it was locked.
    pub locked: String,
}

/// `sha256:…`, as registries write it.
mod oci_digest {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::Digest;

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(digest: &Option<Digest>, to: S) -> Result<S::Ok, S::Error> {
        match digest {
            Some(digest) => to.serialize_str(&digest.oci()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Digest>, D::Error> {
        Ok(Some(Digest::deserialize(from)?))
    }
}

impl Lock {
    pub(crate) fn of(plugins: BTreeMap<String, Locked>) -> Self {
        Self {
            plugins,
            ..Self::default()
        }
    }

    /// Reads the lock of a project; there need not be one.
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = lock_path(folder);
        let text = match file::read(&path, limits::LOCK_SIZE) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let damaged = |reason: String| Error::LockDamaged {
            path: path.clone(),
            reason,
        };
        let text = String::from_utf8(text).map_err(|error| damaged(error.to_string()))?;
        // A newer shape may have keys that are unknown here: its number is read first.
        let shape: Shape = toml::from_str(&text).map_err(|error| damaged(error.message().to_owned()))?;
        if shape.version != SHAPE {
            return Err(Error::LockNewer { path });
        }
        toml::from_str(&text)
            .map(Some)
            .map_err(|error| damaged(error.message().to_owned()))
    }

    /// Writes the lock of a project, at once. Does nothing if nothing changed.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = lock_path(folder);
        let text = self.text(&path)?;
        if fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(());
        }
        // Others that share the project read it, as they read `kilnbox.toml`.
        file::replace(&path, text.as_bytes(), 0o644)
    }

    fn text(&self, path: &Path) -> Result<String, Error> {
        let body = toml::to_string(self).map_err(|error| Error::LockDamaged {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(format!("{HEADER}{body}"))
    }
}

#[derive(Deserialize)]
struct Shape {
    version: u32,
}

/// Where the lock of a project is.
pub(crate) fn lock_path(folder: &Path) -> PathBuf {
    folder.join(LOCK_FILE_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(source: &str, manifest: Option<Digest>) -> Locked {
        Locked {
            source: source.to_owned(),
            version: "1.2.3".to_owned(),
            manifest,
            sha256: Digest::of(b"component"),
            size: 9,
            describe: Digest::of(b"describe"),
            imports: vec!["ui".to_owned(), "exec".to_owned()],
            grants: Vec::new(),
            created: manifest.map(|_| "2026-11-01T10:00:00Z".to_owned()),
            locked: "2026-11-27T10:00:00Z".to_owned(),
        }
    }

    #[test]
    fn written_sorted_and_read_back() {
        let mut lock = Lock::default();
        let manifest = Some(Digest::of(b"manifest"));
        lock.plugins.insert("tool".into(), locked("file:tool.wasm", None));
        lock.plugins.insert(
            "acme.hardening".into(),
            locked("oci://ghcr.io/acme/hardening", manifest),
        );
        let folder = tempfile::tempdir().unwrap();
        lock.write(folder.path()).unwrap();
        let text = fs::read_to_string(lock_path(folder.path())).unwrap();
        insta::assert_snapshot!(text);
        assert_eq!(Lock::read(folder.path()).unwrap(), Some(lock));
    }

    #[test]
    fn no_lock_is_none_and_a_damaged_one_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Lock::read(folder.path()).unwrap(), None);
        let refusal = |text: &str| {
            fs::write(lock_path(folder.path()), text).unwrap();
            Lock::read(folder.path()).unwrap_err()
        };
        assert!(matches!(
            refusal("version = 2\nnew = true"),
            Error::LockNewer { .. }
        ));
        assert!(matches!(refusal("version"), Error::LockDamaged { .. }));
        assert!(matches!(
            refusal("version = 1\nplugin = 1"),
            Error::LockDamaged { .. }
        ));
        let short = "version = 1\n[plugins.a]\nsource = \"file:a\"";
        assert!(matches!(refusal(short), Error::LockDamaged { .. }));
    }
}
