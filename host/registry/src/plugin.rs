//! One `[plugins.NAME]` of `kilnbox.toml`, after it was read and checked.

use std::{fmt, path::PathBuf};

use oci_spec::distribution::Reference;
use semver::VersionReq;

use crate::Digest;

/// What the user says of one plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// The name in templates.
    pub name: String,
    /// Where its bytes are; absent for Kilnbox's own.
    pub source: Option<Source>,
    /// The versions that may be used.
    pub version: Option<VersionReq>,
    /// Capabilities, as written.
    pub grant: Vec<String>,
    /// Limits other than the default ones.
    pub limits: Vec<Limit>,
}

/// Where the bytes of a plugin are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `file:PATH`, relative to the folder of `kilnbox.toml`.
    File(PathBuf),
    /// `https://…`, and the digest that its bytes must have.
    Https {
        /// As written.
        url: String,
        /// `sha256 = "…"`
        sha256: Digest,
    },
    /// `oci://REGISTRY/REPOSITORY`
    Oci(Repository),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Https { url, .. } => f.write_str(url),
            Self::Oci(repository) => write!(f, "oci://{repository}"),
        }
    }
}

/// A repository of a registry, as users name it: before any mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Host and, where it is not the usual one, port.
    pub registry: String,
    /// Its name there.
    pub name: String,
}

impl Repository {
    /// Reads `REGISTRY/REPOSITORY[:TAG]`. The registry must be written: no name means another place tomorrow.
    pub fn parse(text: &str) -> Result<(Self, Option<String>), String> {
        let reference: Reference = text
            .parse()
            .map_err(|error: oci_spec::distribution::ParseError| error.to_string())?;
        if reference.digest().is_some() {
            return Err("a digest does not belong here: kilnbox.lock keeps it".to_owned());
        }
        let (registry, name) = text.split_once('/').unwrap_or(("", text));
        if !(registry.contains(['.', ':']) || registry == "localhost") {
            return Err("the registry's host is missing".to_owned());
        }
        let tagged = name.contains(':');
        Ok((
            Self {
                registry: registry.to_owned(),
                name: reference.repository().to_owned(),
            },
            reference.tag().filter(|_| tagged).map(ToOwned::to_owned),
        ))
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.name)
    }
}

/// One entry of `limits = { … }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// As the vocabulary has it.
    pub name: &'static str,
    /// In the unit of the vocabulary; times in milliseconds.
    pub value: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories() {
        let parsed = |text| Repository::parse(text).map(|(repository, tag)| (repository.to_string(), tag));
        let tag = |tag: &str| Some(tag.to_owned());
        assert_eq!(
            parsed("ghcr.io/acme/tool"),
            Ok(("ghcr.io/acme/tool".into(), None))
        );
        assert_eq!(
            parsed("localhost:5000/tool:1.2.3"),
            Ok(("localhost:5000/tool".into(), tag("1.2.3")))
        );
        assert_eq!(
            parsed("docker.io/tool:1"),
            Ok(("docker.io/library/tool".into(), tag("1")))
        );
        for none in [
            "",
            "tool",
            "acme/tool",
            "ghcr.io",
            "ghcr.io/",
            "ghcr.io/Acme/tool",
            "ghcr.io/a b",
        ] {
            assert!(parsed(none).is_err(), "{none}");
        }
        let digest = Digest::of(b"").oci();
        assert!(parsed(&format!("ghcr.io/acme/tool@{digest}")).is_err());
    }
}
