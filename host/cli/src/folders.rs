//! Where Kilnbox keeps what outlives a run: state, cache and configuration, each in the place the XDG base directory
//! specification gives it. Nothing is made here; whoever writes makes the folder, owner-only.

use std::path::PathBuf;

use etcetera::{BaseStrategy as _, base_strategy::Xdg};

use crate::{
    env_vars::{self, EnvVar},
    error::Error,
};

/// The folders of this user.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    /// Journals, and what runs have not finished.
    pub(crate) state: PathBuf,
    /// What can be made again.
    pub(crate) cache: PathBuf,
    /// What the user decided.
    pub(crate) config: PathBuf,
}

impl Folders {
    /// From the environment. Needs no home folder where all three variables are set.
    pub(crate) fn find() -> Result<Self, Error> {
        Ok(Self {
            state: folder(env_vars::STATE_DIR, |xdg| {
                xdg.state_dir().unwrap_or_else(|| xdg.data_dir())
            })?,
            cache: folder(env_vars::CACHE_DIR, |xdg| xdg.cache_dir())?,
            config: folder(env_vars::CONFIG_DIR, |xdg| xdg.config_dir())?,
        })
    }
}

/// The files in which programs that log in to registries keep what they are told: Docker's, then podman's.
pub(crate) fn credentials() -> Vec<PathBuf> {
    let docker = match env_vars::DOCKER_CONFIG.get() {
        Some(chosen) => Some(PathBuf::from(chosen)),
        None => etcetera::home_dir().ok().map(|home| home.join(".docker")),
    };
    let podman = match env_vars::REGISTRY_AUTH_FILE.get() {
        Some(chosen) => Some(PathBuf::from(chosen)),
        None => env_vars::XDG_RUNTIME_DIR
            .get()
            .map(|folder| PathBuf::from(folder).join("containers/auth.json")),
    };
    let docker = docker.map(|folder| folder.join("config.json"));
    docker.into_iter().chain(podman).collect()
}

fn folder(variable: EnvVar, default: impl FnOnce(Xdg) -> PathBuf) -> Result<PathBuf, Error> {
    if let Some(chosen) = variable.get() {
        return std::path::absolute(&chosen).map_err(|source| Error::Read {
            path: PathBuf::from(chosen),
            source,
        });
    }
    let xdg = Xdg::new().map_err(|_| Error::NoHome {
        variable: variable.name,
    })?;
    Ok(default(xdg).join("kilnbox"))
}
