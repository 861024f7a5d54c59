//! Waiting for the world outside: cancellable, and not counted as time on the processor.
//!
//! Every host function that waits does so through [`Patience`]. A guest that computes is stopped at each tick of the
//! engine's clock, where its time is booked; time spent in a wait is left out.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{
    failure::Failure,
    limits::{Reached, TICK},
};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    cancel: CancellationToken,
    processor: Arc<Mutex<Processor>>,
    limit: Duration,
}

#[derive(Debug)]
struct Processor {
    used: Duration,
    since: Instant,
}

impl Processor {
    /// Books the time since the last look. A guest that waits for its turn among others is not charged for it: no
    /// look comes later than one tick while it computes.
    fn book(&mut self) {
        let now = Instant::now();
        self.used += now.duration_since(self.since).min(TICK);
        self.since = now;
    }
}

impl Patience {
    pub(crate) fn new(cancel: CancellationToken, limit: Duration) -> Self {
        let processor = Processor {
            used: Duration::ZERO,
            since: Instant::now(),
        };
        Self {
            cancel,
            processor: Arc::new(Mutex::new(processor)),
            limit,
        }
    }

    /// Waits for `what`, or until the run is cancelled.
    pub(crate) async fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, Failure> {
        self.processor(Processor::book);
        let result = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Failure::cancelled()),
            result = what => Ok(result),
        };
        self.processor(|processor| processor.since = Instant::now());
        result
    }

    /// Waits no longer than `limit`, if there is one.
    pub(crate) async fn wait_at_most<T>(
        &self,
        limit: Option<Duration>,
        what: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        match limit {
            None => self.wait(what).await,
            Some(limit) => self
                .wait(tokio::time::timeout(limit, what))
                .await?
                .map_err(|_| Failure::timeout(limit)),
        }
    }

    /// Does blocking work of a bounded size, such as reading a local file, away from the async threads.
    pub(crate) async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let done = self.wait(tokio::task::spawn_blocking(work)).await?;
        done.map_err(|error| Failure::Trap(wasmtime::Error::new(error)))
    }

    /// One tick of the engine's clock passed while the guest computed.
    pub(crate) fn tick(&self) -> Result<(), Reached> {
        self.processor(|processor| {
            processor.book();
            if processor.used > self.limit {
                let most = humantime::format_duration(self.limit);
                Err(Reached::new("cpu-time", format!("may compute for {most}")))
            } else {
                Ok(())
            }
        })
    }

    pub(crate) fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    fn processor<T>(&self, look: impl FnOnce(&mut Processor) -> T) -> T {
        look(&mut self.processor.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
