//! What a build leaves behind: an image, a file, nothing.

use std::{fmt, path::PathBuf, sync::Arc};

use async_trait::async_trait;

/// The result of a builder or of a post-processor.
#[async_trait]
pub trait Artifact: Send + Sync + fmt::Debug {
    /// Names the kind of artifact, such as `fnoeding.null` or `packer.file`.
    fn builder_id(&self) -> &str;

    /// The artifact's own identity, such as `ami-…`; may be empty.
    fn id(&self) -> String;

    /// Its local files, if it has any.
    fn files(&self) -> Vec<PathBuf>;

    /// One or more lines for the closing list.
    fn describe(&self) -> String;

    /// The builder is through, its clean-up included: from now on the artifact is the user's. What the journal still
    /// holds of it is struck here.
    fn keep(&self) -> Result<(), ArtifactError> {
        Ok(())
    }

    /// Removes what the engine created (invariant 11). Called only after every chain that took it succeeded.
    async fn destroy(&self) -> Result<(), ArtifactError>;
}

/// An artifact shared by the chains that start from it.
pub type SharedArtifact = Arc<dyn Artifact>;

/// An artifact could not be removed.
#[derive(Debug, thiserror::Error)]
#[error("removing the artifact {what}: {reason}")]
pub struct ArtifactError {
    /// The artifact's id or path.
    pub what: String,
    /// Why it is still there.
    pub reason: String,
}
