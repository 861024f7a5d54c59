//! The local side of a transfer: its errors, and the threads it blocks.

use std::path::Path;

use kilnbox_engine::CommunicatorError;
use tokio::task::{JoinHandle, spawn_blocking};

/// A local side that failed; who called knows its name where this does not.
pub(crate) fn unreadable(path: &Path, source: std::io::Error) -> CommunicatorError {
    let path = if path.as_os_str().is_empty() {
        Path::new("the local side of the transfer")
    } else {
        path
    };
    CommunicatorError::Local {
        path: path.to_owned(),
        source,
    }
}

/// Works with local files, which blocks, on a thread that may be blocked.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CommunicatorError> + Send + 'static,
) -> Result<T, CommunicatorError> {
    joined(spawn_blocking(work)).await
}

/// What a thread came to.
pub(crate) async fn joined<T>(
    thread: JoinHandle<Result<T, CommunicatorError>>,
) -> Result<T, CommunicatorError> {
    thread.await.unwrap_or_else(|error| {
        Err(unreadable(
            Path::new(""),
            std::io::Error::other(error.to_string()),
        ))
    })
}
