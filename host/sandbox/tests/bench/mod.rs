//! One run of a guest, with a folder that stands for the instance, and its words.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use kilnbox_engine::{
    Body, Chance, Collected, Events, Job, LoadError, RuntimeTemplates, Secrets, Speaker, Step, StepError,
    StepKind, StepRunner,
};
use kilnbox_sandbox::{Code, ComponentSource, Grants, Limits, Sandbox, Settings};
use tokio_util::sync::CancellationToken;

use crate::{guest::Guest, machine::ThisMachine};

#[derive(Debug)]
struct NoTemplates;

impl RuntimeTemplates for NoTemplates {
    fn render(&self, at: &str, _: &BTreeMap<String, String>) -> Result<String, String> {
        Err(format!("no template at {at}"))
    }
}

/// A folder that stands for the instance, and the words of one run.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) said: Collected,
    pub(crate) job: Job,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let (events, said) = Events::collecting();
        let folder = tempfile::tempdir().unwrap();
        let job = Job {
            options: serde_json::json!({}),
            paths: Vec::new(),
            templates: Arc::new(NoTemplates),
            build_name: "test".to_owned(),
            build_type: "null".to_owned(),
            generated: BTreeMap::new(),
            run_id: "run".to_owned(),
            debug: false,
            force: false,
            on_error: "cleanup",
            events,
            secrets: Secrets::default(),
            cancel: CancellationToken::new(),
            working_dir: folder.path().to_owned(),
            chance: Chance::Real,
        };
        Self { folder, said, job }
    }

    pub(crate) async fn run(&self, step: &dyn Step) -> Result<(), StepError> {
        step.provision(
            self.job.clone(),
            Arc::new(ThisMachine::new(self.folder.path().to_owned())),
        )
        .await
    }

    pub(crate) fn spoken_by(&self, speaker: Speaker) -> Vec<String> {
        let events = self
            .said
            .events()
            .into_iter()
            .filter(|event| event.speaker == speaker);
        let text = |body: Body| match body {
            Body::Say { text } | Body::Message { text } | Body::Warning { text } => Some(text),
            Body::Output { text, .. } => Some(text),
            _ => None,
        };
        events.filter_map(|event| text(event.body)).collect()
    }
}

pub(crate) fn source(bytes: Vec<u8>, grants: Grants, limits: Limits) -> ComponentSource {
    ComponentSource {
        name: "guest".to_owned(),
        kind: StepKind::Provisioner,
        code: Code::Bytes(bytes.into()),
        grants,
        limits,
    }
}

pub(crate) fn sandbox(bytes: Vec<u8>, limits: Limits, cache: Option<&Path>) -> Sandbox {
    let settings = Settings {
        cache: cache.map(Path::to_owned),
        ..Settings::default()
    };
    Sandbox::new(vec![source(bytes, Grants::default(), limits)], settings).unwrap()
}

pub(crate) async fn load(sandbox: &Sandbox) -> Result<Arc<dyn Step>, LoadError> {
    sandbox.load(StepKind::Provisioner, "guest").await
}

/// Runs a guest under `limits` and returns how it ended.
pub(crate) async fn ending(guest: Guest<'_>, limits: Limits) -> (Bench, Result<(), StepError>) {
    let bench = Bench::new();
    let step = load(&sandbox(guest.build(), limits, None)).await.unwrap();
    let result = bench.run(&*step).await;
    (bench, result)
}

pub(crate) fn reason(result: Result<(), StepError>) -> String {
    result.unwrap_err().message
}
