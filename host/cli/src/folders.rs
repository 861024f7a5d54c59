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
