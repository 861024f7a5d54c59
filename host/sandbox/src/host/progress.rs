//! The progress of a transfer as events, a few per second; of a tree that arrives, also what may still be written.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use kilnbox_engine::{Events, Progress};
use tokio::sync::SetOnce;

use crate::{limits::Reached, quota::Quota};

/// A person sees no more than this many steps, and the event stream is for everybody.
const EACH: Duration = Duration::from_millis(100);

/// Speaks for the host: it is the host that moves the bytes.
#[derive(Debug)]
pub(crate) struct Transfer {
    events: Events,
    what: String,
    told: Mutex<Instant>,
    counted: Option<Counted>,
}

/// A tree is written by the communicator, which knows no quota: its bytes are booked when they are told, and the transfer
/// is given up a little after there is no more room.
#[derive(Debug)]
struct Counted {
    quota: Quota,
    booked: AtomicU64,
    reached: SetOnce<Reached>,
}

impl Transfer {
    pub(crate) fn new(events: &Events, what: &str) -> Self {
        Self {
            events: events.clone(),
            what: what.to_owned(),
            told: Mutex::new(Instant::now()),
            counted: None,
        }
    }

    /// Books the bytes on a quota.
    pub(crate) fn counted(mut self, quota: Quota) -> Self {
        self.counted = Some(Counted {
            quota,
            booked: AtomicU64::new(0),
            reached: SetOnce::new(),
        });
        self
    }

    /// The transfer, given up where the quota is used up.
    pub(crate) async fn within_quota<T>(&self, transfer: impl Future<Output = T>) -> Result<T, Reached> {
        let used_up = async {
            match &self.counted {
                Some(counted) => counted.reached.wait().await.clone(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            reached = used_up => Err(reached),
            done = transfer => Ok(done),
        }
    }

    /// Whether the quota was used up.
    pub(crate) fn reached(&self) -> Result<(), Reached> {
        let reached = self.counted.as_ref().and_then(|counted| counted.reached.get());
        reached.cloned().map_or(Ok(()), Err)
    }

    pub(crate) fn finished(&self, bytes: u64) {
        self.events.progress(&self.what, bytes, Some(bytes), true);
    }
}

impl Progress for Transfer {
    fn moved(&self, bytes: u64, total: Option<u64>) {
        if let Some(counted) = &self.counted {
            let before = counted.booked.fetch_max(bytes, Ordering::Relaxed);
            if let Err(reached) = counted.quota.bytes(bytes.saturating_sub(before)) {
                // The first one counts.
                let _ = counted.reached.set(reached);
            }
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= EACH {
            *told = Instant::now();
            self.events.progress(&self.what, bytes, total, false);
        }
    }
}
