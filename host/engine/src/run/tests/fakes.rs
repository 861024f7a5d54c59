//! Builders, steps and artifacts that write down what is done to them.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::{
    Artifact, ArtifactError, BuildContext, BuildStep, Events, Job, Journal, Lifecycle, NoTemplates, OnError,
    Plan, PlannedBuild, PlannedStep, PostProcessed, Problem, RunOptions, RunSummary, Secrets, SharedArtifact,
    SharedCommunicator, Step, StepError, StepProvision, events::Collected, run,
};

/// What happened, in order.
pub(super) type Log = Arc<Mutex<Vec<String>>>;

pub(super) fn note(log: &Log, what: impl Into<String>) {
    log.lock().unwrap().push(what.into());
}

/// What a fake does when it is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Act {
    Succeed,
    Fail,
    Panic,
    /// Ignores every token.
    Hang,
    /// Fires the run's token, then goes on for ever.
    CancelAndHang,
    FailFirst(usize),
    Capture,
}

#[derive(Debug)]
pub(super) struct FakeStep {
    pub(super) name: &'static str,
    pub(super) act: Act,
    pub(super) log: Log,
    pub(super) cancel: CancellationToken,
}

#[async_trait]
impl BuildStep for FakeStep {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        note(&self.log, format!("run {}", self.name));
        match self.act {
            Act::Fail => Err(StepError::new("broken")),
            Act::Panic => panic!("oh"),
            Act::Hang => std::future::pending().await,
            Act::CancelAndHang => {
                self.cancel.cancel();
                std::future::pending().await
            }
            Act::Capture => {
                cx.artifact = Some(Arc::new(FakeArtifact {
                    name: "image".to_owned(),
                    log: self.log.clone(),
                }));
                Ok(())
            }
            Act::Succeed | Act::FailFirst(_) => Ok(()),
        }
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        note(
            &self.log,
            format!("clean {}{}", self.name, if cx.failed { " failed" } else { "" }),
        );
        if self.name == "BadCleanup" {
            panic!("in cleanup")
        } else {
            Ok(())
        }
    }
}

#[derive(Debug)]
pub(super) struct Steps(pub(super) Vec<Box<dyn BuildStep>>);

impl Lifecycle for Steps {
    fn steps(self: Box<Self>) -> Vec<Box<dyn BuildStep>> {
        self.0
    }
}

#[derive(Debug)]
pub(super) struct FakeArtifact {
    pub(super) name: String,
    pub(super) log: Log,
}

#[async_trait]
impl Artifact for FakeArtifact {
    fn builder_id(&self) -> &str {
        "fake"
    }
    fn id(&self) -> String {
        self.name.clone()
    }
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
    fn describe(&self) -> String {
        self.name.clone()
    }
    async fn destroy(&self) -> Result<(), ArtifactError> {
        note(&self.log, format!("destroy {}", self.name));
        Ok(())
    }
}

/// A provisioner or post-processor. A post-processor whose name ends in `=` gives back its input; `+` and `!` say
/// that it wants to keep or must keep its input.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) name: &'static str,
    pub(super) act: Act,
    tries: Mutex<usize>,
    pub(super) log: Log,
}

impl Component {
    async fn act(&self) -> Result<(), StepError> {
        note(&self.log, self.name);
        *self.tries.lock().unwrap() += 1;
        let tries = *self.tries.lock().unwrap();
        match self.act {
            Act::Fail => Err(StepError::new(format!("broken {tries}"))),
            Act::FailFirst(count) if tries <= count => Err(StepError::new(format!("broken {tries}"))),
            Act::Panic => panic!("oh"),
            Act::Hang => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Step for Component {
    fn name(&self) -> &str {
        self.name
    }
    fn uses_instance(&self) -> bool {
        self.name() != "shell-local"
    }

    fn third_party(&self) -> bool {
        false
    }
    fn schema(&self) -> &Json {
        &Json::Null
    }
    async fn validate(&self, _: &Json) -> Result<Vec<Problem>, StepError> {
        Ok(Vec::new())
    }
    async fn provision(&self, job: Job, _: SharedCommunicator) -> Result<(), StepError> {
        assert_eq!(job.generated.get("PackerRunUUID"), Some(&job.run_id));
        self.act().await
    }
    async fn post_process(&self, _: Job, input: SharedArtifact) -> Result<PostProcessed, StepError> {
        self.act().await?;
        let new = || {
            Arc::new(FakeArtifact {
                name: format!("{}'s", self.name),
                log: self.log.clone(),
            })
        };
        let artifact = if self.name.contains('=') { input } else { new() };
        let must_keep_input = self.name.contains('!');
        Ok(PostProcessed {
            artifact,
            keep_input: must_keep_input || self.name.contains('+'),
            must_keep_input,
        })
    }
}

pub(super) fn component(name: &'static str, act: Act, log: &Log) -> PlannedStep {
    PlannedStep {
        step: Arc::new(Component {
            name,
            act,
            tries: Mutex::default(),
            log: log.clone(),
        }),
        name: name.to_owned(),
        options: json!({}),
        paths: Vec::new(),
        templates: Arc::new(NoTemplates),
        pause_before: None,
        timeout: None,
        max_retries: 0,
        keep_input: None,
    }
}

/// A run under test.
pub(super) struct Bed {
    pub(super) log: Log,
    pub(super) cancel: CancellationToken,
    pub(super) hurry: CancellationToken,
    pub(super) options: RunOptions,
    pub(super) builds: Vec<PlannedBuild>,
}

impl Bed {
    pub(super) fn new() -> Self {
        let options = RunOptions {
            run_id: "run-1".to_owned(),
            parallel: 0,
            debug: false,
            force: false,
            on_error: OnError::Cleanup,
            prompt: None,
            working_dir: PathBuf::from("/"),
        };
        let (cancel, hurry) = Default::default();
        Self {
            log: Log::default(),
            cancel,
            hurry,
            options,
            builds: Vec::new(),
        }
    }

    /// Adds a build; `Provision` stands for the real step that calls the provisioners.
    pub(super) fn build(&mut self, name: &str, steps: &[(&'static str, Act)]) -> &mut PlannedBuild {
        let steps = steps.iter().map(|(name, act)| match *name {
            "Provision" => Box::new(StepProvision) as Box<dyn BuildStep>,
            name => Box::new(FakeStep {
                name,
                act: *act,
                log: self.log.clone(),
                cancel: self.cancel.clone(),
            }),
        });
        self.builds.push(PlannedBuild {
            name: name.to_owned(),
            builder: "fake".to_owned(),
            display_name: name.to_owned(),
            lifecycle: Box::new(Steps(steps.collect())),
            provisioners: Vec::new(),
            error_cleanup: None,
            chains: Vec::new(),
        });
        self.builds.last_mut().unwrap()
    }

    pub(super) async fn run(self) -> (RunSummary, Vec<String>, Collected) {
        let state = tempfile::tempdir().unwrap();
        let (events, collected) = Events::collecting();
        let journal = Journal::create(state.path(), "run-1").unwrap();
        let plan = Plan {
            builds: self.builds,
            secrets: Vec::new(),
        };
        let running = run(
            plan,
            self.options,
            events,
            journal,
            Secrets::default(),
            self.cancel,
            self.hurry,
        );
        let summary = tokio::time::timeout(Duration::from_secs(30), running)
            .await
            .expect("the run ends");
        let log = self.log.lock().unwrap().clone();
        (summary, log, collected)
    }
}

pub(super) fn error(summary: &RunSummary, index: usize) -> &str {
    summary.builds[index].result.as_ref().unwrap_err()
}
