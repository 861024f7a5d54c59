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
        let read = match String::from_utf8(text) {
            Ok(text) => Self::parse(&text),
            Err(error) => Err(LockProblem::Damaged(error.to_string())),
        };
        read.map(Some).map_err(|problem| match problem {
            LockProblem::Newer => Error::LockNewer { path },
            LockProblem::Damaged(reason) => Error::LockDamaged { path, reason },
        })
    }

    /// Reads the text of a lock.
    pub fn parse(text: &str) -> Result<Self, LockProblem> {
        let damaged = |error: toml::de::Error| LockProblem::Damaged(error.message().to_owned());
        // A newer shape may have keys that are unknown here: its number is read first.
        let shape: Shape = toml::from_str(text).map_err(damaged)?;
        if shape.version != SHAPE {
            return Err(LockProblem::Newer);
        }
        toml::from_str(text).map_err(damaged)
    }

    /// The text that [`Self::parse`] reads.
    pub fn text(&self) -> Result<String, LockProblem> {
        match toml::to_string(self) {
            Ok(body) => Ok(format!("{HEADER}{body}")),
            Err(error) => Err(LockProblem::Damaged(error.to_string())),
        }
    }

    /// Writes the lock of a project, at once. Does nothing if nothing changed.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = lock_path(folder);
        let text = self.text().map_err(|problem| Error::LockDamaged {
            path: path.clone(),
            reason: problem.to_string(),
        })?;
        if fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(());
        }
        // Others that share the project read it, as they read `kilnbox.toml`.
        file::replace(&path, text.as_bytes(), 0o644)
    }
}

/// Why a text is no lock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockProblem {
    /// It has another shape than this program knows.
    #[error("it was written by a newer Kilnbox")]
    Newer,
    /// It has a mistake.
    #[error("{0}")]
    Damaged(String),
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
