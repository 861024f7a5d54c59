//! What proves who we are: a private key with an optional certificate, an agent, a password.
//!
//! Files are read when the options are checked, so that a missing or encrypted key is a problem of the template and
//! not of a machine that is already paid for.

use std::{fmt, fs, path::Path, sync::Arc};

use kilnbox_engine::Problem;
use russh::keys::{Certificate, Error as KeyError, decode_secret_key};

/// A private key file is small; anything larger is another file.
const KEY_FILE_MAX: u64 = 64 * 1024;

/// A private key and, where one was given, its certificate.
#[derive(Clone)]
pub struct PrivateKey {
    /// The text of the key file, for redaction and for steps that were granted `connection`.
    pub text: String,
    pub(crate) key: Arc<russh::keys::PrivateKey>,
    pub(crate) certificate: Option<Certificate>,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("algorithm", &self.key.algorithm())
            .finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// A key from its text, such as a temporary one made by a builder.
    pub fn parse(text: &str) -> Result<Self, String> {
        match decode_secret_key(text, None) {
            Ok(key) => Ok(Self {
                text: text.to_owned(),
                key: Arc::new(key),
                certificate: None,
            }),
            Err(KeyError::KeyIsEncrypted) => Err("the key is encrypted with a passphrase".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// `ssh_private_key_file` and `ssh_certificate_file`.
    pub(crate) fn load(file: &Path, certificate: Option<&Path>) -> Result<Self, Problem> {
        let at = "/ssh_private_key_file";
        let text = read(file, at, "ssh_private_key_file")?;
        let mut key = Self::parse(&text).map_err(|reason| {
            Problem::error(at, format!("ssh_private_key_file is invalid: `{}`: {reason}", file.display())).hint(
                "name an unencrypted OpenSSH, PKCS#1 or PKCS#8 private key, or load the key into an agent and set \
                 `ssh_agent_auth`",
            )
        })?;
        if let Some(file) = certificate {
            let at = "/ssh_certificate_file";
            let text = read(file, at, "ssh_certificate_file")?;
            key.certificate = Some(Certificate::from_openssh(&text).map_err(|error| {
                Problem::error(
                    at,
                    format!("ssh_certificate_file is invalid: `{}`: {error}", file.display()),
                )
            })?);
        }
        Ok(key)
    }

    /// What stands behind it in `authorized_keys`.
    pub(crate) fn comment(&self) -> String {
        self.key.comment().to_string()
    }

    /// Every piece of the key that must not be shown: readers redact line by line, so each line counts by itself.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let lines = self
            .text
            .lines()
            .map(str::trim)
            .filter(|line| line.len() >= 16 && !line.starts_with("-----"));
        std::iter::once(self.text.as_str()).chain(lines)
    }
}

/// Where the agent is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentAuth {
    /// No agent is asked.
    Off,
    /// The agent of `SSH_AUTH_SOCK`.
    Environment,
    /// The agent at this socket.
    Socket(std::path::PathBuf),
}

fn read(file: &Path, at: &str, option: &str) -> Result<String, Problem> {
    let problem = |reason: String| {
        Problem::error(at, format!("{option} is invalid: `{}`: {reason}", file.display()))
            .hint("check the path; it starts from the working directory, `~` is your home directory")
    };
    let size = fs::metadata(file)
        .map_err(|error| problem(error.to_string()))?
        .len();
    if size > KEY_FILE_MAX {
        return Err(problem(format!("{size} bytes are too many for a key")));
    }
    fs::read_to_string(file).map_err(|error| problem(error.to_string()))
}
