//! Runs a builder's steps in order and cleans up those that were started, in reverse order (`reference/packer.md`
//! §8.2).
//!
//! The one way out of here without a clean-up is `-on-error=abort` and its relatives, and then each step that was
//! left is named, the one that failed first.

use std::time::{Duration, Instant};

use super::{
    OnError,
    bounded::{with_grace, within},
    build::BuildFacts,
};
use crate::{Body, BuildContext, BuildStep, Events, StepError, StepId, limits};

/// The step whose clean-up is the error-cleanup provisioner.
const PROVISION: &str = "StepProvision";

/// What to do with the steps that were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    CleanUp,
    Leave,
    LeaveButProvision,
}

/// Runs `steps`. The error-cleanup provisioner may take `provision_cleanup`; every other clean-up what its step asks
/// for, up to [`limits::CLEANUP_MOST`].
pub(super) async fn run(
    mut steps: Vec<Box<dyn BuildStep>>,
    cx: &mut BuildContext,
    facts: &BuildFacts,
    provision_cleanup: Duration,
) -> Result<(), StepError> {
    let mut started = 0;
    let mut result = Ok(());
    let mut after = After::CleanUp;
    for (index, step) in steps.iter_mut().enumerate() {
        if facts.cancel.is_cancelled() {
            break;
        }
        started = index + 1;
        if let Err((error, then)) = run_until_decided(step.as_mut(), index, cx, facts).await {
            result = Err(error);
            after = then;
            break;
        }
    }
    if result.is_ok() && facts.cancel.is_cancelled() {
        result = Err(StepError::cancelled());
        after = after_error(facts.run.options.on_error);
    }
    cx.failed = result.is_err();
    // A person who answered was told which step failed.
    let asked = facts.run.options.on_error == OnError::Ask;
    if let (Err(error), false, false) = (&result, after == After::CleanUp, asked) {
        let last = steps
            .get(started.saturating_sub(1))
            .map_or("", |step| step.name());
        announce_abort(last, error, facts);
    }
    for (index, step) in steps.iter_mut().enumerate().take(started).rev() {
        let provision = step.name() == PROVISION;
        if after == After::CleanUp || (after == After::LeaveButProvision && provision) {
            let bound = if provision {
                provision_cleanup
            } else {
                bound(step.as_ref())
            };
            let cleaned = clean_up(step.as_mut(), index, cx, facts, bound).await;
            result = match (result, cleaned) {
                (Err(original), Err(error)) if provision => Err(StepError {
                    message: format!("Cleanup failed: {error}. Original Provisioning error: {original}"),
                    ..original
                }),
                (result, Ok(())) => result,
                (result, Err(error)) => {
                    let text = format!("cleaning up after step {:?}: {error}", step.name());
                    voice(step.as_ref(), index, 1, &facts.events).error(text);
                    result
                }
            };
        } else if asked || index + 1 < started {
            facts
                .events
                .error(format!("aborted: skipping cleanup of step {:?}", step.name()));
        }
    }
    result
}

fn announce_abort(step: &str, error: &StepError, facts: &BuildFacts) {
    if facts.cancel.is_cancelled() {
        facts.events.error("Interrupted, aborting...");
        return;
    }
    facts.events.error(error.message.clone());
    facts.events.error(format!("Step {step:?} failed, aborting..."));
}

/// Runs one step, again and again if the person asks for it. The error comes with what is to follow.
async fn run_until_decided(
    step: &mut dyn BuildStep,
    index: usize,
    cx: &mut BuildContext,
    facts: &BuildFacts,
) -> Result<(), (StepError, After)> {
    let mut attempt = 1;
    loop {
        let voice = voice(step, index, attempt, &facts.events);
        let outcome = run_once(step, voice, cx, facts).await;
        pause(
            &format!(
                "Pausing after run of step '{}'. Press enter to continue.",
                step.name()
            ),
            facts,
        )
        .await;
        let Err(error) = outcome else { return Ok(()) };
        let on_error = facts.run.options.on_error;
        if on_error != OnError::Ask || facts.cancel.is_cancelled() {
            return Err((error, after_error(on_error)));
        }
        match ask(step.name(), &error, facts).await {
            Some(after) => return Err((error, after)),
            None => attempt += 1,
        }
    }
}

fn after_error(on_error: OnError) -> After {
    match on_error {
        OnError::Cleanup | OnError::Ask => After::CleanUp,
        OnError::Abort => After::Leave,
        OnError::RunCleanupProvisioner => After::LeaveButProvision,
    }
}

async fn run_once(
    step: &mut dyn BuildStep,
    voice: Events,
    cx: &mut BuildContext,
    facts: &BuildFacts,
) -> Result<(), StepError> {
    let begun = Instant::now();
    let grace = if step.name() == PROVISION {
        limits::GRACE + limits::TIDY
    } else {
        limits::GRACE
    };
    cx.events = voice.clone();
    voice.emit(Body::StepStarted);
    let outcome = with_grace(step.run(cx), &facts.cancel, grace, &facts.run.hurry).await;
    voice.step_finished(
        begun.elapsed(),
        outcome.as_ref().err().map(|error| error.message.clone()),
    );
    cx.events = facts.events.clone();
    outcome
}

/// What the person wants after an error; none is to try again. Where nobody answers, it is to clean up.
async fn ask(step: &str, error: &StepError, facts: &BuildFacts) -> Option<After> {
    facts.events.error(error.message.clone());
    facts.events.say(format!("Step {step:?} failed"));
    let question = "[c] Clean up and exit, [a] abort without cleanup, or [r] retry step (build may fail even if \
                    retry succeeds)?";
    loop {
        let answer = facts
            .run
            .asker
            .ask(&facts.display_name, question, &facts.cancel)
            .await;
        match answer.as_deref().map(str::trim) {
            None | Some("" | "c") => return Some(After::CleanUp),
            Some("a") => return Some(After::Leave),
            Some("r") => return None,
            Some(other) => facts.events.say(format!("Incorrect input: {other:?}")),
        }
    }
}

/// How long the clean-up of a step may take.
pub(super) fn bound(step: &dyn BuildStep) -> Duration {
    step.cleanup_limit().min(limits::CLEANUP_MOST)
}

async fn clean_up(
    step: &mut dyn BuildStep,
    index: usize,
    cx: &mut BuildContext,
    facts: &BuildFacts,
    bound: Duration,
) -> Result<(), StepError> {
    pause(
        &format!(
            "Pausing before cleanup of step '{}'. Press enter to continue.",
            step.name()
        ),
        facts,
    )
    .await;
    cx.events = voice(step, index, 1, &facts.events);
    let outcome = within(step.cleanup(cx), bound, &facts.run.hurry).await;
    cx.events = facts.events.clone();
    outcome
}

/// A pause of `-debug`. A signal ends it.
async fn pause(question: &str, facts: &BuildFacts) {
    if facts.run.options.debug {
        facts
            .run
            .asker
            .ask(&facts.display_name, question, &facts.cancel)
            .await;
    }
}

fn voice(step: &dyn BuildStep, index: usize, attempt: u32, events: &Events) -> Events {
    events.step(StepId {
        index: u32::try_from(index).unwrap_or(u32::MAX),
        name: step.name().to_owned(),
        kind: "builder",
        attempt,
        third_party: false,
    })
}
