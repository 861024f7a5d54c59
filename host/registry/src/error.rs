//! What can be wrong with `kilnbox.toml`, the plugins it names, and the memory of what was accepted.

use std::{fmt, io, ops::Range, path::PathBuf};

/// Why the plugins of a project are not available.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{action} `{}`: {source}", path.display())]
    Io {
        /// Such as `reading`.
        action: &'static str,
        /// What was read or written.
        path: PathBuf,
        /// Why it did not work.
        source: io::Error,
    },
    /// `kilnbox.toml` has mistakes; all of them, in the order they stand.
    #[error("`{}` has {} mistake{}", path.display(), problems.len(), if problems.len() == 1 { "" } else { "s" })]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Its text, for showing the place.
        text: String,
        /// At least one.
        problems: Vec<ManifestProblem>,
    },
    /// A file is larger than a component or a manifest may be.
    #[error("`{}` is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The largest size there may be.
        limit: u64,
    },
    /// The project wants more than the default, and nobody accepted it.
    #[error(transparent)]
    Unaccepted(#[from] Unaccepted),
    /// The memory of what was accepted is damaged.
    #[error("`{}` is damaged: {source}", path.display())]
    TrustDamaged {
        /// The file.
        path: PathBuf,
        /// What its reader says.
        source: serde_json::Error,
    },
    /// Others could have written to the memory of what was accepted.
    #[error("`{}` can be written by others than its owner", path.display())]
    TrustExposed {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unaccepted(unaccepted) => Some(unaccepted.way_out()),
            Self::TrustDamaged { path, .. } => Some(format!(
                "remove `{}` and accept your projects again with `kilnbox trust`",
                path.display()
            )),
            Self::TrustExposed { path } => Some(format!(
                "look at what is in it, then `chmod 600 {}`",
                path.display()
            )),
            Self::Io { .. } | Self::Manifest { .. } | Self::TooLarge { .. } => None,
        }
    }

    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

/// One mistake in `kilnbox.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestProblem {
    /// Bytes of the text it is about.
    pub span: Range<usize>,
    /// What is wrong: lowercase, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ManifestProblem {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// Grants beyond the default that the user has not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Unaccepted {
    /// The `kilnbox.toml` that asks.
    pub path: PathBuf,
    /// Plugin and capability, in the order of the file.
    pub grants: Vec<(String, String)>,
    /// An earlier state of the same file was accepted.
    pub changed: bool,
}

impl Unaccepted {
    /// What the user can do.
    pub fn way_out(&self) -> String {
        let folder = self.path.parent().unwrap_or(&self.path).display();
        format!(
            "`kilnbox trust {folder}` shows what would be granted and remembers your answer; \
             where nobody can answer (CI), pass `--trust`"
        )
    }
}

impl fmt::Display for Unaccepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wants: Vec<String> = self
            .grants
            .iter()
            .map(|(plugin, capability)| format!("`{capability}` to `{plugin}`"))
            .collect();
        let state = if self.changed {
            "was changed since you accepted it"
        } else {
            "is not accepted yet"
        };
        write!(
            f,
            "`{}` grants {} and {state}",
            self.path.display(),
            wants.join(", ")
        )
    }
}
