//! Stops the instance, so that what its volumes hold is whole.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Instance, InstanceStateName};
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use crate::{Failure, build::Build, limits, remove::state, watch::Verdict};

/// `StepStopEBSBackedInstance`.
#[derive(Debug)]
pub(crate) struct StopInstance {
    build: Arc<Build>,
}

impl StopInstance {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self { build: build.clone() }
    }
}

#[async_trait]
impl BuildStep for StopInstance {
    fn name(&self) -> &'static str {
        "StepStopEBSBackedInstance"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let run = &self.build.config.run;
        // A spot instance of a one-time request cannot be stopped: the image is made with a reboot instead.
        if run.spot {
            return Ok(());
        }
        let place = self.build.place().await?;
        let (_, id) = self.build.instance()?;
        if run.disable_stop_instance {
            cx.events
                .say("Automatic instance stop disabled. Please stop instance manually.");
        } else {
            cx.events.say("Stopping the source instance...");
            cx.events.message("Stopping instance");
            let call = place.ec2.stop_instances().instance_ids(&id);
            if let Err(failure) = call.send().await.map_err(Failure::of("StopInstances")) {
                return Err(self.build.explain(failure).await);
            }
        }
        cx.events.say("Waiting for the instance to stop...");
        let what = format!("instance ({id}) to stop");
        let wait = self
            .build
            .wait(&what, place.instances.delay(), limits::INSTANCE_WAIT);
        let judge = |instance: &Instance| match state(instance) {
            Some(InstanceStateName::Stopped) => Verdict::Done(()),
            Some(InstanceStateName::Terminated) => Verdict::Never(
                StepError::new(format!("instance ({id}) was terminated instead of stopped"))
                    .hint("`shutdown_behavior` must be `stop`, and nobody else may end the instance"),
            ),
            other => Verdict::NotYet(other.map_or("unknown", InstanceStateName::as_str).to_owned()),
        };
        place.instances.until(&id, wait, cx, judge).await
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}
