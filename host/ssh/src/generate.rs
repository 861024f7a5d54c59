//! Makes the temporary key that a builder puts on its instance.

use russh::keys::{
    Algorithm, PrivateKey as SshKey,
    key::safe_rng,
    ssh_key::{
        LineEnding,
        private::{KeypairData, RsaKeypair},
    },
};

use crate::credentials::PrivateKey;

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// Ed25519.
    Ed25519,
    /// RSA.
    Rsa {
        /// Length of the modulus.
        bits: u16,
    },
}

/// A key that nobody had before.
#[derive(Clone, Debug)]
pub struct GeneratedKey {
    /// To log in with; its text is in OpenSSH's format.
    pub private: PrivateKey,
    /// A line for `authorized_keys`, without its end.
    pub public_openssh: String,
}

/// Makes a key. The comment is what a person sees of it in `authorized_keys`, and what
/// [`crate::StepCleanupTempKeys`] removes it by. An RSA key takes the processor for seconds: call it where that
/// disturbs nobody.
pub fn generate_key(kind: KeyType, comment: &str) -> Result<GeneratedKey, String> {
    let made = || -> Result<_, russh::keys::ssh_key::Error> {
        let rng = &mut safe_rng();
        let key = match kind {
            KeyType::Ed25519 => SshKey::random(rng, Algorithm::Ed25519)?,
            KeyType::Rsa { bits } => {
                SshKey::new(KeypairData::from(RsaKeypair::random(rng, usize::from(bits))?), "")?
            }
        };
        let mut key = key;
        key.set_comment(comment);
        Ok((key.to_openssh(LineEnding::LF)?, key.public_key().to_openssh()?))
    };
    let (private, public_openssh) = made().map_err(|error| error.to_string())?;
    Ok(GeneratedKey {
        private: PrivateKey::parse(&private)?,
        public_openssh,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_bear_their_comment() {
        for kind in [KeyType::Ed25519, KeyType::Rsa { bits: 1024 }] {
            let first = generate_key(kind, "kilnbox_a").unwrap();
            let second = generate_key(kind, "kilnbox_a").unwrap();
            assert_ne!(first.public_openssh, second.public_openssh);
            assert!(
                first.public_openssh.ends_with(" kilnbox_a"),
                "{}",
                first.public_openssh
            );
            assert_eq!(first.private.comment(), "kilnbox_a");
            assert!(
                first
                    .private
                    .text
                    .starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n")
            );
        }
    }
}
