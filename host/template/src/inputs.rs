//! What a template may know about the world: the crate does no I/O itself.

use std::{error::Error, fmt, path::PathBuf, sync::Arc};

use crate::Source;

/// Looks up a variable of the environment.
pub type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where `{{aws_secretsmanager}}` finds its secrets.
///
/// It is asked while variables are resolved, once per variable that uses it, and may block: whoever resolves a template
/// with a source that asks the network does so where blocking is allowed.
pub trait SecretSource: Send + Sync {
    /// The current version (`AWSCURRENT`) of a secret of AWS Secrets Manager, as it is stored.
    fn aws_secret(&self, name: &str) -> Result<String, Box<dyn Error + Send + Sync>>;
}

/// The facts functions such as `env`, `isotime` and `pwd` answer from. Cheap to clone.
#[derive(Clone)]
pub struct Inputs {
    /// Looks up an environment variable; called only for `{{env}}` inside `variables`.
    pub env: Arc<Environment>,
    /// The start of the run: `isotime`, `strftime` and `timestamp` all show it.
    pub now: jiff::Timestamp,
    /// `{{pwd}}`
    pub working_dir: PathBuf,
    /// `{{template_dir}}`; absent for a template from standard input, whose folder is the working directory.
    pub template_dir: Option<PathBuf>,
    /// Where secrets come from; without one, functions that need it are refused by name.
    pub secrets: Option<Arc<dyn SecretSource>>,
}

/// No environment, no secrets, no folder; the time is the start of 1970.
impl Default for Inputs {
    fn default() -> Self {
        Self {
            env: Arc::new(|_| None),
            now: jiff::Timestamp::UNIX_EPOCH,
            working_dir: PathBuf::new(),
            template_dir: None,
            secrets: None,
        }
    }
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
