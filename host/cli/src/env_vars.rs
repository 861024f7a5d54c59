//! Every environment variable that Kilnbox reads, in one list.
//!
//! Nothing else in the host looks at the environment, but for `{{env}}` of templates and the `PATH` of programs that a
//! grant allows. `kilnbox --help` shows the list.

use std::{env, ffi::OsString};

/// One variable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EnvVar {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) does: &'static str,
}

/// Journals, and what runs have not finished.
pub(crate) const STATE_DIR: EnvVar = EnvVar {
    name: "KILNBOX_STATE_DIR",
    does: "where journals are kept (else $XDG_STATE_HOME/kilnbox)",
};
/// What can be made again.
pub(crate) const CACHE_DIR: EnvVar = EnvVar {
    name: "KILNBOX_CACHE_DIR",
    does: "where compiled components are kept (else $XDG_CACHE_HOME/kilnbox)",
};
/// What the user decided.
pub(crate) const CONFIG_DIR: EnvVar = EnvVar {
    name: "KILNBOX_CONFIG_DIR",
    does: "where accepted projects are remembered (else $XDG_CONFIG_HOME/kilnbox)",
};
/// Whom the temporary security group lets in.
pub(crate) const CHECKIP_URL: EnvVar = EnvVar {
    name: "KILNBOX_CHECKIP_URL",
    does: "the service that tells this machine's public address (else https://checkip.amazonaws.com)",
};
/// Log records.
pub(crate) const LOG: EnvVar = EnvVar {
    name: "KILNBOX_LOG",
    does: "show log records on stderr: error, warn, info, debug or trace, or a filter such as `russh=debug,info`",
};
/// Packer's own, for the same.
pub(crate) const PACKER_LOG: EnvVar = EnvVar {
    name: "PACKER_LOG",
    does: "if not empty and not 0: as KILNBOX_LOG=debug",
};
/// Packer's own.
pub(crate) const PACKER_LOG_PATH: EnvVar = EnvVar {
    name: "PACKER_LOG_PATH",
    does: "write the log of a run into this file, for you alone, and all records with it",
};
/// <https://no-color.org>
pub(crate) const NO_COLOR: EnvVar = EnvVar {
    name: "NO_COLOR",
    does: "if not empty: no colours",
};
/// Packer's own.
pub(crate) const PACKER_NO_COLOR: EnvVar = EnvVar {
    name: "PACKER_NO_COLOR",
    does: "the same, as Packer has it",
};

/// All of them, in the order `--help` shows them.
pub(crate) const ALL: [EnvVar; 9] = [
    STATE_DIR,
    CACHE_DIR,
    CONFIG_DIR,
    CHECKIP_URL,
    LOG,
    PACKER_LOG,
    PACKER_LOG_PATH,
    NO_COLOR,
    PACKER_NO_COLOR,
];

impl EnvVar {
    /// Its value; an empty one counts as absent.
    pub(crate) fn get(self) -> Option<OsString> {
        env::var_os(self.name).filter(|value| !value.is_empty())
    }
}
