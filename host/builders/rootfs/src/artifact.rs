//! The finished file.

use std::{io, path::PathBuf};

use async_trait::async_trait;
use kilnbox_engine::{Artifact, ArtifactError};

/// An image's archive, or a plain archive of a root file system.
#[derive(Clone, Debug)]
pub struct RootfsArtifact {
    pub(crate) id: String,
    pub(crate) output: PathBuf,
    pub(crate) text: String,
}

#[async_trait]
impl Artifact for RootfsArtifact {
    fn builder_id(&self) -> &str {
        "kilnbox.rootfs"
    }

    fn id(&self) -> String {
        self.id.clone()
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![self.output.clone()]
    }

    fn describe(&self) -> String {
        self.text.clone()
    }

    async fn destroy(&self) -> Result<(), ArtifactError> {
        match tokio::fs::remove_file(&self.output).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ArtifactError {
                what: self.output.display().to_string(),
                reason: error.to_string(),
            }),
            _ => Ok(()),
        }
    }
}
