//! What can go wrong on the way to a registry and back.

use std::time::Duration;

use bytesize::ByteSize;

use crate::Digest;

/// Why something of another machine is not here. `host` is who was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// No connection, or one that broke.
    #[error("`{host}` cannot be reached: {reason}")]
    #[expect(missing_docs, reason = "the message says it")]
    Unreachable { host: String, reason: String },
    /// A connection that says nothing.
    #[error("`{host}` sent nothing for {}", humantime::format_duration(*after))]
    #[expect(missing_docs, reason = "the message says it")]
    Stalled { host: String, after: Duration },
    /// A drop now and then.
    #[error("`{host}` was not done after {}", humantime::format_duration(*limit))]
    #[expect(missing_docs, reason = "the message says it")]
    TooSlow { host: String, limit: Duration },
    /// Sent elsewhere too often, or where nobody should go.
    #[error("`{host}` sends on to {to}, which is not followed: {reason}")]
    #[expect(missing_docs, reason = "the message says it")]
    Redirect {
        host: String,
        to: String,
        reason: &'static str,
    },
    /// Credentials are wanted, and there are none.
    #[error("`{host}` asks who you are, and no credentials for it are known")]
    #[expect(missing_docs, reason = "the message says it")]
    Unknown { host: String },
    /// Credentials were given, and are not enough.
    #[error("`{host}` refuses {what} with the credentials that are known for it")]
    #[expect(missing_docs, reason = "the message says it")]
    Denied { host: String, what: String },
    /// Credentials would be readable on the way.
    #[error("`{host}` wants credentials over a connection that others can read")]
    #[expect(missing_docs, reason = "the message says it")]
    InTheClear { host: String },
    /// Docker's configuration or its helper.
    #[error("the credentials for `{host}` cannot be read: {reason}")]
    #[expect(missing_docs, reason = "the message says it")]
    Credentials { host: String, reason: String },
    /// Any other answer than what was asked for.
    #[error("`{host}` answers {status}{}{message}", if message.is_empty() { "" } else { ": " })]
    #[expect(missing_docs, reason = "the message says it")]
    Refused {
        host: String,
        status: u16,
        message: String,
    },
    /// It is not there.
    #[error("`{host}` has no {what}")]
    #[expect(missing_docs, reason = "the message says it")]
    NotFound { host: String, what: String },
    /// More than is taken.
    #[error("{what} of `{host}` is larger than {}", ByteSize(*limit).display().iec())]
    #[expect(missing_docs, reason = "the message says it")]
    TooLarge { host: String, what: String, limit: u64 },
    /// More than was told of it before.
    #[error("{what} of `{host}` is longer than its manifest says")]
    #[expect(missing_docs, reason = "the message says it")]
    Longer { host: String, what: String },
    /// More tags than are looked at.
    #[error("`{host}` has more than {limit} tags for `{repository}`")]
    #[expect(missing_docs, reason = "the message says it")]
    TooManyTags {
        host: String,
        repository: String,
        limit: usize,
    },
    /// Another shape than was asked for.
    #[error("{what} of `{host}` cannot be used: {reason}")]
    #[expect(missing_docs, reason = "the message says it")]
    Malformed {
        host: String,
        what: String,
        reason: String,
    },
    /// Other bytes than was asked for.
    #[error("{what} of `{host}` has other bytes than was asked for: sha256 {actual}, not {wanted}")]
    #[expect(missing_docs, reason = "the message says it")]
    WrongBytes {
        host: String,
        what: String,
        wanted: Digest,
        actual: Digest,
    },
    /// Certificates that cannot be read.
    #[error("the certificates in {what} cannot be used: {reason}")]
    #[expect(missing_docs, reason = "the message says it")]
    Certificates { what: String, reason: String },
}

impl RemoteError {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreachable { reason, .. } if reason.contains("certificate") => {
                "a private authority is trusted with KILNBOX_CA_FILE, or `ca-file` in Kilnbox's config.toml"
                    .to_owned()
            }
            Self::Unreachable { .. } => {
                "check the name and the network; sites without one set a mirror in Kilnbox's config.toml"
                    .to_owned()
            }
            Self::Stalled { .. } | Self::TooSlow { .. } => {
                "try again later; `[network]` in Kilnbox's config.toml gives a slow network more time"
                    .to_owned()
            }
            Self::Unknown { host } | Self::Denied { host, .. } => {
                format!(
                    "`docker login {host}` (or podman, skopeo, oras) keeps credentials where Kilnbox finds them"
                )
            }
            Self::InTheClear { .. } => "use the registry over https".to_owned(),
            Self::Credentials { .. } => {
                "see config.json in ~/.docker, or where DOCKER_CONFIG points".to_owned()
            }
            Self::WrongBytes { .. } => {
                "nothing of it was kept; a proxy on the way, or the registry itself, changes what it sends"
                    .to_owned()
            }
            _ => return None,
        };
        Some(hint)
    }
}
