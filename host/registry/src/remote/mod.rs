//! Other machines: registries by the OCI distribution protocol, and files of the web.
//!
//! The protocol's few requests stand here over `reqwest` and not in a client crate, because everything that a stranger
//! sends must have a limit: the ones there are read manifests, tags, tokens and errors whole, whatever their size.

mod artifact;
mod auth;
mod credentials;
mod error;
mod http;
mod push;
mod repository;
mod settings;

pub use artifact::Claims;
pub use error::RemoteError;
pub use settings::{CONFIG_FILE_NAME, Settings};

pub(crate) use artifact::Artifact;
pub(crate) use auth::Access;
pub(crate) use http::{Answer, Http, host};
pub(crate) use push::{Publication, publish};
pub(crate) use repository::Remote;
