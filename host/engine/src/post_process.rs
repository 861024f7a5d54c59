//! The post-processor chains of one build (`reference/packer.md` §8.4).
//!
//! Each chain starts from the builder's artifact; inside a chain, artifacts flow. Unlike in Packer, nothing is removed
//! before everything that could still need it has succeeded: an intermediate artifact goes when its whole chain
//! succeeded, the builder's when all chains did and none keeps it. An artifact is listed once.

use std::sync::Arc;

use crate::{
    Level, PlannedStep, PostProcessed, SharedArtifact, StepError, StepKind,
    attempt::{self, Generated},
    run::BuildFacts,
};

/// What one chain wants to become of the artifacts it saw.
#[derive(Debug, Default)]
struct ChainEnd {
    keep_original: bool,
    kept: Vec<SharedArtifact>,
    to_destroy: Vec<SharedArtifact>,
}

/// Runs all chains. Returns the artifacts for the closing list, or all errors as one.
pub(crate) async fn run(
    chains: Vec<Vec<PlannedStep>>,
    original: SharedArtifact,
    by_builder: &[(String, String)],
    facts: &BuildFacts,
) -> Result<Vec<SharedArtifact>, StepError> {
    let generated = attempt::generated(by_builder, facts);
    let mut index = 0;
    let mut errors = Vec::new();
    let mut keep_original = chains.iter().all(Vec::is_empty);
    let mut made: Vec<SharedArtifact> = Vec::new();
    for chain in chains.iter().filter(|chain| !chain.is_empty()) {
        if facts.cancel.is_cancelled() {
            errors.push(StepError::cancelled().message);
            break;
        }
        match run_chain(chain, index, &original, &generated, facts).await {
            Ok(end) => {
                keep_original |= end.keep_original;
                made.extend(end.kept);
                errors.extend(destroy(&end.to_destroy).await);
            }
            Err(error) => errors.push(format!("Post-processor failed: {error}")),
        }
        index += chain.len();
    }
    if errors.is_empty() && !keep_original {
        errors.extend(destroy(std::slice::from_ref(&original)).await);
    }
    if errors.is_empty() {
        let first = keep_original.then_some(original);
        return Ok(distinct(first.into_iter().chain(made)));
    }
    for artifact in distinct([original].into_iter().chain(made)) {
        facts
            .events
            .message(format!("kept because of the error: {}", artifact.describe()));
    }
    Err(StepError::new(joined(&errors)))
}

/// Runs one chain. On an error nothing of it is removed.
async fn run_chain(
    chain: &[PlannedStep],
    first_index: usize,
    original: &SharedArtifact,
    generated: &Generated,
    facts: &BuildFacts,
) -> Result<ChainEnd, StepError> {
    let mut end = ChainEnd::default();
    let mut prior = original.clone();
    for (offset, step) in chain.iter().enumerate() {
        let voice = attempt::voice(
            StepKind::PostProcessor,
            step,
            first_index + offset,
            1,
            &facts.events,
        );
        facts.events.say(announcement(step));
        let input = prior.clone();
        let work = async |job| step.step.post_process(job, input).await;
        let done = attempt::run(step, generated, facts, &voice, &facts.cancel, work).await?;
        if step.keep_input == Some(false) && done.must_keep_input {
            voice.log(
                Level::Info,
                "`keep_input_artifact` is ignored: what was made needs its input",
                Vec::new(),
            );
        }
        if same(&done.artifact, &prior) {
            // Nothing new was made: the next one takes the same artifact. Whether it stays is decided all the same.
            match (same(&prior, original), keeps(step, &done)) {
                (true, keep) => end.keep_original |= keep,
                (false, true) => end.kept.push(prior.clone()),
                (false, false) => {}
            }
            continue;
        }
        match (same(&prior, original), keeps(step, &done)) {
            (true, keep) => end.keep_original |= keep,
            (false, true) => end.kept.push(prior),
            (false, false) => end.to_destroy.push(prior),
        }
        prior = done.artifact;
    }
    if same(&prior, original) {
        end.keep_original = true;
    } else {
        end.kept.push(prior);
    }
    let needed = |artifact: &SharedArtifact| {
        same(artifact, original) || end.kept.iter().any(|kept| same(kept, artifact))
    };
    end.to_destroy.retain(|artifact| !needed(artifact));
    Ok(end)
}

/// Three have a say, in this order: the post-processor that must have its input, the user, the post-processor's own wish.
fn keeps(step: &PlannedStep, done: &PostProcessed) -> bool {
    done.must_keep_input || step.keep_input.unwrap_or(done.keep_input)
}

fn announcement(step: &PlannedStep) -> String {
    let kind = step.step.name();
    if step.name == kind {
        format!("Running post-processor: {kind}")
    } else {
        format!("Running post-processor: {} (type {kind})", step.name)
    }
}

/// Removes artifacts; returns what went wrong.
async fn destroy(artifacts: &[SharedArtifact]) -> Vec<String> {
    let mut errors = Vec::new();
    for artifact in artifacts {
        let removal = async {
            artifact
                .destroy()
                .await
                .map_err(|error| StepError::new(error.to_string()))
        };
        if let Err(error) = crate::run::within(removal, crate::limits::CLEANUP, &Default::default()).await {
            errors.push(error.to_string());
        }
    }
    errors
}

/// Whether two handles are one artifact.
fn same(one: &SharedArtifact, other: &SharedArtifact) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}

fn distinct(artifacts: impl Iterator<Item = SharedArtifact>) -> Vec<SharedArtifact> {
    let mut distinct: Vec<SharedArtifact> = Vec::new();
    for artifact in artifacts {
        if !distinct.iter().any(|known| same(known, &artifact)) {
            distinct.push(artifact);
        }
    }
    distinct
}

/// As Packer lists them, a single one too.
fn joined(errors: &[String]) -> String {
    let list: Vec<String> = errors.iter().map(|error| format!("* {error}")).collect();
    format!("{} error(s) occurred:\n\n{}", errors.len(), list.join("\n"))
}
