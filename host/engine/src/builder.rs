//! What a builder is: a list of named steps, each with a run and a clean-up.
//!
//! `-debug`, `-on-error`, the journal and the clean-up all hang on that list. The engine runs the steps in order and
//! cleans up those that were started, in reverse order, always.

use std::{fmt, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use crate::{Communicator, Events, Journal, RuntimeTemplates, Secrets, SharedArtifact, SharedCommunicator};

/// A kind of builder, such as `null` or `rootfs`; one value per process.
pub trait Builder: Send + Sync + fmt::Debug {
    /// The `type` in a template.
    fn kind(&self) -> &'static str;

    /// JSON Schema (draft 2020-12) of its options. The engine refuses unknown options, coerces Packer's weak types
    /// and marks paths by it before `prepare` sees the options.
    fn schema(&self) -> &Json;

    /// Turns a resource name into one the platform takes: the template function `clean_resource_name`.
    fn clean_resource_name(&self, name: &str) -> String {
        name.to_owned()
    }

    /// Checks one build's options, without any effect outside, and returns its steps. All problems at once.
    fn prepare(&self, options: &Options) -> Result<Box<dyn Lifecycle>, Vec<Problem>>;
}

/// One build's options after interpolation, coercion and validation against the schema.
#[derive(Clone, Debug)]
pub struct Options {
    /// The options as JSON; `type` and `name` are not among them.
    pub json: Json,
    /// The build's name.
    pub build_name: String,
    /// The folder relative paths start from: the working directory.
    pub working_dir: PathBuf,
    /// The template's folder: tried where a path is not found below `working_dir`.
    pub template_dir: Option<PathBuf>,
    /// `-force`: overwrite what stands in the way.
    pub force: bool,
    /// Renders the options that the schema marks `runtime-template`, which stand in `json` as the user wrote them: a
    /// step does it with data it has learnt, such as `SourceAMI`. `{{build}}` is refused in them before.
    pub templates: Arc<dyn RuntimeTemplates>,
}

/// One thing wrong with an option. The engine adds the place in the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer of the option, such as `/ssh_host`; empty for the whole.
    pub at: String,
    /// What is wrong: lowercase, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// A warning does not stop the build.
    pub warning: bool,
}

impl Problem {
    /// An error at a JSON pointer.
    pub fn error(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            message: message.into(),
            hint: None,
            warning: false,
        }
    }

    /// A warning at a JSON pointer.
    pub fn warning(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            warning: true,
            ..Self::error(at, message)
        }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// The steps of one build, made by [`Builder::prepare`], run once.
pub trait Lifecycle: Send + fmt::Debug {
    /// What the user should know of the options before anything starts, and does not stop the build.
    fn warnings(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// The steps in order. What they share, they share among themselves. A builder that provisions puts
    /// [`crate::StepProvision`] where its instance is ready.
    fn steps(self: Box<Self>) -> Vec<Box<dyn BuildStep>>;
}

/// One step of a builder's lifecycle.
#[async_trait]
pub trait BuildStep: Send + fmt::Debug {
    /// As `-debug` and `-on-error` show it, such as `StepConnect`.
    fn name(&self) -> &'static str;

    /// Does its part. The future is dropped [`crate::limits::GRACE`] after `cx.cancel` fires; `cleanup` runs then too.
    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError>;

    /// Undoes what must not stay. Called once for every step whose `run` was called, whatever came of it. Must be
    /// idempotent and is bounded by [`crate::limits::CLEANUP`].
    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError>;
}

/// What a builder's steps work with.
#[derive(Debug)]
pub struct BuildContext {
    /// The build's voice.
    pub events: Events,
    /// Values never to be shown; a step adds those it makes.
    pub secrets: Secrets,
    /// Where every resource is recorded before it is made (invariant 5).
    pub journal: Journal,
    /// Fires once when the run is cancelled.
    pub cancel: CancellationToken,
    /// Whether this build has failed or was cancelled, for clean-ups that differ.
    pub failed: bool,
    /// `-debug`.
    pub debug: bool,
    /// Set by the step that connects; the provisioners use it.
    pub communicator: Option<SharedCommunicator>,
    /// Values for `{{build "Key"}}`, such as `ID`, `Host`, `Port`, `User`, `ConnType`; never a password or a key.
    pub generated: Vec<(String, String)>,
    /// Set by the step that captures; none where the builder makes nothing.
    pub artifact: Option<SharedArtifact>,
    /// The provisioners, called by [`crate::StepProvision`].
    pub provision: Arc<dyn ProvisionHook>,
}

impl BuildContext {
    /// The communicator, or the error that says it is missing.
    pub fn communicator(&self) -> Result<&Arc<dyn Communicator>, StepError> {
        self.communicator.as_ref().ok_or_else(|| {
            StepError::new(
                "no communicator found for provisioners! This is usually because the `communicator` option is \
                 \"none\"; provisioners other than `shell-local` need one",
            )
        })
    }

    /// Records a value of the build for `{{build "Key"}}`.
    pub fn generate(&mut self, key: &str, value: impl Into<String>) {
        self.generated.retain(|(known, _)| known != key);
        self.generated.push((key.to_owned(), value.into()));
    }
}

/// Runs the provisioners of a build on its instance.
#[async_trait]
pub trait ProvisionHook: Send + Sync + fmt::Debug {
    /// Runs them in order; the first error ends it.
    async fn provision(&self, cx: &BuildContext) -> Result<(), StepError>;

    /// Runs the error-cleanup provisioner, if the template has one.
    async fn provision_cleanup(&self, cx: &BuildContext) -> Result<(), StepError>;
}

/// Why a step did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StepError {
    /// What happened; may hold several lines.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The run was cancelled; not a failure of its own.
    pub cancelled: bool,
}

impl StepError {
    /// A failure.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            cancelled: false,
        }
    }

    /// A cancellation.
    pub fn cancelled() -> Self {
        Self {
            message: "cancelled".to_owned(),
            hint: None,
            cancelled: true,
        }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl From<crate::CommunicatorError> for StepError {
    fn from(error: crate::CommunicatorError) -> Self {
        Self::new(error.to_string())
    }
}
