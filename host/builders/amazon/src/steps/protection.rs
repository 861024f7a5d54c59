//! Keeps the images from being deregistered.

use std::sync::Arc;

use async_trait::async_trait;
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use crate::{Failure, build::Build};

/// `StepEnableDeregistrationProtection`.
#[derive(Debug)]
pub(crate) struct EnableDeregistrationProtection {
    build: Arc<Build>,
}

impl EnableDeregistrationProtection {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self { build: build.clone() }
    }
}

#[async_trait]
impl BuildStep for EnableDeregistrationProtection {
    fn name(&self) -> &'static str {
        "StepEnableDeregistrationProtection"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let Some(protection) = self.build.config.ami.deregistration_protection else {
            cx.events.say("Skipping Enable AMI deregistration protection...");
            return Ok(());
        };
        let images = self.build.state().images.clone();
        for image in images {
            cx.events.say(format!(
                "Enabling deregistration protection on AMI ({}) in region {}...",
                image.id, image.place.region
            ));
            image
                .place
                .ec2
                .enable_image_deregistration_protection()
                .image_id(&image.id)
                .with_cooldown(protection.with_cooldown)
                .send()
                .await
                .map_err(Failure::of("EnableImageDeregistrationProtection"))?;
        }
        Ok(())
    }

    /// What a later step's failure removes must not be protected.
    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        if !cx.failed || self.build.config.ami.deregistration_protection.is_none() {
            return Ok(());
        }
        let images = self.build.state().images.clone();
        for image in images {
            image
                .place
                .ec2
                .disable_image_deregistration_protection()
                .image_id(&image.id)
                .send()
                .await
                .map_err(Failure::of("DisableImageDeregistrationProtection"))?;
        }
        Ok(())
    }
}
