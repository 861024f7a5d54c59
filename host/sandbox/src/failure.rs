//! How a host function says no: an error that the guest gets to see, or a trap that ends it.

use kilnbox_engine::CommunicatorError;
use wasmtime::component::ResourceTableError;

use crate::{
    bindings::kilnbox::plugin::types::{Error, ErrorCode},
    limits::Reached,
};

/// Why a call of the guest did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Handed to the guest.
    Guest(Error),
    /// The guest broke a rule that no honest one can break.
    Trap(wasmtime::Error),
}

impl Failure {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Guest(Error {
            code,
            message: message.into(),
            context: Vec::new(),
        })
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Denied, message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, message)
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(ErrorCode::Cancelled, "cancelled")
    }

    pub(crate) fn timeout(after: std::time::Duration) -> Self {
        Self::new(
            ErrorCode::Timeout,
            format!("timed out after {}", humantime::format_duration(after)),
        )
    }

    /// A local file, as the user wrote it.
    pub(crate) fn local(path: &str, error: &std::io::Error) -> Self {
        if let Some(reached) = Reached::of(error) {
            return reached.clone().into();
        }
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorCode::NotFound,
            std::io::ErrorKind::InvalidInput => ErrorCode::Invalid,
            _ => ErrorCode::Other,
        };
        Self::new(code, format!("`{path}`: {error}"))
    }
}

impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

impl From<Reached> for Failure {
    fn from(reached: Reached) -> Self {
        Self::Trap(wasmtime::Error::new(reached))
    }
}

impl From<ResourceTableError> for Failure {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

impl From<CommunicatorError> for Failure {
    fn from(error: CommunicatorError) -> Self {
        if let CommunicatorError::Local { source, .. } = &error
            && let Some(reached) = Reached::of(source)
        {
            return reached.clone().into();
        }
        let code = match &error {
            CommunicatorError::Connection(_) => ErrorCode::Connection,
            CommunicatorError::Remote { .. } | CommunicatorError::Hostile(_) => ErrorCode::Remote,
            CommunicatorError::Local { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                ErrorCode::NotFound
            }
            CommunicatorError::Local { .. } => ErrorCode::Other,
            CommunicatorError::NotUtf8(_) => ErrorCode::Invalid,
            CommunicatorError::Unsupported(_) => ErrorCode::Other,
            CommunicatorError::TimedOut { .. } => ErrorCode::Timeout,
        };
        Self::new(code, error.to_string())
    }
}
