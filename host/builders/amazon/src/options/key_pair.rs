//! How the instance learns who may log in: with which key pair of EC2 it is launched.

use kilnbox_engine::Problem;
use kilnbox_ssh::{AgentAuth, CommunicatorKind, KeyType, SshOptions, TemporaryKey};

/// Lengths of the RSA keys that EC2 takes; it takes 1024 bits too, which nobody should use any more.
const RSA_BITS: [u16; 2] = [2048, 4096];

/// The key pair of EC2 that the instance is launched with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyPair {
    /// Made for the build and removed after it.
    Temporary {
        /// `temporary_key_pair_name`; one with a UUID where none.
        name: Option<String>,
        /// `temporary_key_pair_type` and `temporary_key_pair_bits`.
        kind: KeyType,
    },
    /// `ssh_keypair_name`: one of EC2; the private key is the user's.
    Existing(String),
    /// The instance is launched without: a password, a key or the agent is what the source image takes, or the
    /// communicator is `none`.
    None,
}

impl KeyPair {
    /// Without `ssh_keypair_name`, a way to log in that the user has already makes a key pair needless.
    pub(super) fn of(ssh: &SshOptions, problems: &mut Vec<Problem>) -> Self {
        let TemporaryKey { name, kind } = ssh.temporary_key.clone();
        if let Some(existing) = &ssh.keypair_name {
            if name.is_some() {
                let message = "`temporary_key_pair_name` is passed over: `ssh_keypair_name` is set";
                problems.push(Problem::warning("/temporary_key_pair_name", message));
            }
            return Self::Existing(existing.clone());
        }
        let no_key = ssh.communicator == CommunicatorKind::None || ssh.private_key.is_some();
        let other_way = ssh.password.is_some() || !matches!(ssh.agent, AgentAuth::Off);
        if no_key || (other_way && name.is_none()) {
            return Self::None;
        }
        if let KeyType::Rsa { bits } = kind
            && !RSA_BITS.contains(&bits)
        {
            let message = "`temporary_key_pair_bits`: EC2 takes RSA keys of 2048 or 4096 bits";
            let problem = Problem::error("/temporary_key_pair_bits", message);
            problems.push(problem.hint("leave it out for 4096"));
        }
        Self::Temporary { name, kind }
    }
}
