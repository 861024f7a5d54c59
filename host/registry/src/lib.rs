//! Where plugins come from, what they are granted, and whether the user accepted it.
//!
//! `kilnbox.toml` stands beside the template and comes with the repository, perhaps a stranger's. [`Project`] is that
//! file, read and checked; [`TrustStore`] remembers outside the project which of them the user accepted. Only
//! [`Project::granted`] gives plugins away, and it asks for the acceptance: no grant beyond the default counts without.

mod error;
mod manifest;
mod plugin;
mod project;
mod trust;

pub use error::{Error, ManifestProblem, Unaccepted};
pub use manifest::FILE_NAME;
pub use plugin::{Limit, Plugin, Source};
pub use project::{GrantedPlugin, LimitRule, LimitUnit, Project, Vocabulary};
pub use trust::{Acceptance, TrustStore};
