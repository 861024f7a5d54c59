//! Runs a [`Plan`]: its builds in parallel, each to its artifacts, its error, or its clean end after a signal.
//!
//! [`run`] is called once by `cli`. It never fails as a whole: whatever goes wrong is the outcome of one build
//! ([`BuildOutcome`]) and is said on the event stream. When it returns, every task it started has ended.

mod bounded;
mod build;
mod lifecycle;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    Body, Events, Journal, Plan, Secrets, SharedArtifact, limits,
    prompt::{Asker, Prompt},
};

pub(crate) use bounded::{with_grace, within};
pub(crate) use build::BuildFacts;

/// How to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Identifies this run; the same as in the events and the journal.
    pub run_id: String,
    /// Builds that run at the same time; 0 sets no limit. `debug` makes it 1.
    pub parallel: usize,
    /// `-debug`: pause after each step and before each clean-up.
    pub debug: bool,
    /// `-force`, handed to the steps.
    pub force: bool,
    /// `-on-error`.
    pub on_error: OnError,
    /// Answers the pauses of `debug` and the question of [`OnError::Ask`]; without it nothing pauses and the answer is
    /// to clean up.
    pub prompt: Option<Arc<dyn Prompt>>,
    /// The folder programs on the host start in.
    pub working_dir: PathBuf,
}

/// What to do when a step of a builder fails (`reference/packer.md` §8.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Clean up.
    #[default]
    Cleanup,
    /// Leave everything as it is, to be looked at; `kilnbox gc` removes it later.
    Abort,
    /// Ask the person: clean up, abort, or try the step again.
    Ask,
    /// As `Abort`, but run the error-cleanup provisioner.
    RunCleanupProvisioner,
}

impl OnError {
    /// As users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cleanup => "cleanup",
            Self::Abort => "abort",
            Self::Ask => "ask",
            Self::RunCleanupProvisioner => "run-cleanup-provisioner",
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct RunSummary {
    /// Every build of the plan, in its order.
    pub builds: Vec<BuildOutcome>,
    /// Whether a signal ended it.
    pub cancelled: bool,
    /// From the first build's start to the last one's end.
    pub took: Duration,
}

/// What came of one build.
#[derive(Debug)]
pub struct BuildOutcome {
    /// What the user knows it by.
    pub name: String,
    /// Whether it was started at all; after a signal, waiting builds are not.
    pub started: bool,
    /// From its start to the end of its clean-up and post-processors.
    pub took: Duration,
    /// Its artifacts for the closing list, or why there are none.
    pub result: Result<Vec<SharedArtifact>, String>,
}

/// What the builds of a run share.
#[derive(Debug)]
pub(crate) struct RunFacts {
    pub(crate) options: RunOptions,
    pub(crate) events: Events,
    pub(crate) journal: Journal,
    pub(crate) secrets: Secrets,
    pub(crate) cancel: CancellationToken,
    pub(crate) hurry: CancellationToken,
    pub(crate) asker: Asker,
}

/// Runs all builds. `cancel` fires at the first signal: steps get [`limits::GRACE`] to end and everything is cleaned
/// up. `hurry` fires at the second: clean-ups get [`limits::CLEANUP_HURRIED`] each. The journal is finished here.
pub async fn run(
    plan: Plan,
    options: RunOptions,
    events: Events,
    journal: Journal,
    secrets: Secrets,
    cancel: CancellationToken,
    hurry: CancellationToken,
) -> RunSummary {
    let begun = Instant::now();
    let unredactable = plan.secrets.iter().filter(|secret| !secrets.add(secret)).count();
    if unredactable > 0 {
        events.warning(format!(
            "{unredactable} sensitive value(s) shorter than {} characters cannot be hidden in the output",
            limits::SECRET_MIN
        ));
    }
    events.emit(Body::RunStarted {
        builds: plan
            .builds
            .iter()
            .map(|build| build.display_name.clone())
            .collect(),
    });
    let asker = Asker::new(options.prompt.clone(), events.clone());
    let facts = Arc::new(RunFacts {
        options,
        events,
        journal,
        secrets,
        cancel,
        hurry,
        asker,
    });
    let builds = run_builds(plan, &facts).await;
    let summary = RunSummary {
        builds,
        cancelled: facts.cancel.is_cancelled(),
        took: begun.elapsed(),
    };
    finish_journal(&facts);
    announce(&summary, &facts.events);
    summary
}

/// Starts the builds in order, as many at a time as allowed, and waits for all.
async fn run_builds(plan: Plan, facts: &Arc<RunFacts>) -> Vec<BuildOutcome> {
    let parallel = match facts.options.parallel {
        _ if facts.options.debug => 1,
        0 => Semaphore::MAX_PERMITS,
        limit => limit.min(Semaphore::MAX_PERMITS),
    };
    let permits = Arc::new(Semaphore::new(parallel));
    let mut outcomes: Vec<BuildOutcome> = plan
        .builds
        .iter()
        .map(|build| BuildOutcome::waiting(&build.display_name))
        .collect();
    let mut running = JoinSet::new();
    for (index, build) in plan.builds.into_iter().enumerate() {
        let permit = tokio::select! {
            biased;
            () = facts.cancel.cancelled() => break,
            permit = permits.clone().acquire_owned() => permit,
        };
        let facts = facts.clone();
        running.spawn(async move {
            let outcome = build::run(build, facts).await;
            drop(permit);
            (index, outcome)
        });
    }
    while let Some(ended) = running.join_next().await {
        // A task cannot panic (`build::run` catches it) and is not aborted, so its outcome is there.
        if let Ok((index, outcome)) = ended
            && let Some(place) = outcomes.get_mut(index)
        {
            *place = outcome;
        }
    }
    outcomes
}

impl BuildOutcome {
    fn waiting(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            started: false,
            took: Duration::ZERO,
            result: Err("cancelled before it was started".to_owned()),
        }
    }
}

fn finish_journal(facts: &RunFacts) {
    match facts.journal.finish() {
        Ok(true) => {}
        Ok(false) => facts.events.warning(format!(
            "{} resource(s) of this run may still exist; `kilnbox gc` removes them",
            facts.journal.open()
        )),
        Err(error) => facts.events.warning(error.to_string()),
    }
}

/// Artifacts and errors, in the order of the plan.
fn announce(summary: &RunSummary, events: &Events) {
    let mut errors = Vec::new();
    for build in &summary.builds {
        match &build.result {
            Err(error) => errors.push((build.name.clone(), error.clone())),
            Ok(artifacts) => {
                for (index, artifact) in artifacts.iter().enumerate() {
                    events.build(&build.name).emit(Body::Artifact {
                        index,
                        builder_id: artifact.builder_id().to_owned(),
                        id: artifact.id(),
                        text: artifact.describe(),
                        files: artifact
                            .files()
                            .iter()
                            .map(|path| path.display().to_string())
                            .collect(),
                    });
                }
            }
        }
    }
    events.emit(Body::RunFinished {
        took: summary.took,
        cancelled: summary.cancelled,
        errors,
    });
}

#[cfg(test)]
mod tests;
