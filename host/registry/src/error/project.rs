//! What can be wrong with `kilnbox.toml` itself, and with what it grants.

use std::{fmt, ops::Range, path::PathBuf};

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
