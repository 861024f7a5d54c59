//! The provisioners of one build, in order, with their pauses, timeouts and retries (`reference/packer.md` §4, §8.3).
//!
//! [`crate::StepProvision`] calls it where the builder's instance is ready. Unlike in Packer, a pause and a timeout work
//! together, a timeout ends the try even where the step does not listen, each try starts afresh, and the error is
//! that of the last try.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::{
    Body, BuildContext, Events, NoCommunicator, PlannedStep, ProvisionHook, SharedCommunicator, StepError,
    StepKind,
    attempt::{self, Generated},
    duration::in_go,
    run::BuildFacts,
};

/// Runs the provisioners of one build.
#[derive(Debug)]
pub(crate) struct Provisioners {
    steps: Vec<PlannedStep>,
    error_cleanup: Option<PlannedStep>,
    facts: Arc<BuildFacts>,
}

impl Provisioners {
    pub(crate) fn new(
        steps: Vec<PlannedStep>,
        error_cleanup: Option<PlannedStep>,
        facts: Arc<BuildFacts>,
    ) -> Self {
        Self {
            steps,
            error_cleanup,
            facts,
        }
    }

    async fn run_all(&self, cx: &BuildContext) -> Result<(), StepError> {
        let generated = attempt::generated(&cx.generated, &self.facts);
        for (index, step) in self.steps.iter().enumerate() {
            let on = communicator(step, cx)?;
            self.pause_for_debug().await;
            self.run(step, index, &generated, &on, &cx.cancel).await?;
        }
        Ok(())
    }

    /// Runs one provisioner until a try succeeds or none is left.
    async fn run(
        &self,
        step: &PlannedStep,
        index: usize,
        generated: &Generated,
        on: &SharedCommunicator,
        stop: &CancellationToken,
    ) -> Result<(), StepError> {
        let mut left = step.max_retries;
        let mut attempt = 1;
        loop {
            let voice = attempt::voice(StepKind::Provisioner, step, index, attempt, &self.facts.events);
            if let Some(pause) = step.pause_before {
                wait(pause, &voice, stop).await?;
            }
            if let Some(timeout) = step.timeout {
                voice.say(format!(
                    "Setting a {} timeout for the next provisioner...",
                    in_go(timeout)
                ));
            }
            let work = async |job| step.step.provision(job, on.clone()).await;
            let outcome = attempt::run(step, generated, &self.facts, &voice, stop, work).await;
            let Err(error) = outcome else { return Ok(()) };
            if error.cancelled || stop.is_cancelled() || step.max_retries == 0 {
                return Err(error);
            }
            if left == 0 {
                voice.say("retry limit reached.");
                return Err(error);
            }
            voice.say(format!(
                "Provisioner failed with {:?}, retrying with {left} trie(s) left",
                error.message
            ));
            settle(on, stop).await?;
            left -= 1;
            attempt = attempt.saturating_add(1);
        }
    }

    async fn pause_for_debug(&self) {
        if self.facts.run.options.debug {
            let question = "Pausing before the next provisioner . Press enter to continue.";
            self.facts
                .run
                .asker
                .ask(&self.facts.display_name, question, &self.facts.cancel)
                .await;
        }
    }
}

#[async_trait]
impl ProvisionHook for Provisioners {
    async fn provision(&self, cx: &BuildContext) -> Result<(), StepError> {
        if let Some((_, host)) = cx.generated.iter().find(|(key, _)| key == "Host") {
            self.facts.events.emit(Body::Connected { host: host.clone() });
        }
        self.run_all(cx).await
    }

    /// The build's own token has fired where it was cancelled, so this one hangs on the second signal alone.
    async fn provision_cleanup(&self, cx: &BuildContext) -> Result<(), StepError> {
        // Said even where there is none, as by Packer; a build that was cancelled had no error.
        if self.error_cleanup.is_some() || !self.facts.cancel.is_cancelled() {
            self.facts
                .events
                .say("Provisioning step had errors: Running the cleanup provisioner, if present...");
        }
        let Some(step) = &self.error_cleanup else {
            return Ok(());
        };
        let on = communicator(step, cx)?;
        let generated = attempt::generated(&cx.generated, &self.facts);
        self.run(step, self.steps.len(), &generated, &on, &self.facts.run.hurry)
            .await
    }
}

/// What `step` works on. One that does nothing to the instance, such as `shell-local` or `sleep`, runs without.
fn communicator(step: &PlannedStep, cx: &BuildContext) -> Result<SharedCommunicator, StepError> {
    if cx.communicator.is_none() && !step.step.uses_instance() {
        return Ok(Arc::new(NoCommunicator::default()));
    }
    cx.communicator().cloned()
}

/// Waits until nothing of a try that was given up runs on the instance any more, so that the next one has it to itself.
async fn settle(on: &SharedCommunicator, stop: &CancellationToken) -> Result<(), StepError> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(StepError::cancelled()),
        () = on.settle() => Ok(()),
    }
}

/// `pause_before`, which a cancellation ends.
async fn wait(pause: Duration, voice: &Events, stop: &CancellationToken) -> Result<(), StepError> {
    voice.say(format!("Pausing {} before the next provisioner...", in_go(pause)));
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(StepError::cancelled()),
        () = tokio::time::sleep(pause) => Ok(()),
    }
}
