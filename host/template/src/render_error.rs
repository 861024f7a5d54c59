//! Why a text could not be expanded, and where in it.

use crate::{Span, limits};

/// Why a text could not be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// The bytes of the text that are to blame; see [`crate::Diagnostics::inside`].
    pub at: Option<Span>,
    /// The variable that does not exist, if that is the reason.
    pub undefined: Option<String>,
}

impl RenderError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            at: None,
            undefined: None,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Adds the place, unless a narrower one is known.
    pub(crate) fn at(self, at: Span) -> Self {
        Self {
            at: self.at.or(Some(at)),
            ..self
        }
    }

    /// Forgets the place: it was one in another text.
    pub(crate) fn elsewhere(self) -> Self {
        Self { at: None, ..self }
    }

    pub(crate) fn long_chain() -> Self {
        Self::new(format!("more than {} variables use one another", limits::CHAIN))
    }

    pub(crate) fn undefined(name: &str) -> Self {
        Self {
            undefined: Some(name.to_owned()),
            ..Self::new(format!("test: variable `{name}` not set"))
        }
    }
}
