//! One try of a provisioner or post-processor: its voice, its [`Job`], its end.
//!
//! A try gets a cancellation token of its own. When its time is over or the build is cancelled, the token fires, the
//! step has [`limits::GRACE`] to end (and its runner [`limits::TIDY`] to remove what it left on the instance), and then
//! its future is dropped, whatever it is doing.

use std::{
    collections::BTreeMap,
    pin::pin,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{
    Act, Body, Bound, Chance, Deed, Events, Job, PlannedStep, StepError, StepId, StepKind,
    duration::in_go,
    limits,
    run::{BuildFacts, with_grace},
};

/// Values of a build for `{{build "Key"}}`.
pub(crate) type Generated = BTreeMap<String, String>;

/// What Packer puts where a builder gives no value.
const DEFAULTS: [(&str, &str); 4] = [
    ("ID", "ERR_ID_NOT_IMPLEMENTED_BY_BUILDER"),
    ("PackerHTTPIP", "ERR_HTTP_IP_NOT_IMPLEMENTED_BY_BUILDER"),
    ("PackerHTTPPort", "ERR_HTTP_PORT_NOT_IMPLEMENTED_BY_BUILDER"),
    ("PackerHTTPAddr", "ERR_HTTP_ADDR_NOT_IMPLEMENTED_BY_BUILDER"),
];

/// The values that a builder generated, with the run's own and the defaults (`reference/packer.md` §8.3).
pub(crate) fn generated(by_builder: &[(String, String)], facts: &BuildFacts) -> Generated {
    let defaults = DEFAULTS.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut generated = Generated::from(defaults);
    generated.extend(by_builder.iter().cloned());
    generated.insert("PackerRunUUID".to_owned(), facts.run.options.run_id.clone());
    generated
}

/// The voice of one try.
pub(crate) fn voice(
    kind: StepKind,
    step: &PlannedStep,
    index: usize,
    attempt: u32,
    events: &Events,
) -> Events {
    events.step(StepId {
        index: u32::try_from(index).unwrap_or(u32::MAX),
        name: step.step.name().to_owned(),
        kind: kind.as_str(),
        attempt,
        third_party: step.step.third_party(),
    })
}

/// Runs one try: `work` gets the job. It begins and ends on the event stream. `stop` is what ends it from outside.
pub(crate) async fn run<T>(
    step: &PlannedStep,
    generated: &Generated,
    facts: &BuildFacts,
    voice: &Events,
    stop: &CancellationToken,
    work: impl AsyncFnOnce(Job) -> Result<T, StepError>,
) -> Result<T, StepError> {
    let begun = Instant::now();
    let cancel = stop.child_token();
    let options = &facts.run.options;
    let bound = step
        .templates
        .bind(&step.options, generated)
        .map_err(StepError::new)?;
    let bound = bound.unwrap_or_else(|| Bound {
        options: step.options.clone(),
        templates: step.templates.clone(),
    });
    let job = Job {
        options: bound.options,
        paths: step.paths.clone(),
        templates: bound.templates,
        build_name: facts.name.clone(),
        build_type: facts.builder.clone(),
        generated: generated.clone(),
        run_id: options.run_id.clone(),
        debug: options.debug,
        force: options.force,
        on_error: options.on_error.as_str(),
        events: voice.clone(),
        secrets: facts.run.secrets.clone(),
        cancel: cancel.clone(),
        working_dir: options.working_dir.clone(),
        chance: Chance::Real,
    };
    voice.emit(Body::StepStarted);
    if voice.recorded()
        && let Some(component) = step.step.component()
    {
        voice.act(Act::done(Deed::Component(component)));
    }
    let work = with_grace(work(job), &cancel, limits::GRACE + limits::TIDY, &facts.run.hurry);
    let outcome = in_time(work, step.timeout, &cancel, voice).await;
    voice.step_finished(
        begun.elapsed(),
        outcome.as_ref().err().map(|error| error.message.clone()),
    );
    outcome
}

/// Awaits `work`; fires `cancel` when `timeout` has passed, and then the outcome is that, whatever `work` returns.
async fn in_time<T>(
    work: impl Future<Output = Result<T, StepError>>,
    timeout: Option<Duration>,
    cancel: &CancellationToken,
    voice: &Events,
) -> Result<T, StepError> {
    let Some(timeout) = timeout else { return work.await };
    let mut work = pin!(work);
    if let Ok(outcome) = tokio::time::timeout(timeout, &mut work).await {
        return outcome;
    }
    voice.error("Cancelling provisioner after a timeout...");
    cancel.cancel();
    let _late = work.await;
    Err(StepError::new(format!("timed out after {}", in_go(timeout))))
}
