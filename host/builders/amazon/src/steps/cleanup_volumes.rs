//! Removes the volumes that outlive the instance, after it is gone.
//!
//! It runs nothing: it stands before the launch, so that its clean-up comes after the termination.

use std::sync::Arc;

use async_trait::async_trait;
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use super::undo::undo;
use crate::{
    build::{Build, unique_name},
    limits,
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
        if self.made.is_none() {
            return Ok(());
        }
        let launched = self.build.state().instance.is_some();
        if launched {
            cx.events.say("Cleaning up any extra volumes...");
        }
        let place = self.build.place().await?;
        undo(Kind::Volumes, &place, &mut self.made).await
    }

    fn cleanup_limit(&self) -> std::time::Duration {
        limits::CLEANUP
    }
}
