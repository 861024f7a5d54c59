//! One `[plugins.NAME]` of `kilnbox.toml`, after it was read and checked.

use std::{path::PathBuf, time::Duration};

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
    pub limits: Limits,
}

/// Where the bytes of a plugin are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `file:PATH`, relative to the folder of `kilnbox.toml`.
    File(PathBuf),
}

/// What one run of a plugin may use, where the user says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Longest time for one try.
    pub timeout: Option<Duration>,
}

impl Limits {
    /// Nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
