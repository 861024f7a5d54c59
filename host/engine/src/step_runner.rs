//! How the engine runs a provisioner or post-processor without knowing what it is made of.
//!
//! The sandbox implements these traits over wasmtime. The engine decides order, retries, timeouts and cancellation;
//! a runner runs one component once.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use crate::{Events, Problem, Secrets, SharedArtifact, SharedCommunicator, StepError, event::Component};

/// Provisioner or post-processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepKind {
    /// Works on the instance.
    Provisioner,
    /// Works on an artifact.
    PostProcessor,
}

impl StepKind {
    /// As users write and read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisioner => "provisioner",
            Self::PostProcessor => "post-processor",
        }
    }
}

/// Finds components by kind and name.
#[async_trait]
pub trait StepRunner: Send + Sync + fmt::Debug {
    /// Loads the component behind `name` once per process: size, validity, imports against grants, `describe`.
    async fn load(&self, kind: StepKind, name: &str) -> Result<Arc<dyn Step>, LoadError>;
}

/// A component that is ready to run any number of times.
#[async_trait]
pub trait Step: Send + Sync + fmt::Debug {
    /// The name in the template.
    fn name(&self) -> &str;

    /// Not one of Kilnbox's own.
    fn third_party(&self) -> bool;

    /// Whether it acts on the instance; other provisioners run where there is none.
    fn uses_instance(&self) -> bool;

    /// Which code it is and what it may do, for a record. Asked only where there is one: the digest costs time.
    fn component(&self) -> Option<Component> {
        None
    }

    /// JSON Schema of its options, from `describe`.
    fn schema(&self) -> &Json;

    /// The component's own checks of options that fit the schema. Bounded in time; no capability answers.
    async fn validate(&self, options: &Json) -> Result<Vec<Problem>, StepError>;

    /// Runs a provisioner once, in a store of its own that is dropped afterwards.
    async fn provision(&self, job: Job, on: SharedCommunicator) -> Result<(), StepError>;

    /// Runs a post-processor once, likewise.
    async fn post_process(&self, job: Job, input: SharedArtifact) -> Result<PostProcessed, StepError>;
}

/// One run of a component.
#[derive(Clone, Debug)]
pub struct Job {
    /// Options: interpolated (but for those marked `runtime-template`), coerced and valid.
    pub options: Json,
    /// Local paths that the user wrote in the template, with what they were resolved to: the only ones the component
    /// may open.
    pub paths: Vec<UserPath>,
    /// Renders `runtime-template` options with data of the component.
    pub templates: Arc<dyn RuntimeTemplates>,
    /// The build's name.
    pub build_name: String,
    /// The builder's type.
    pub build_type: String,
    /// Values of the build that are no secrets; see [`crate::BuildContext::generated`].
    pub generated: BTreeMap<String, String>,
    /// Identifies this run of the program.
    pub run_id: String,
    /// `-debug`.
    pub debug: bool,
    /// `-force`.
    pub force: bool,
    /// `cleanup`, `abort`, `ask` or `run-cleanup-provisioner`.
    pub on_error: &'static str,
    /// The step's voice, already stamped with build, step and try.
    pub events: Events,
    /// Values never to be shown.
    pub secrets: Secrets,
    /// Fires when this try is to end.
    pub cancel: CancellationToken,
    /// The folder programs on the host start in: the working directory.
    pub working_dir: PathBuf,
    /// The clock and the random numbers.
    pub chance: Chance,
}

/// What a run is told of time and chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chance {
    /// The machine's own.
    #[default]
    Real,
    /// The same in every run: for trying a step against a transcript.
    Fixed {
        /// Unix time in seconds, which does not pass.
        now: u64,
        /// Where the random numbers begin.
        seed: u64,
    },
}

/// A path the user wrote in an option that the schema marks as a local path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPath {
    /// Exactly as written (after interpolation); what the component knows it by.
    pub written: String,
    /// Where it is.
    pub resolved: PathBuf,
    /// What may be done with it.
    pub access: PathAccess,
    /// The folder it must not leave, whatever became of its parts since it was resolved: that of a stranger's step.
    pub below: Option<PathBuf>,
}

/// What a component may do with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathAccess {
    /// `format: "asset-path"`, `asset-file` or `asset-directory`: read the file or tree.
    Asset,
    /// `format: "output-path"`: create, replace, read back.
    Output,
    /// `format: "file-pattern"`, of a file that the pattern matches: read, and take into an artifact.
    Match,
}

/// Renders the options that the schema marks `runtime-template`.
pub trait RuntimeTemplates: Send + Sync + fmt::Debug {
    /// Renders the option at the JSON pointer `at` (such as `/execute_command` or `/execute_command/2`) of the same
    /// options the component got. `data` are the component's fields, such as `Vars` and `Path`: data, never parsed. A
    /// name such as `SourceAMITags.Name` is a field of a field, for `{{.SourceAMITags.Name}}` and `index`.
    fn render(&self, at: &str, data: &BTreeMap<String, String>) -> Result<String, String>;

    /// Renders the option at `at`, of `format: "output-template"`, to the path of an output. Each of `data` must be
    /// the build's name or type or part of a file name, so that the path goes where the user meant.
    fn output(&self, at: &str, data: &BTreeMap<String, String>) -> Result<UserPath, String> {
        let _ = data;
        Err(format!("`{at}` is not a path of this step"))
    }

    /// The files that an option of `format: "file-pattern"` matches now, by the option's text.
    fn matching(&self, pattern: &str) -> Result<Vec<UserPath>, String> {
        Err(format!("`{pattern}` is not a pattern of this step"))
    }

    /// Fills in `{{build "Key"}}`, in options and in runtime templates, when the build's values are known: called
    /// once before each try. None where nothing waits for them.
    fn bind(&self, options: &Json, generated: &BTreeMap<String, String>) -> Result<Option<Bound>, String> {
        let _ = (options, generated);
        Ok(None)
    }
}

/// Of options that have no runtime templates.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTemplates;

impl RuntimeTemplates for NoTemplates {
    fn render(&self, at: &str, _: &BTreeMap<String, String>) -> Result<String, String> {
        Err(format!("`{at}` is not a template of this step"))
    }
}

/// A step's options and templates with the build's values filled in.
#[derive(Clone, Debug)]
pub struct Bound {
    /// For [`Job::options`].
    pub options: Json,
    /// For [`Job::templates`].
    pub templates: Arc<dyn RuntimeTemplates>,
}

/// What a post-processor made of its input.
#[derive(Clone, Debug)]
pub struct PostProcessed {
    /// The new artifact, or the input itself where nothing new was made.
    pub artifact: SharedArtifact,
    /// Whether the input stays when the user did not say so.
    pub keep_input: bool,
    /// Whether the input stays even when the user said it should not.
    pub must_keep_input: bool,
}

/// A component could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Nobody offers it.
    #[error("unknown {kind} `{name}`", kind = kind.as_str())]
    Unknown {
        /// Provisioner or post-processor.
        kind: StepKind,
        /// As in the template.
        name: String,
        /// The names that exist, for a suggestion.
        known: Vec<String>,
    },
    /// It imports what the user did not grant; `grant` holds the exact lines to add.
    #[error("`{name}` is not allowed to use {}", capabilities.join(", "))]
    Denied {
        /// As in the template.
        name: String,
        /// Capability names, such as `host-exec`.
        capabilities: Vec<String>,
        /// Lines for `kilnbox.toml`, and what else must be done.
        grant: String,
    },
    /// It is not a component for this host.
    #[error("`{name}`: {reason}")]
    Invalid {
        /// As in the template.
        name: String,
        /// What is wrong with it.
        reason: String,
        /// What to do about it.
        hint: Option<String>,
    },
}
