//! How the instance learns who may log in: with which key pair of EC2 it is launched.

use kilnbox_engine::Problem;

use super::given::Given;

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

/// `temporary_key_pair_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    /// The default.
    Ed25519,
    /// On request, for old servers.
    Rsa {
        /// 2048 or 4096, the default.
        bits: u32,
    },
}

/// Without `ssh_keypair_name`, a way to log in that the user has already makes a key pair needless.
pub(super) fn read(given: &Given<'_>, problems: &mut Vec<Problem>) -> KeyPair {
    let kind = key_type(given, problems);
    let name = given.text("temporary_key_pair_name");
    let key_file = given.text("ssh_private_key_file").is_some();
    if let Some(existing) = given.text("ssh_keypair_name") {
        if !key_file && !given.flag("ssh_agent_auth") {
            let problem = Problem::error(
                given.at("ssh_keypair_name"),
                "`ssh_keypair_name` needs `ssh_private_key_file` or `ssh_agent_auth`",
            );
            problems.push(problem.hint("EC2 has the public half alone: say where the private one is"));
        }
        if name.is_some() {
            let message = "`temporary_key_pair_name` is passed over: `ssh_keypair_name` is set";
            problems.push(Problem::warning(given.at("temporary_key_pair_name"), message));
        }
        return KeyPair::Existing(existing);
    }
    let other_way = given.text("ssh_password").is_some() || given.flag("ssh_agent_auth");
    let no_key = given.text("communicator").as_deref() == Some("none");
    if no_key || key_file || (other_way && name.is_none()) {
        return KeyPair::None;
    }
    KeyPair::Temporary { name, kind }
}

fn key_type(given: &Given<'_>, problems: &mut Vec<Problem>) -> KeyType {
    let bits = given.count::<u32>("temporary_key_pair_bits");
    let rsa = given.text("temporary_key_pair_type").as_deref() == Some("rsa");
    let (kind, fits, takes) = if rsa {
        let bits = bits.unwrap_or(4096);
        (KeyType::Rsa { bits }, matches!(bits, 2048 | 4096), "2048 or 4096")
    } else {
        (KeyType::Ed25519, matches!(bits, None | Some(256)), "256")
    };
    if !fits {
        let name = if rsa { "rsa" } else { "ed25519" };
        let message = format!("a key of type `{name}` has {takes} bits");
        let problem = Problem::error(given.at("temporary_key_pair_bits"), message);
        problems.push(problem.hint("leave it out"));
    }
    kind
}
