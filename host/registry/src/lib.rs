//! Where plugins come from, that they stay what they were, what they are granted, and whether the user accepted it.
//!
//! `kilnbox.toml` stands beside the template and comes with the repository, perhaps a stranger's: [`ProjectFile`].
//! [`init`] finds what it names, in files, on the web and in registries, puts the bytes into the [`Store`] and their
//! digests into the [`Lock`]. [`Project`] is what a build opens: it asks nobody, and refuses bytes that differ from the
//! lock. [`TrustStore`] remembers outside the project which projects the user accepted; only [`Project::granted`] gives
//! plugins away, and it asks for the acceptance: no grant beyond the default counts without.
//!
//! This crate knows neither terminal nor engine: who calls hands in eyes for components ([`Look`]) and for what happens
//! ([`Watch`]).

mod border;
mod digest;
mod error;
mod file;
mod image;
mod init;
mod json;
mod limits;
mod located;
mod lock;
mod manifest;
mod plugin;
mod project;
mod project_file;
mod publish;
mod remote;
mod store;
mod trust;
mod vendor;

pub use border::Border;
pub use digest::{Digest, NoDigest};
pub use error::{Error, ManifestProblem, Unaccepted};
pub use image::{ImageName, Images};
pub use init::{Asked, Change, Init, Look, Looked, Outcome, Unusable, Upgrade, Watch};
pub use limits::{ANSWER_SIZE, COMPONENT_SIZE, CONFIG_SIZE, MANIFEST_SIZE, REDIRECTS, STALL, TAGS, TOTAL};
pub use located::{Located, Place, find};
pub use lock::{LOCK_FILE_NAME, Lock, LockProblem, Locked};
pub use manifest::{FILE_NAME, parse};
pub use plugin::{Limit, Plugin, Repository, Source};
pub use project::{GrantedPlugin, LimitRule, LimitUnit, Project, Vocabulary};
pub use project_file::ProjectFile;
pub use publish::{Publish, Published};
pub use remote::{CONFIG_FILE_NAME, Claims, RemoteError, Settings};
pub use store::{Entry, Pruned, Pruning, Store};
pub use trust::{Acceptance, TrustStore};
pub use vendor::{VENDOR_FOLDER, forget, vendor};
