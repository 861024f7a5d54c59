//! Bytes as a transcript writes them: text where they are text, else Base64, or only their digest.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap as _};
use sha2::{Digest as _, Sha256};

/// What a file or a stream holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// These bytes: `"text"`, or `{ base64 = "…" }` where they are no text.
    Bytes(Bytes),
    /// Bytes of this SHA-256, in lowercase hexadecimal: `{ sha256 = "…" }`. Only for what a step gives.
    Sha256(String),
}

impl Content {
    /// Whether `bytes` are what is meant.
    pub(crate) fn is(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Bytes(wanted) => wanted == bytes,
            Self::Sha256(wanted) => *wanted == sha256(bytes),
        }
    }

    /// The bytes as they are, or their digest where they are more than `most`.
    pub(crate) fn of(bytes: Bytes, most: usize) -> Self {
        if bytes.len() <= most {
            Self::Bytes(bytes)
        } else {
            Self::Sha256(sha256(&bytes))
        }
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Bytes(Bytes::copy_from_slice(text.as_bytes()))
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a string, `{ base64 = \"…\" }` or `{ sha256 = \"…\" }`"
)]
enum Written {
    Text(String),
    Base64(Base64),
    Sha256(Digest),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Base64 {
    base64: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Digest {
    sha256: String,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Text(text) => Ok(Self::Bytes(text.into())),
            Written::Base64(Base64 { base64 }) => BASE64_STANDARD
                .decode(&base64)
                .map(|bytes| Self::Bytes(bytes.into()))
                .map_err(|error| D::Error::custom(format!("not Base64: {error}"))),
            Written::Sha256(Digest { sha256 }) => {
                let digest = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
                if digest(&sha256) {
                    Ok(Self::Sha256(sha256.to_ascii_lowercase()))
                } else {
                    Err(D::Error::custom("a SHA-256 has 64 hexadecimal digits"))
                }
            }
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, value) = match self {
            Self::Bytes(bytes) => match str::from_utf8(bytes) {
                Ok(text) => return serializer.serialize_str(text),
                Err(_) => ("base64", BASE64_STANDARD.encode(bytes)),
            },
            Self::Sha256(digest) => ("sha256", digest.clone()),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(key, &value)?;
        map.end()
    }
}
