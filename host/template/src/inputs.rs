//! What a template may know about the world: the crate does no I/O itself.

use std::{fmt, path::PathBuf, sync::Arc};

use crate::Source;

/// Looks up a variable of the environment.
pub type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The facts functions such as `env`, `isotime` and `pwd` answer from. Cheap to clone.
#[derive(Clone)]
pub struct Inputs {
    /// Looks up an environment variable; called only for `{{env}}` inside `variables`.
    pub env: Arc<Environment>,
    /// The start of the run: `isotime`, `strftime` and `timestamp` all show it.
    pub now: jiff::Timestamp,
    /// `{{pwd}}`
    pub working_dir: PathBuf,
    /// `{{template_dir}}`; absent for a template from standard input.
    pub template_dir: Option<PathBuf>,
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("now", &self.now)
            .field("working_dir", &self.working_dir)
            .field("template_dir", &self.template_dir)
            .finish_non_exhaustive()
    }
}

/// What the user said about variables on the command line.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// `-var-file`, in order: a later one wins.
    pub files: Vec<Source>,
    /// `-var name=value`, in order: a later one wins, and wins over every file.
    pub given: Vec<(String, String)>,
}
