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
    does: "where plugins and compiled components are kept (else $XDG_CACHE_HOME/kilnbox)",
};
/// What the user decided.
pub(crate) const CONFIG_DIR: EnvVar = EnvVar {
    name: "KILNBOX_CONFIG_DIR",
    does: "where config.toml is, and accepted projects are remembered (else $XDG_CONFIG_HOME/kilnbox)",
};
/// Private authorities.
pub(crate) const CA_FILE: EnvVar = EnvVar {
    name: "KILNBOX_CA_FILE",
    does: "certificates, in PEM, that registries may have besides the system's",
};
/// OpenSSL's, read by the library that finds the system's certificates.
pub(crate) const SSL_CERT_FILE: EnvVar = EnvVar {
    name: "SSL_CERT_FILE",
    does: "certificates, in PEM, that registries may have instead of the system's",
};
/// Everybody's, read by the library that speaks HTTP; `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` go with it.
pub(crate) const HTTPS_PROXY: EnvVar = EnvVar {
    name: "HTTPS_PROXY",
    does: "the proxy through which registries are asked; NO_PROXY names hosts that are asked directly",
};
/// Docker's own.
pub(crate) const DOCKER_CONFIG: EnvVar = EnvVar {
    name: "DOCKER_CONFIG",
    does: "the folder of config.json, which knows the credentials for registries (else ~/.docker)",
};
/// Podman's own.
pub(crate) const REGISTRY_AUTH_FILE: EnvVar = EnvVar {
    name: "REGISTRY_AUTH_FILE",
    does: "podman's file of credentials (else $XDG_RUNTIME_DIR/containers/auth.json)",
};
/// Where podman keeps credentials.
pub(crate) const XDG_RUNTIME_DIR: EnvVar = EnvVar {
    name: "XDG_RUNTIME_DIR",
    does: "the folder of containers/auth.json, see REGISTRY_AUTH_FILE",
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
pub(crate) const ALL: [EnvVar; 15] = [
    STATE_DIR,
    CACHE_DIR,
    CONFIG_DIR,
    CA_FILE,
    SSL_CERT_FILE,
    HTTPS_PROXY,
    DOCKER_CONFIG,
    REGISTRY_AUTH_FILE,
    XDG_RUNTIME_DIR,
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
