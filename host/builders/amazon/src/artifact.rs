//! The AMIs of a build, in every region.

use std::path::PathBuf;

use async_trait::async_trait;
use kilnbox_engine::{Artifact, ArtifactError};

use crate::{
    remove::remove,
    resource::{Kind, MadeImage},
};

/// What `amazon-ebs` makes (`reference/packer.md` §7.1.4).
#[derive(Debug)]
pub(crate) struct AmiArtifact {
    images: Vec<MadeImage>,
}

impl AmiArtifact {
    /// Of at least one image.
    pub(crate) fn new(mut images: Vec<MadeImage>) -> Self {
        images.sort_by(|a, b| a.place.region.cmp(&b.place.region));
        Self { images }
    }
}

#[async_trait]
impl Artifact for AmiArtifact {
    fn builder_id(&self) -> &str {
        "mitchellh.amazonebs"
    }

    fn id(&self) -> String {
        let ids = self
            .images
            .iter()
            .map(|image| format!("{}:{}", image.place.region, image.id));
        ids.collect::<Vec<_>>().join(",")
    }

    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn describe(&self) -> String {
        let lines = self
            .images
            .iter()
            .map(|image| format!("{}: {}\n", image.place.region, image.id));
        format!("AMIs were created:\n{}", lines.collect::<String>())
    }

    fn keep(&self) -> Result<(), ArtifactError> {
        for image in &self.images {
            image.recorded.clone().strike().map_err(|error| ArtifactError {
                what: image.id.clone(),
                reason: error.message,
            })?;
        }
        Ok(())
    }

    async fn destroy(&self) -> Result<(), ArtifactError> {
        for image in &self.images {
            remove(Kind::Image, &image.place, image.recorded.resource(), true)
                .await
                .map_err(|reason| ArtifactError {
                    what: image.id.clone(),
                    reason,
                })?;
        }
        Ok(())
    }
}
