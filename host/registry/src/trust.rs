//! The memory of what the user accepted: `trusted.json` in the configuration folder, never in a project.
//!
//! A project is known by the path of its `kilnbox.toml` and by its digest together: text alone would let a stranger's
//! repository inherit what was granted to one's own. The file is readable and writable by its owner only, is replaced
//! at once, and is refused when others could have written to it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{Error, Project, file};

const FILE_NAME: &str = "trusted.json";

/// Whether grants beyond the default count.
#[derive(Clone, Copy, Debug)]
pub enum Acceptance<'s> {
    /// If the user accepted them before.
    Remembered(&'s TrustStore),
    /// Yes, for this run (`--trust`).
    ThisOnce,
}

impl Acceptance<'_> {
    pub(crate) fn covers(&self, project: &Project) -> Result<bool, Error> {
        match self {
            Self::Remembered(store) => Ok(store.digest(project.path())?.as_deref() == Some(project.digest())),
            Self::ThisOnce => Ok(true),
        }
    }

    pub(crate) fn covered_before(&self, project: &Project) -> Result<bool, Error> {
        match self {
            Self::Remembered(store) => Ok(store.digest(project.path())?.is_some()),
            Self::ThisOnce => Ok(true),
        }
    }
}

/// The projects the user accepted.
#[derive(Clone, Debug)]
pub struct TrustStore {
    folder: PathBuf,
}

#[derive(Default, Deserialize, Serialize)]
struct Trusted {
    version: u32,
    /// Path of a `kilnbox.toml` to [`Project::digest`].
    projects: BTreeMap<String, String>,
}

impl TrustStore {
    /// The memory in the user's configuration folder, which need not exist yet.
    pub fn new(config_dir: &Path) -> Self {
        Self {
            folder: config_dir.to_owned(),
        }
    }

    /// Remembers a project as it is now. An earlier state of it is forgotten.
    pub fn accept(&self, project: &Project) -> Result<(), Error> {
        let mut trusted = self.load()?;
        trusted.version = 1;
        trusted
            .projects
            .insert(key(project.path()), project.digest().to_owned());
        self.save(&trusted)
    }

    fn digest(&self, path: &Path) -> Result<Option<String>, Error> {
        Ok(self.load()?.projects.remove(&key(path)))
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE_NAME)
    }

    fn load(&self) -> Result<Trusted, Error> {
        let path = self.path();
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Trusted::default()),
            read => read.map_err(Error::io("reading", &path))?,
        };
        if file::exposed(&path).map_err(Error::io("reading", &path))? {
            return Err(Error::Exposed { path });
        }
        serde_json::from_slice(&text).map_err(|source| Error::TrustDamaged { path, source })
    }

    fn save(&self, trusted: &Trusted) -> Result<(), Error> {
        let path = self.path();
        file::make_private(&self.folder)?;
        let text = serde_json::to_vec_pretty(trusted).map_err(|source| Error::TrustDamaged {
            path: path.clone(),
            source,
        })?;
        file::replace(&path, &text, 0o600)
    }
}

fn key(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::{Store, project::tests::VOCABULARY};

    fn accepted() -> (tempfile::TempDir, TrustStore, Project) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("kilnbox.toml"),
            "[plugins.shell-local]\ngrant = [\"host-exec\"]\n",
        )
        .unwrap();
        let store = TrustStore::new(&folder.path().join("config/kilnbox"));
        let project = Project::open(folder.path(), &VOCABULARY, &Store::new(folder.path()))
            .unwrap()
            .unwrap();
        store.accept(&project).unwrap();
        (folder, store, project)
    }

    #[test]
    fn the_memory_is_the_owners_alone() {
        let (_folder, store, _) = accepted();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.path()), 0o600);
        assert_eq!(mode(&store.folder), 0o700);
    }

    #[test]
    fn a_memory_others_could_write_is_refused() {
        let (_folder, store, project) = accepted();
        fs::set_permissions(store.path(), fs::Permissions::from_mode(0o666)).unwrap();
        let error = project.granted(&Acceptance::Remembered(&store)).unwrap_err();
        assert!(matches!(error, Error::Exposed { .. }), "{error}");
    }

    #[test]
    fn a_damaged_memory_is_an_error_and_not_a_no() {
        let (_folder, store, project) = accepted();
        fs::write(store.path(), "{").unwrap();
        let error = project.granted(&Acceptance::Remembered(&store)).unwrap_err();
        assert!(matches!(error, Error::TrustDamaged { .. }), "{error}");
    }
}
