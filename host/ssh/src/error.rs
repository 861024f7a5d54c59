//! Why an instance could not be reached.

use std::time::Duration;

use kilnbox_engine::CommunicatorError;

/// A connection that could not be made. The texts name the host, the port, the user and the last cause.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The deadline passed before a connection stood.
    #[error(
        "Timeout waiting for SSH. {whom} did not let us in within {}, {attempts} attempts were made, the last cause \
         is: {cause}", humantime::format_duration(*within)
    )]
    Timeout {
        /// `user@host:port`.
        whom: String,
        /// `ssh_timeout`.
        within: Duration,
        /// How often it was tried.
        attempts: u32,
        /// The last cause.
        cause: String,
    },
    /// The server refused what was offered, as often as `ssh_handshake_attempts` allows.
    #[error(
        "authentication error when trying to connect via SSH: {whom} refused {attempts} times, tried: {tried}; {cause}"
    )]
    Authentication {
        /// `user@host:port`.
        whom: String,
        /// How often it was tried.
        attempts: u32,
        /// The methods that were tried, in order.
        tried: String,
        /// What the server said last.
        cause: String,
    },
    /// The server showed another host key than before in this build.
    #[error(
        "the host key of {whom} changed from {pinned} to {shown} during this build; somebody may be listening in, so \
         nothing was sent"
    )]
    HostKeyChanged {
        /// `user@host:port`.
        whom: String,
        /// Fingerprint of the key seen first.
        pinned: String,
        /// Fingerprint of the key seen now.
        shown: String,
    },
    /// The server showed a host key that the platform does not know for this instance.
    #[error(
        "{whom} shows {shown}, and the platform says that the instance has {known}; somebody may be \
         listening in, so nothing was sent"
    )]
    HostKeyUnknown {
        /// `user@host:port`.
        whom: String,
        /// Fingerprints of the keys that were told, with their kinds.
        known: String,
        /// The key seen, or what there is instead, in words.
        shown: String,
    },
    /// Trying again would not help.
    #[error("cannot connect to {whom}: {cause}")]
    Hopeless {
        /// `user@host:port`.
        whom: String,
        /// Why.
        cause: String,
    },
}

impl From<ConnectError> for CommunicatorError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Timeout {
                ref whom,
                within,
                ref cause,
                ..
            } => Self::TimedOut {
                doing: format!("waiting for SSH on {whom} (last cause: {cause})"),
                after: within,
            },
            other => Self::Connection(other.to_string()),
        }
    }
}
