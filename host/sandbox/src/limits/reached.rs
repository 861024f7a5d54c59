//! A guest reached a limit. Travels as the error of a call or of a local file, and ends the step.

use std::io;

/// Which limit, and what it means in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Reached {
    /// The name of the [`super::Setting`].
    pub(crate) limit: &'static str,
    /// As the end of a sentence about the step, such as "may hold 16 handles at the same time".
    pub(crate) what: String,
}

impl Reached {
    pub(crate) fn new(limit: &'static str, what: impl Into<String>) -> Self {
        Self {
            limit,
            what: what.into(),
        }
    }

    /// The limit behind an error of writing a file.
    pub(crate) fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<Reached> for io::Error {
    fn from(reached: Reached) -> Self {
        Self::other(reached)
    }
}
