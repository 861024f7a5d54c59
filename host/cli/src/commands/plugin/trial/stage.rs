//! The sandbox, with another machine behind one component: a transcript that plays, or one that is being written.

use std::sync::Arc;

use async_trait::async_trait;
use kilnbox_engine::{
    Chance, Job, LoadError, PostProcessed, Problem, SharedArtifact, SharedCommunicator, Step, StepError,
    StepKind, StepRunner, event::Component,
};
use kilnbox_sandbox::Sandbox;
use kilnbox_transcript::{Recorder, Replay};
use serde_json::Value as Json;

/// What stands behind the component.
#[derive(Clone, Debug)]
pub(in crate::commands::plugin) enum Behind {
    /// What the builder made.
    Machine,
    /// A transcript, and its clock and chance.
    Replay(Replay, Chance),
    /// What the builder made, and somebody who listens.
    Recorder(Recorder, Chance),
}

/// Runs the one component of a trial.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    /// The component's name in the template.
    pub(super) name: String,
    pub(super) behind: Behind,
}

#[async_trait]
impl StepRunner for Stage {
    async fn load(&self, kind: StepKind, name: &str) -> Result<Arc<dyn Step>, LoadError> {
        let step = self.sandbox.load(kind, name).await?;
        if name != self.name {
            return Ok(step);
        }
        Ok(Arc::new(Tried {
            step,
            behind: self.behind.clone(),
        }))
    }
}

#[derive(Debug)]
struct Tried {
    step: Arc<dyn Step>,
    behind: Behind,
}

#[async_trait]
impl Step for Tried {
    fn name(&self) -> &str {
        self.step.name()
    }

    fn third_party(&self) -> bool {
        self.step.third_party()
    }

    fn uses_instance(&self) -> bool {
        // A transcript is no instance that the builder would have to make.
        !matches!(self.behind, Behind::Replay(..)) && self.step.uses_instance()
    }

    fn component(&self) -> Option<Component> {
        self.step.component()
    }

    fn schema(&self) -> &Json {
        self.step.schema()
    }

    async fn validate(&self, options: &Json) -> Result<Vec<Problem>, StepError> {
        self.step.validate(options).await
    }

    async fn provision(&self, job: Job, on: SharedCommunicator) -> Result<(), StepError> {
        match &self.behind {
            Behind::Machine => self.step.provision(job, on).await,
            Behind::Replay(replay, chance) => {
                let job = Job {
                    chance: *chance,
                    ..job
                };
                let outcome = self.step.provision(job, Arc::new(replay.clone())).await;
                // Going astray is the cause of whatever the step says then.
                replay
                    .verdict()
                    .map_err(|departure| StepError::new(departure.to_string()))?;
                outcome
            }
            Behind::Recorder(recorder, chance) => {
                let job = Job {
                    chance: *chance,
                    ..job
                };
                self.step.provision(job, Arc::new(recorder.listen(on))).await
            }
        }
    }

    async fn post_process(&self, job: Job, input: SharedArtifact) -> Result<PostProcessed, StepError> {
        self.step.post_process(job, input).await
    }
}
