//! Work that ends: with its result, with its panic as an error, or because its time is over.

use std::{panic::AssertUnwindSafe, pin::pin, time::Duration};

use futures::FutureExt as _;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{StepError, limits, panics};

/// Awaits `work`. It is dropped `grace` after `cancel` fired, or [`limits::CLEANUP_HURRIED`] after `hurry` did. A panic
/// becomes an error.
pub(crate) async fn with_grace<T>(
    work: impl Future<Output = Result<T, StepError>>,
    cancel: &CancellationToken,
    grace: Duration,
    hurry: &CancellationToken,
) -> Result<T, StepError> {
    let mut work = pin!(caught(work));
    tokio::select! {
        biased;
        outcome = &mut work => outcome,
        () = fired_for(cancel, grace) => Err(StepError::cancelled()),
        () = fired_for(hurry, limits::CLEANUP_HURRIED) => Err(StepError::cancelled()),
    }
}

/// Awaits a clean-up for at most `bound`, or [`limits::CLEANUP_HURRIED`] once `hurry` fired.
pub(crate) async fn within(
    work: impl Future<Output = Result<(), StepError>>,
    bound: Duration,
    hurry: &CancellationToken,
) -> Result<(), StepError> {
    let mut work = pin!(caught(work));
    let late = |after| {
        Err(StepError::new(format!(
            "not done after {}",
            humantime::format_duration(after)
        )))
    };
    tokio::select! {
        biased;
        outcome = &mut work => outcome,
        () = sleep(bound) => late(bound),
        () = fired_for(hurry, limits::CLEANUP_HURRIED) => late(limits::CLEANUP_HURRIED),
    }
}

/// `work` with its panic as an error.
async fn caught<T>(work: impl Future<Output = Result<T, StepError>>) -> Result<T, StepError> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => Err(StepError::new(panics::message(panic.as_ref()))),
    }
}

async fn fired_for(token: &CancellationToken, time: Duration) {
    token.cancelled().await;
    sleep(time).await;
}
