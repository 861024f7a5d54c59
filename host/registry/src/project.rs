//! The `kilnbox.toml` of one project and the plugins behind it.
//!
//! The bytes of every plugin are read when the project is opened, once: what was shown and accepted is what runs,
//! even if the file changes meanwhile. Nothing is resolved and nothing downloaded here: what `kilnbox init` has not
//! locked and fetched is an error.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::{
    Error, Lock, ProjectFile, Store, Unaccepted,
    located::{self, Located},
    plugin::{Limit, Plugin},
    trust::Acceptance,
};

/// The names a `kilnbox.toml` may use, as the sandbox and the bundle define them.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'v> {
    /// Components that come with Kilnbox.
    pub first_party: &'v [&'v str],
    /// Capabilities that every component has.
    pub by_default: &'v [&'v str],
    /// Capabilities that must be granted, and accepted.
    pub on_request: &'v [&'v str],
    /// Limits that can be changed.
    pub limits: &'v [LimitRule],
}

/// A limit that can be changed.
#[derive(Clone, Copy, Debug)]
pub struct LimitRule {
    /// The key in `limits = { … }`.
    pub name: &'static str,
    /// What its value counts.
    pub unit: LimitUnit,
    /// The lowest value.
    pub floor: u64,
    /// The highest value.
    pub ceiling: u64,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitUnit {
    /// Bytes, written such as `"64MiB"`.
    Bytes,
    /// Milliseconds, written such as `"10m"`.
    Time,
    /// A number of things.
    Count,
}

impl<'v> Vocabulary<'v> {
    pub(crate) fn knows(&self, capability: &str) -> bool {
        self.capabilities().any(|known| known == capability)
    }

    pub(crate) fn capabilities(&self) -> impl Iterator<Item = &'v str> {
        self.by_default.iter().chain(self.on_request).copied()
    }
}

/// A `kilnbox.toml` without mistakes, and the bytes of its plugins.
#[derive(Clone, Debug)]
pub struct Project {
    path: PathBuf,
    digest: String,
    plugins: Vec<(Plugin, Option<Bytes>)>,
    lock: Lock,
    beyond_default: Vec<(String, String)>,
}

/// A plugin whose grants count.
#[derive(Clone, Debug)]
pub struct GrantedPlugin {
    /// The name in templates.
    pub name: String,
    /// The component; absent for Kilnbox's own.
    pub bytes: Option<Bytes>,
    /// Capabilities granted, beyond the default or not.
    pub grant: Vec<String>,
    /// The versions that may be used.
    pub version: Option<semver::VersionReq>,
    /// Limits other than the default ones.
    pub limits: Vec<Limit>,
}

impl Project {
    /// Reads the `kilnbox.toml` in `folder` and the bytes of every plugin it names: a file where it is, anything else
    /// from its vendored copy or from the store. `None` if there is no such file.
    pub fn open(folder: &Path, vocabulary: &Vocabulary<'_>, store: &Store) -> Result<Option<Self>, Error> {
        let Some(file) = ProjectFile::read(folder, vocabulary)? else {
            return Ok(None);
        };
        let folder = file.folder().to_owned();
        let lock = Lock::read(&folder)?.unwrap_or_default();
        let mut digest = Sha256::new_with_prefix(Sha256::digest(&file.text));
        let mut beyond_default = Vec::new();
        let mut loaded = Vec::with_capacity(file.plugins.len());
        for plugin in file.plugins {
            let bytes = match &plugin.source {
                None => None,
                Some(source) => {
                    let locked = lock.plugins.get(&plugin.name);
                    let Located { bytes, .. } = located::find(&folder, &plugin, source, locked, store)?;
                    Some(bytes)
                }
            };
            let wanted = plugin
                .grant
                .iter()
                .filter(|name| vocabulary.on_request.contains(&name.as_str()));
            let before = beyond_default.len();
            beyond_default.extend(wanted.map(|name| (plugin.name.clone(), name.clone())));
            if beyond_default.len() > before {
                // The acceptance holds for these bytes only: a plugin with power must not change behind its name.
                if let Some(bytes) = &bytes {
                    digest.update(Sha256::digest(bytes));
                }
            }
            loaded.push((plugin, bytes));
        }
        Ok(Some(Self {
            path: file.path,
            digest: format!("{:x}", digest.finalize()),
            plugins: loaded,
            lock,
            beyond_default,
        }))
    }

    /// The file, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 over the file and over every plugin that wants more than the default, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The plugins, in the order of the file.
    pub fn plugins(&self) -> impl Iterator<Item = &Plugin> {
        self.plugins.iter().map(|(plugin, _)| plugin)
    }

    /// What is locked.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// The bytes of a plugin, for looking at it: nothing is granted by that.
    pub fn bytes(&self, name: &str) -> Option<Bytes> {
        self.plugins
            .iter()
            .find(|(plugin, _)| plugin.name == name)?
            .1
            .clone()
    }

    /// Plugin and capability wherever more than the default is granted.
    pub fn beyond_default(&self) -> &[(String, String)] {
        &self.beyond_default
    }

    /// The plugins with their grants, if nothing is granted beyond the default or the user accepted it.
    pub fn granted(&self, acceptance: &Acceptance<'_>) -> Result<Vec<GrantedPlugin>, Error> {
        if !self.beyond_default.is_empty() && !acceptance.covers(self)? {
            return Err(Error::Unaccepted(Unaccepted {
                path: self.path.clone(),
                grants: self.beyond_default.clone(),
                changed: acceptance.covered_before(self)?,
            }));
        }
        let granted = self.plugins.iter().map(|(plugin, bytes)| GrantedPlugin {
            name: plugin.name.clone(),
            bytes: bytes.clone(),
            grant: plugin.grant.clone(),
            version: plugin.version.clone(),
            limits: plugin.limits.clone(),
        });
        Ok(granted.collect())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use super::*;
    use crate::{FILE_NAME, TrustStore};

    pub(crate) const VOCABULARY: Vocabulary<'static> = Vocabulary {
        first_party: &["shell", "file", "shell-local"],
        by_default: &["exec", "upload"],
        on_request: &["connection", "host-exec", "prompt"],
        limits: &[
            LimitRule {
                name: "memory",
                unit: LimitUnit::Bytes,
                floor: 1 << 20,
                ceiling: 4 << 30,
            },
            LimitRule {
                name: "timeout",
                unit: LimitUnit::Time,
                floor: 1,
                ceiling: 86_400_000,
            },
            LimitRule {
                name: "handles",
                unit: LimitUnit::Count,
                floor: 1,
                ceiling: 1000,
            },
        ],
    };

    fn project(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), text).unwrap();
        fs::write(folder.path().join("tool.wasm"), b"first").unwrap();
        folder
    }

    fn try_open(folder: &Path) -> Result<Option<Project>, Error> {
        Project::open(folder, &VOCABULARY, &Store::new(&folder.join("cache")))
    }

    fn open(folder: &Path) -> Project {
        try_open(folder).unwrap().unwrap()
    }

    const POWERFUL: &str = "[plugins.tool]\nsource = \"file:tool.wasm\"\ngrant = [\"host-exec\"]\n";

    #[test]
    fn no_file_is_no_project() {
        let folder = tempfile::tempdir().unwrap();
        assert!(try_open(folder.path()).unwrap().is_none());
    }

    #[test]
    fn default_grants_need_no_acceptance() {
        let folder = project("[plugins.tool]\nsource = \"file:tool.wasm\"\ngrant = [\"exec\"]\n");
        let config = tempfile::tempdir().unwrap();
        let store = TrustStore::new(config.path());
        let granted = open(folder.path())
            .granted(&Acceptance::Remembered(&store))
            .unwrap();
        assert_eq!(granted[0].bytes.as_deref(), Some(b"first".as_slice()));
    }

    #[test]
    fn more_than_the_default_counts_only_once_accepted() {
        let folder = project(POWERFUL);
        let config = tempfile::tempdir().unwrap();
        let store = TrustStore::new(config.path());
        let opened = open(folder.path());
        let refusal = opened.granted(&Acceptance::Remembered(&store)).unwrap_err();
        let text = refusal.to_string();
        assert!(
            text.contains("grants `host-exec` to `tool` and is not accepted yet"),
            "{text}"
        );
        assert!(refusal.hint().unwrap().contains("`kilnbox trust /"));
        assert!(refusal.hint().unwrap().contains("`--trust`"));

        assert!(opened.granted(&Acceptance::ThisOnce).is_ok());
        assert!(
            opened.granted(&Acceptance::Remembered(&store)).is_err(),
            "`--trust` must not be remembered"
        );

        store.accept(&opened).unwrap();
        assert_eq!(
            opened.granted(&Acceptance::Remembered(&store)).unwrap()[0].grant,
            ["host-exec"]
        );
    }

    #[test]
    fn a_change_of_the_file_or_of_a_powerful_plugin_ends_the_acceptance() {
        let config = tempfile::tempdir().unwrap();
        let store = TrustStore::new(config.path());
        for (file, changed) in [
            (FILE_NAME, format!("{POWERFUL}# more")),
            ("tool.wasm", "second".to_owned()),
        ] {
            let folder = project(POWERFUL);
            store.accept(&open(folder.path())).unwrap();
            fs::write(folder.path().join(file), changed).unwrap();
            let refusal = open(folder.path())
                .granted(&Acceptance::Remembered(&store))
                .unwrap_err();
            assert!(
                refusal.to_string().contains("was changed since you accepted it"),
                "{file}: {refusal}"
            );
        }
    }

    #[test]
    fn the_same_text_in_another_folder_is_not_accepted() {
        let config = tempfile::tempdir().unwrap();
        let store = TrustStore::new(config.path());
        let (mine, theirs) = (project(POWERFUL), project(POWERFUL));
        store.accept(&open(mine.path())).unwrap();
        assert!(
            open(theirs.path())
                .granted(&Acceptance::Remembered(&store))
                .is_err()
        );
    }

    #[test]
    fn a_missing_plugin_is_named() {
        let folder = project("[plugins.tool]\nsource = \"file:gone.wasm\"\n");
        let error = try_open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("gone.wasm`: No such file"), "{error}");
    }
}
