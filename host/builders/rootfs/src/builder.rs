//! The builder itself: options in, steps out.

use std::{path::PathBuf, sync::Arc};

use kilnbox_engine::{BuildStep, Builder, Lifecycle, Options, Problem, StepProvision};
use serde_json::Value as Json;
use tokio::sync::Mutex;

use crate::{
    Images,
    options::{Config, SCHEMA},
    steps::{Shared, StepCapture, StepPrepare, StepStart},
};

/// The builder `rootfs`.
#[derive(Clone, Debug)]
pub struct RootfsBuilder {
    executable: PathBuf,
    state_dir: PathBuf,
    images: Option<Arc<dyn Images>>,
}

impl RootfsBuilder {
    /// A builder that starts `executable` as its helper (with [`crate::CONTAINER_COMMAND`] as the first argument, see
    /// [`crate::container_main`]) and works below `state_dir`.
    pub fn new(executable: PathBuf, state_dir: PathBuf) -> Self {
        Self {
            executable,
            state_dir,
            images: None,
        }
    }

    /// A builder that can start from images of registries.
    pub fn with_images(self, images: Arc<dyn Images>) -> Self {
        Self {
            images: Some(images),
            ..self
        }
    }
}

impl Builder for RootfsBuilder {
    fn kind(&self) -> &'static str {
        "rootfs"
    }

    fn schema(&self) -> &Json {
        &SCHEMA
    }

    fn prepare(&self, options: &Options) -> Result<Box<dyn Lifecycle>, Vec<Problem>> {
        let config = Config::parse(options, self.images.as_deref())?;
        Ok(Box::new(Rootfs {
            builder: self.clone(),
            config,
        }))
    }
}

#[derive(Debug)]
struct Rootfs {
    builder: RootfsBuilder,
    config: Config,
}

impl Lifecycle for Rootfs {
    fn steps(self: Box<Self>) -> Vec<Box<dyn BuildStep>> {
        let Self { builder, config } = *self;
        let (config, shared) = (Arc::new(config), Arc::new(Mutex::new(Shared::default())));
        vec![
            Box::new(StepPrepare::new(
                config.clone(),
                shared.clone(),
                builder.state_dir,
                builder.images,
            )),
            Box::new(StepStart::new(config.clone(), shared.clone(), builder.executable)),
            Box::new(StepProvision),
            Box::new(StepCapture::new(config, shared)),
        ]
    }
}
