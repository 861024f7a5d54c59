//! Where images that are named by a registry come from: whoever runs the builder knows, the builder does not.

use std::{fmt::Debug, path::Path};

use async_trait::async_trait;

/// Registries, as the program hands them in.
#[async_trait]
pub trait Images: Debug + Send + Sync {
    /// Whether this is the name of an image in a registry, such as `docker.io/library/debian:12`.
    fn are_named(&self, text: &str) -> bool;

    /// Makes an OCI layout of the image in a folder that is not there yet.
    async fn pull(&self, name: &str, layout: &Path) -> Result<(), Unavailable>;
}

/// Why an image could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}
