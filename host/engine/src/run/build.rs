//! One build from its start to its outcome: the builder's steps and their clean-up, then the post-processors.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::{BuildOutcome, RunFacts, lifecycle};
use crate::{
    Body, BuildContext, Events, PlannedBuild, PlannedStep, SharedArtifact, StepError, limits, panics,
    post_process, provision::Provisioners,
};

/// What the steps of one build share.
#[derive(Debug)]
pub(crate) struct BuildFacts {
    pub(crate) run: Arc<RunFacts>,
    /// `{{build_name}}`.
    pub(crate) name: String,
    /// `{{build_type}}`.
    pub(crate) builder: String,
    /// What the user knows it by.
    pub(crate) display_name: String,
    /// The build's voice.
    pub(crate) events: Events,
    /// Fires when the build is to end.
    pub(crate) cancel: CancellationToken,
}

/// Runs one build. Never panics: a panic is the build's error.
pub(super) async fn run(build: PlannedBuild, run: Arc<RunFacts>) -> BuildOutcome {
    let begun = Instant::now();
    let name = build.display_name.clone();
    let events = run.events.build(&name);
    events.emit(Body::BuildStarted {
        builder: build.builder.clone(),
    });
    let result = match AssertUnwindSafe(artifacts(build, run)).catch_unwind().await {
        Ok(result) => result,
        Err(panic) => Err(StepError::new(panics::message(panic.as_ref()))),
    };
    let took = begun.elapsed();
    let error = result.as_ref().err();
    events.emit(Body::BuildFinished {
        took,
        error: error.map(|error| error.message.clone()),
        hint: error.and_then(|error| error.hint.clone()),
    });
    BuildOutcome {
        name,
        started: true,
        took,
        result: result.map_err(|error| words(&error)),
    }
}

async fn artifacts(build: PlannedBuild, run: Arc<RunFacts>) -> Result<Vec<SharedArtifact>, StepError> {
    let PlannedBuild {
        name,
        builder,
        display_name,
        lifecycle,
        provisioners,
        error_cleanup,
        chains,
    } = build;
    let events = run.events.build(&display_name);
    let cancel = run.cancel.child_token();
    let facts = Arc::new(BuildFacts {
        run,
        name,
        builder,
        display_name,
        events,
        cancel,
    });
    let cleanup_bound = limits::CLEANUP
        + error_cleanup
            .as_ref()
            .and_then(|step| step.timeout)
            .unwrap_or_default();
    let mut cx = context(&facts, provisioners, error_cleanup);
    lifecycle::run(lifecycle.steps(), &mut cx, &facts, cleanup_bound).await?;
    match cx.artifact.take() {
        None => Ok(Vec::new()),
        Some(artifact) => {
            artifact
                .keep()
                .map_err(|error| StepError::new(error.to_string()))?;
            post_process::run(chains, artifact, &cx.generated, &facts).await
        }
    }
}

fn context(
    facts: &Arc<BuildFacts>,
    provisioners: Vec<PlannedStep>,
    error_cleanup: Option<PlannedStep>,
) -> BuildContext {
    BuildContext {
        events: facts.events.clone(),
        secrets: facts.run.secrets.clone(),
        journal: facts.run.journal.clone(),
        cancel: facts.cancel.clone(),
        failed: false,
        debug: facts.run.options.debug,
        communicator: None,
        generated: Vec::new(),
        artifact: None,
        provision: Arc::new(Provisioners::new(provisioners, error_cleanup, facts.clone())),
    }
}

/// An error with its way out on a line of its own.
fn words(error: &StepError) -> String {
    match &error.hint {
        None => error.message.clone(),
        Some(hint) => format!("{}\n{hint}", error.message),
    }
}
