//! Registries as the builder `rootfs` sees them: images to start from.

use std::path::Path;

use async_trait::async_trait;
use kilnbox_builder_rootfs::{Images, Unavailable};
use kilnbox_registry::ImageName;

use crate::{error::Error, folders::Folders, wire};

/// Images of registries, kept in the user's cache. Nothing is read before an image is wanted.
#[derive(Clone, Debug)]
pub(crate) struct BaseImages {
    folders: Folders,
}

impl BaseImages {
    pub(crate) fn new(folders: Folders) -> Self {
        Self { folders }
    }

    async fn fetch(&self, name: &str, layout: &Path) -> Result<(), Error> {
        let settings = wire::registries(&self.folders)?;
        let images = kilnbox_registry::Images::new(settings, wire::store(&self.folders));
        match ImageName::parse(name) {
            Some(name) => Ok(images.pull(&name, layout).await?),
            None => Err(Error::Other {
                message: format!("`{name}` is no image of a registry"),
                hint: None,
            }),
        }
    }
}

#[async_trait]
impl Images for BaseImages {
    fn are_named(&self, text: &str) -> bool {
        ImageName::parse(text).is_some()
    }

    async fn pull(&self, name: &str, layout: &Path) -> Result<(), Unavailable> {
        self.fetch(name, layout).await.map_err(|error| match error {
            Error::Registry { message, hint } | Error::Other { message, hint } => {
                Unavailable { message, hint }
            }
            error => Unavailable {
                message: error.to_string(),
                hint: None,
            },
        })
    }
}
