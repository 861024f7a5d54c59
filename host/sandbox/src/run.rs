//! One run of a component: a new store, one call, and everything it left put away.
//!
//! The store is dropped whatever happens and never used again (invariant 4). A cancelled run has a second of grace;
//! a trap becomes an error that says in words what the guest did.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use kilnbox_engine::{
    Artifact, ArtifactError, Job, PostProcessed, Problem, SharedArtifact, SharedCommunicator, Step,
    StepError, limits::GRACE, text,
};
use serde_json::Value as Json;
use wasmtime::{
    Store,
    component::{Instance, InstancePre},
};

use crate::{
    Limits,
    bindings::kilnbox::plugin::types,
    component::{Ready, RunExport, Shared},
    ending::Ending,
    host::{
        outputs::Written,
        types::{Input, Instance as InstanceHandle, JobHandle, Processed},
    },
    leftovers::{ClearOnDrop, Leftovers},
    limits::Reached,
    record::Recorder,
    store::{Run, State},
};

/// Longest error text of a guest, in bytes.
const ERROR_TEXT: usize = 64 * 1024;

/// Asks a component something about itself: no capability answers, and it may take no longer than the limit.
pub(crate) async fn ask<T>(
    shared: &Shared,
    limits: &Arc<Limits>,
    pre: &InstancePre<State>,
    name: &str,
    question: &str,
    call: impl AsyncFnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<T>,
) -> Result<T, Ending> {
    let mut store = State::new(limits.clone(), None).into_store(&shared.engine);
    let answer = async {
        let instance = pre.instantiate_async(&mut store).await?;
        call(&mut store, &instance).await
    };
    let limit = limits.question;
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(trap)) => Err(Ending::of(&trap, store.data(), name).about(question)),
        Err(_) => Err(Ending::because(format!(
            "`{question}` took longer than {}",
            humantime::format_duration(limit)
        ))),
    }
}

/// A run's own things, outside its store.
struct Around {
    run: Run,
    clear: ClearOnDrop,
}

impl Around {
    fn new(ready: &Ready, job: Job, input: Option<SharedArtifact>) -> Self {
        let leftovers = Leftovers::default();
        let recorder = Recorder::new(&job);
        let clear = ClearOnDrop {
            leftovers: leftovers.clone(),
            each: ready.limits.removal,
            all: ready.limits.removals,
            events: job.events.clone(),
            recorder: recorder.clone(),
        };
        let run = Run {
            recorder,
            job: Arc::new(job),
            name: ready.name.clone(),
            third_party: ready.third_party,
            input,
            leftovers,
            written: Written::default(),
            prompt: ready.shared.prompt.clone(),
        };
        Self { run, clear }
    }

    /// Runs one call in a store of its own.
    async fn call<T>(
        &self,
        ready: &Ready,
        call: impl AsyncFnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<Result<T, types::Error>>,
    ) -> Result<T, StepError> {
        let state = State::new(ready.limits.clone(), Some(self.run.clone()));
        let mut store = state.into_store(&ready.shared.engine);
        let cancel = &self.run.job.cancel;
        let grace = async {
            cancel.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        let work = async {
            let instance = ready.pre.instantiate_async(&mut store).await?;
            call(&mut store, &instance).await
        };
        let ended = tokio::select! {
            biased;
            ended = work => Some(ended),
            () = grace => None,
            () = tokio::time::sleep(ready.limits.wall) => None,
        };
        let state = store.data();
        state.stdout.close();
        state.stderr.close();
        state.voice.close();
        let result = match ended {
            Some(Ok(Ok(value))) => Ok(value),
            _ if cancel.is_cancelled() => Err(StepError::cancelled()),
            Some(Ok(Err(error))) => Err(StepError::new(text(error))),
            Some(Err(trap)) => Err(Ending::of(&trap, state, &ready.name).about(&ready.name).into()),
            None => Err(self.late(ready)),
        };
        drop(store);
        self.clear.clear().await;
        self.run.recorder.close();
        result
    }
}

impl Around {
    /// The wall-clock limit of a try has passed.
    fn late(&self, ready: &Ready) -> StepError {
        let most = humantime::format_duration(ready.limits.wall);
        let reached = Reached::new("timeout", format!("may take {most}"));
        Ending::at_limit(&reached, &ready.name, &ready.limits)
            .about(&ready.name)
            .into()
    }
}

/// The guest's error as one text: what it was doing, outermost first, then what went wrong.
fn text(error: types::Error) -> String {
    let parts: Vec<String> = error.context.into_iter().rev().chain([error.message]).collect();
    let mut text = parts.join(": ");
    text.truncate(text.floor_char_boundary(ERROR_TEXT));
    text
}

#[async_trait]
impl Step for Ready {
    fn name(&self) -> &str {
        &self.name
    }

    fn third_party(&self) -> bool {
        self.third_party
    }

    fn uses_instance(&self) -> bool {
        self.uses_instance
    }

    fn component(&self) -> Option<kilnbox_engine::event::Component> {
        Some(self.about())
    }

    fn schema(&self) -> &Json {
        &self.info.schema
    }

    async fn validate(&self, options: &Json) -> Result<Vec<Problem>, StepError> {
        let Some(validator) = &self.validator else {
            return Ok(Vec::new());
        };
        let options = options.to_string();
        let answer = ask(
            &self.shared,
            &self.limits,
            &self.pre,
            &self.name,
            "validate",
            async |store, instance| {
                validator
                    .load(&mut *store, instance)?
                    .call_validate(store, &options)
                    .await
            },
        );
        let diagnostics = answer.await.map_err(|mut ending| {
            ending.reason = format!("`{}`: {}", self.name, ending.reason);
            StepError::from(ending)
        })?;
        Ok(problems(diagnostics, &self.limits))
    }

    async fn provision(&self, job: Job, on: SharedCommunicator) -> Result<(), StepError> {
        let RunExport::Provisioner(export) = &self.run else {
            return Err(StepError::new(format!("`{}` is not a provisioner", self.name)));
        };
        let around = Around::new(self, job, None);
        let run = async |store: &mut Store<State>, instance: &Instance| {
            let guest = export.load(&mut *store, instance)?;
            let instance = store.data_mut().table.push(InstanceHandle { on })?;
            let job = store.data_mut().table.push(JobHandle)?;
            guest.call_run(store, instance, job).await
        };
        around.call(self, run).await
    }

    async fn post_process(&self, job: Job, input: SharedArtifact) -> Result<PostProcessed, StepError> {
        let RunExport::PostProcessor(export) = &self.run else {
            return Err(StepError::new(format!("`{}` is not a post-processor", self.name)));
        };
        let secrets = job.secrets.clone();
        let around = Around::new(self, job, Some(input.clone()));
        let run = async |store: &mut Store<State>, instance: &Instance| {
            let guest = export.load(&mut *store, instance)?;
            let input = store.data_mut().table.push(Input)?;
            let job = store.data_mut().table.push(JobHandle)?;
            match guest.call_run(&mut *store, input, job).await? {
                Ok(processed) => Ok(Ok(store.data_mut().table.delete(processed)?)),
                Err(error) => Ok(Err(error)),
            }
        };
        let Processed {
            artifact,
            keep_input,
            must_keep_input,
        } = around.call(self, run).await?;
        let artifact = match artifact {
            None => input,
            Some(made) => {
                let written = &around.run.written;
                let (shown, places): (Vec<_>, Vec<_>) = made.files.into_iter().unzip();
                // Whoever comes next in the chain may write it to a file that everybody reads.
                let fit = |text: &str| text::fit(text, &secrets).into_owned();
                Arc::new(Files {
                    builder_id: fit(&made.builder_id),
                    id: fit(&made.id),
                    description: fit(&made.description),
                    files: shown,
                    removable: places.into_iter().filter(|file| written.contains(file)).collect(),
                })
            }
        };
        Ok(PostProcessed {
            artifact,
            keep_input,
            must_keep_input,
        })
    }
}

fn problems(diagnostics: Vec<types::Diagnostic>, limits: &Limits) -> Vec<Problem> {
    diagnostics
        .into_iter()
        .take(limits.diagnostics)
        .map(|diagnostic| Problem {
            at: diagnostic.at,
            message: diagnostic.message,
            hint: diagnostic.hint,
            warning: diagnostic.severity == types::Severity::Warning,
        })
        .collect()
}

/// The artifact of a post-processor: files that the user named as outputs.
#[derive(Debug)]
struct Files {
    builder_id: String,
    id: String,
    description: String,
    /// As the user wrote them: relative ones start from the working directory, which is the process's own.
    files: Vec<PathBuf>,
    /// Those that the run made; only they are ever removed (invariant 11).
    removable: Vec<PathBuf>,
}

#[async_trait]
impl Artifact for Files {
    fn builder_id(&self) -> &str {
        &self.builder_id
    }

    fn id(&self) -> String {
        self.id.clone()
    }

    fn files(&self) -> Vec<PathBuf> {
        self.files.clone()
    }

    fn describe(&self) -> String {
        self.description.clone()
    }

    async fn destroy(&self) -> Result<(), ArtifactError> {
        for file in &self.removable {
            match tokio::fs::remove_file(file).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ArtifactError {
                        what: file.display().to_string(),
                        reason: error.to_string(),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}
