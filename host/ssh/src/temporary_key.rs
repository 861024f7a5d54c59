//! `temporary_key_pair_*`: the key that a builder makes for its instance.

use kilnbox_engine::Problem;

use crate::generate::KeyType;

/// Length where the user says nothing, as in Packer.
const RSA_BITS: u16 = 4096;
/// OpenSSH's servers take no shorter key.
const RSA_LEAST: u16 = 1024;
/// A longer one takes minutes to make.
const RSA_MOST: u16 = 8192;

/// What the user says of the builder's own key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemporaryKey {
    /// `temporary_key_pair_name`; the builder makes one up where there is none.
    pub name: Option<String>,
    /// `temporary_key_pair_type` and `temporary_key_pair_bits`.
    pub kind: KeyType,
}

impl Default for TemporaryKey {
    fn default() -> Self {
        Self {
            name: None,
            kind: KeyType::Ed25519,
        }
    }
}

/// Checks the kind. `bits` is 0 where the user says nothing, and means nothing for Ed25519, as in Packer.
pub(crate) fn kind(name: &str, bits: u32, problems: &mut Vec<Problem>) -> KeyType {
    let refused = |why: &str| {
        Problem::error(
            "/temporary_key_pair_type",
            format!("`temporary_key_pair_type`: {why}"),
        )
        .hint("use `ed25519` or `rsa`")
    };
    match name {
        "" | "ed25519" => KeyType::Ed25519,
        "rsa" => match u16::try_from(bits) {
            Ok(0) => KeyType::Rsa { bits: RSA_BITS },
            Ok(bits) if (RSA_LEAST..=RSA_MOST).contains(&bits) => KeyType::Rsa { bits },
            _ => {
                problems.push(Problem::error(
                    "/temporary_key_pair_bits",
                    format!(
                        "`temporary_key_pair_bits` must be from {RSA_LEAST} to {RSA_MOST} for an RSA key"
                    ),
                ));
                KeyType::Rsa { bits: RSA_BITS }
            }
        },
        "dsa" => {
            problems.push(refused("SSH servers take no DSA keys any more"));
            KeyType::Ed25519
        }
        "ecdsa" => {
            problems.push(refused("clouds take no ECDSA keys"));
            KeyType::Ed25519
        }
        other => {
            problems.push(refused(&format!("`{other}` is no kind of key")));
            KeyType::Ed25519
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_lengths() {
        for (name, bits, expect) in [
            ("", 0, Ok(KeyType::Ed25519)),
            ("ed25519", 4096, Ok(KeyType::Ed25519)),
            ("rsa", 0, Ok(KeyType::Rsa { bits: 4096 })),
            ("rsa", 1024, Ok(KeyType::Rsa { bits: 1024 })),
            ("rsa", 512, Err("/temporary_key_pair_bits")),
            ("rsa", 70_000, Err("/temporary_key_pair_bits")),
            ("dsa", 0, Err("/temporary_key_pair_type")),
            ("ecdsa", 521, Err("/temporary_key_pair_type")),
            ("RSA", 0, Err("/temporary_key_pair_type")),
        ] {
            let mut problems = Vec::new();
            let found = kind(name, bits, &mut problems);
            let found = match problems.first() {
                Some(problem) => Err(problem.at.as_str()),
                None => Ok(found),
            };
            assert_eq!(found, expect, "{name} {bits}");
        }
    }
}
