//! When the images are called old.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::primitives::DateTime;
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use crate::{Failure, build::Build};

/// `StepEnableDeprecation`.
#[derive(Debug)]
pub(crate) struct EnableDeprecation {
    build: Arc<Build>,
}

impl EnableDeprecation {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self { build: build.clone() }
    }
}

#[async_trait]
impl BuildStep for EnableDeprecation {
    fn name(&self) -> &'static str {
        "StepEnableDeprecation"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let Some(at) = self.build.config.ami.deprecate_at else {
            cx.events.say("Skipping Enable AMI deprecation...");
            return Ok(());
        };
        let images = self.build.state().images.clone();
        for image in images {
            cx.events.say(format!(
                "Enabling deprecation on AMI ({}) in region {}...",
                image.id, image.place.region
            ));
            image
                .place
                .ec2
                .enable_image_deprecation()
                .image_id(&image.id)
                .deprecate_at(DateTime::from_secs(at.as_second()))
                .send()
                .await
                .map_err(Failure::of("EnableImageDeprecation"))?;
        }
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}
