//! Why the plugins of a project are not available: what is wrong with its files, with the bytes, or with who has them.

mod hints;
mod project;

use std::{
    io,
    path::{Path, PathBuf},
};

use semver::VersionReq;

pub use project::{ManifestProblem, Unaccepted};

use crate::{Digest, RemoteError};

/// Why the plugins of a project are not available.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{action} `{}`: {source}", path.display())]
    Io {
        /// Such as `reading`.
        action: &'static str,
        /// What was read or written.
        path: PathBuf,
        /// Why it did not work.
        source: io::Error,
    },
    /// `kilnbox.toml` has mistakes; all of them, in the order they stand.
    #[error("`{}` has {} mistake{}", path.display(), problems.len(), if problems.len() == 1 { "" } else { "s" })]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Its text, for showing the place.
        text: String,
        /// At least one.
        problems: Vec<ManifestProblem>,
    },
    /// A file is larger than a component or a manifest may be.
    #[error("`{}` is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The largest size there may be.
        limit: u64,
    },
    /// The project wants more than the default, and nobody accepted it.
    #[error(transparent)]
    Unaccepted(#[from] Unaccepted),
    /// The memory of what was accepted is damaged.
    #[error("`{}` is damaged: {source}", path.display())]
    TrustDamaged {
        /// The file.
        path: PathBuf,
        /// What its reader says.
        source: serde_json::Error,
    },
    /// Others could have written to what only the user decides.
    #[error("`{}` can be written by others than its owner", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The user's configuration makes no sense.
    #[error("`{}` cannot be used: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// `kilnbox.lock` cannot be read.
    #[error("`{}` is damaged: {reason}", path.display())]
    LockDamaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// `kilnbox.lock` has another shape than this program knows.
    #[error("`{}` was written by a newer Kilnbox", path.display())]
    LockNewer {
        /// The file.
        path: PathBuf,
    },
    /// Nobody has resolved this plugin.
    #[error("the plugin `{plugin}` is not in kilnbox.lock")]
    NotLocked {
        /// Its name.
        plugin: String,
        /// The project's.
        folder: PathBuf,
    },
    /// `kilnbox.toml` says something else than when it was locked.
    #[error("the plugin `{plugin}` is locked as {locked}, and kilnbox.toml wants {wanted}")]
    OutOfDate {
        /// Its name.
        plugin: String,
        /// Source or version in the lock.
        locked: String,
        /// Source or version in `kilnbox.toml`.
        wanted: String,
        /// The project's.
        folder: PathBuf,
    },
    /// The bytes are nowhere on this machine.
    #[error("the plugin `{plugin}` {version} is not on this machine")]
    NotHere {
        /// Its name.
        plugin: String,
        /// The one that is locked.
        version: String,
        /// The project's.
        folder: PathBuf,
    },
    /// An entry of the store is not what its name says.
    #[error("the plugin `{plugin}` is damaged: its bytes on this machine are not those that are locked")]
    Damaged {
        /// Its name.
        plugin: String,
        /// The project's.
        folder: PathBuf,
    },
    /// A file beside the template is not what was locked.
    #[error("`{}` has other bytes than kilnbox.lock has for the plugin `{plugin}`", path.display())]
    Differs {
        /// Its name.
        plugin: String,
        /// The file.
        path: PathBuf,
        /// It is a copy that `plugin vendor` made.
        vendored: bool,
        /// The project's.
        folder: PathBuf,
    },
    /// Another machine.
    #[error("{}{source}", plugin.as_ref().map(|name| format!("the plugin `{name}`: ")).unwrap_or_default())]
    Remote {
        /// For which plugin.
        plugin: Option<String>,
        /// Why.
        source: Box<RemoteError>,
    },
    /// No tag of the repository is a version that may be used.
    #[error(
        "the plugin `{plugin}`: no version of `{repository}` is {wanted}; {}",
        offer(offered)
    )]
    NoVersion {
        /// Its name.
        plugin: String,
        /// Where was looked.
        repository: String,
        /// What may be used.
        wanted: VersionReq,
        /// Versions there are, the newest first.
        offered: Vec<String>,
    },
    /// What was there is gone, and only older versions are left.
    #[error(
        "the plugin `{plugin}`: `{repository}` no longer has {locked}; its newest that may be used is {found}"
    )]
    Downgrade {
        /// Its name.
        plugin: String,
        /// Where was looked.
        repository: String,
        /// What is locked.
        locked: String,
        /// What is left.
        found: String,
    },
    /// A version is other bytes than it was.
    #[error(
        "the plugin `{plugin}`: the tag `{version}` of `{repository}` was moved to other bytes: it is {found}, and was {locked} when it was locked"
    )]
    Moved {
        /// Its name.
        plugin: String,
        /// Where was looked.
        repository: String,
        /// The tag.
        version: String,
        /// Digest of the manifest in the lock.
        locked: String,
        /// Digest of the manifest now.
        found: String,
    },
    /// What is locked is nowhere to be had.
    #[error("the plugin `{plugin}`: `{repository}` no longer has {version}, which is locked")]
    Gone {
        /// Its name.
        plugin: String,
        /// Where was looked.
        repository: String,
        /// The tag.
        version: String,
    },
    /// The registry tells other imports than the bytes have.
    #[error(
        "the plugin `{plugin}`: what `{host}` tells of it is not true: {}",
        lie(hidden, invented)
    )]
    Lie {
        /// Its name.
        plugin: String,
        /// Who told it.
        host: String,
        /// Imports that are not told.
        hidden: Vec<String>,
        /// Imports that are told and not there.
        invented: Vec<String>,
    },
    /// The component cannot run here.
    #[error("{message}")]
    Unusable {
        /// Why, with the plugin's name.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The component says that it is another version than may be used.
    #[error("the plugin `{plugin}` says that it is version {version}, and `{wanted}` is wanted")]
    WrongVersion {
        /// Its name.
        plugin: String,
        /// What it says.
        version: String,
        /// What may be used.
        wanted: VersionReq,
    },
    /// A newer version wants more than the locked one.
    #[error(
        "the plugin `{plugin}` {version} asks for more than {locked} did: {}",
        ticked(more)
    )]
    AsksForMore {
        /// Its name.
        plugin: String,
        /// What was locked.
        locked: String,
        /// What would be.
        version: String,
        /// Capabilities that are new.
        more: Vec<String>,
    },
    /// A name that is not in `kilnbox.toml`.
    #[error("kilnbox.toml has no plugin `{name}` that comes from elsewhere")]
    NoSuchPlugin {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A name that would not stay within its folder.
    #[error("the name of the plugin `{plugin}` is no name for a file")]
    NoFileName {
        /// The name.
        plugin: String,
    },
    /// A tag would get other bytes.
    #[error("`{repository}` has a `{tag}` already, with other bytes: {}", there.oci())]
    Taken {
        /// Where it was to go.
        repository: String,
        /// The tag.
        tag: String,
        /// The digest of what is there.
        there: Digest,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn remote(plugin: &str) -> impl Fn(RemoteError) -> Self {
        let plugin = Some(plugin.to_owned());
        move |source| Self::Remote {
            plugin: plugin.clone(),
            source: Box::new(source),
        }
    }
}

impl From<RemoteError> for Error {
    fn from(source: RemoteError) -> Self {
        Self::Remote {
            plugin: None,
            source: Box::new(source),
        }
    }
}

/// A command to be typed for a project's folder.
pub(crate) fn command(command: &str, folder: &Path) -> String {
    match std::env::current_dir().is_ok_and(|here| here == folder) {
        true => format!("`kilnbox {command}`"),
        false => format!("`kilnbox {command} {}`", folder.display()),
    }
}

fn ticked(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn offer(versions: &[String]) -> String {
    /// More than these nobody reads.
    const SHOWN: usize = 5;
    match versions {
        [] => "it has none".to_owned(),
        all if all.len() <= SHOWN => format!("it has {}", all.join(", ")),
        newest => {
            let shown: Vec<&str> = newest.iter().take(SHOWN).map(String::as_str).collect();
            format!("it has {} and {} older", shown.join(", "), versions.len() - SHOWN)
        }
    }
}

fn lie(hidden: &[String], invented: &[String]) -> String {
    let mut parts = Vec::new();
    if !hidden.is_empty() {
        parts.push(format!("it imports {}, which is not told", ticked(hidden)));
    }
    if !invented.is_empty() {
        parts.push(format!("it does not import {}, which is told", ticked(invented)));
    }
    parts.join("; ")
}
