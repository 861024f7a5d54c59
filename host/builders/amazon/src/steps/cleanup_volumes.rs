//! Removes the volumes that outlive the instance, after it is gone.
//!
//! It runs nothing: it stands before the launch, so that its clean-up comes after the termination.

use std::sync::Arc;

use async_trait::async_trait;
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use super::key_pair::left;
use crate::{
    build::{Build, unique_name},
    limits,
    remove::remove,
    resource::{Kind, Recorded},
};

/// `StepCleanupVolumes`.
#[derive(Debug)]
pub(crate) struct CleanupVolumes {
    build: Arc<Build>,
    made: Option<Recorded>,
}

impl CleanupVolumes {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self {
            build: build.clone(),
            made: None,
        }
    }
}

#[async_trait]
impl BuildStep for CleanupVolumes {
    fn name(&self) -> &'static str {
        "StepCleanupVolumes"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let token = unique_name();
        let place = self.build.place().await?;
        // Of the mappings of the image nobody knows here which volumes stay, so every build looks.
        self.made = Some(Recorded::new(cx, Kind::Volumes, &place, &token)?);
        self.build.state().token = Some(token);
        Ok(())
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let Some(made) = &self.made else { return Ok(()) };
        let launched = self.build.state().instance.is_some();
        if launched {
            cx.events.say("Cleaning up any extra volumes...");
        }
        let place = self.build.place().await?;
        remove(Kind::Volumes, &place, made.resource(), true)
            .await
            .map_err(|reason| left(Kind::Volumes, made, reason))?;
        self.made.take().map_or(Ok(()), Recorded::strike)
    }

    fn cleanup_limit(&self) -> std::time::Duration {
        limits::CLEANUP
    }
}
