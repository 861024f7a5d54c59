//! Why a step did not succeed.
//!
//! [`Error`] takes the contract's errors with `?` and gathers what was being done on the way out. The text of
//! [`Error::new`] reaches the person who watches as it is.

use std::fmt;

use crate::types;
pub use crate::types::ErrorCode;

/// The error of a step: a code for the host, a message and the context for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: ErrorCode,
    message: String,
    context: Vec<String>,
}

impl Error {
    /// An error of the step's own making.
    pub fn new(message: impl Into<String>) -> Self {
        Self::with_code(ErrorCode::Other, message)
    }

    /// An error because the options or the arguments make no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::with_code(ErrorCode::Invalid, message)
    }

    /// An error with a code the host can tell apart.
    pub fn with_code(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            context: Vec::new(),
        }
    }

    /// What kind of error it is.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What happened, without the context.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Outermost first: `uploading the script: connection reset`.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for doing in self.context.iter().rev() {
            write!(f, "{doing}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        Self {
            code: error.code,
            message: error.message,
            context: error.context,
        }
    }
}

impl From<Error> for types::Error {
    fn from(error: Error) -> Self {
        Self {
            code: error.code,
            message: error.message,
            context: error.context,
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::invalid(error.to_string())
    }
}

/// Says what was being done when an error came.
///
/// ```
/// use kilnbox_guest::{Context, Error};
///
/// let failed: Result<(), Error> = Err(Error::new("no space left")).context("writing the report");
/// assert_eq!(failed.unwrap_err().to_string(), "writing the report: no space left");
/// ```
pub trait Context<T> {
    /// Adds `doing`, a fragment such as "uploading the script".
    fn context(self, doing: impl Into<String>) -> Result<T, Error>;

    /// Adds what `doing` returns, which is called only for an error.
    fn with_context(self, doing: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T, E: Into<Error>> Context<T> for Result<T, E> {
    fn context(self, doing: impl Into<String>) -> Result<T, Error> {
        self.with_context(|| doing.into())
    }

    fn with_context(self, doing: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|error| {
            let mut error = error.into();
            error.context.push(doing());
            error
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_is_kept_innermost_first() {
        let result: Result<(), types::Error> = Err(types::Error {
            code: ErrorCode::Remote,
            message: "permission denied".into(),
            context: vec!["writing `/etc/motd`".into()],
        });
        let error = result.context("uploading the script").unwrap_err();
        assert_eq!(
            error.to_string(),
            "uploading the script: writing `/etc/motd`: permission denied"
        );
        assert_eq!(error.code(), ErrorCode::Remote);
        assert_eq!(
            types::Error::from(error).context,
            ["writing `/etc/motd`", "uploading the script"]
        );
    }
}
