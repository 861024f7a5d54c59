//! One `[plugins.NAME]` of `kilnbox.toml`, after it was read and checked.

use std::path::PathBuf;

use semver::VersionReq;

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
}

/// One entry of `limits = { … }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// As the vocabulary has it.
    pub name: &'static str,
    /// In the unit of the vocabulary; times in milliseconds.
    pub value: u64,
}
