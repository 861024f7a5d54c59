//! From a template to what will be run: everything resolved, validated and loaded, nothing started.

use std::{path::PathBuf, sync::Arc, time::Duration};

use serde_json::Value as Json;

use crate::{Lifecycle, RuntimeTemplates, Step, UserPath};

/// All builds of a run, in the order they start.
#[derive(Debug)]
pub struct Plan {
    /// At least one.
    pub builds: Vec<PlannedBuild>,
    /// Values of sensitive variables and of options with `format: "secret"`.
    pub secrets: Vec<String>,
}

/// One build, ready to run.
#[derive(Debug)]
pub struct PlannedBuild {
    /// Name in the template, or the type; `{{build_name}}`.
    pub name: String,
    /// Builder type; `{{build_type}}`.
    pub builder: String,
    /// What the user sees: `type.name`, or the type alone where they are equal.
    pub display_name: String,
    /// The builder's steps.
    pub lifecycle: Box<dyn Lifecycle>,
    /// In order.
    pub provisioners: Vec<PlannedStep>,
    /// Run when provisioning or a later step failed.
    pub error_cleanup: Option<PlannedStep>,
    /// Each chain starts from the builder's artifact.
    pub chains: Vec<Vec<PlannedStep>>,
}

/// One provisioner or post-processor of one build.
#[derive(Clone, Debug)]
pub struct PlannedStep {
    /// The loaded component.
    pub step: Arc<dyn Step>,
    /// The `name` of a post-processor, or its type; of a provisioner its type.
    pub name: String,
    /// See [`crate::Job::options`].
    pub options: Json,
    /// See [`crate::Job::paths`].
    pub paths: Vec<UserPath>,
    /// See [`crate::Job::templates`].
    pub templates: Arc<dyn RuntimeTemplates>,
    /// Wait before it.
    pub pause_before: Option<Duration>,
    /// Longest time for one try.
    pub timeout: Option<Duration>,
    /// Further tries after the first.
    pub max_retries: u32,
    /// `keep_input_artifact`, where the user said so.
    pub keep_input: Option<bool>,
}

/// The folders of a run.
#[derive(Clone, Debug)]
pub struct Folders {
    /// Relative paths start here.
    pub working_dir: PathBuf,
    /// And are tried here next; absent for a template from standard input.
    pub template_dir: Option<PathBuf>,
}
