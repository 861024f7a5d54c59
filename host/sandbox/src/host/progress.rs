//! The progress of a transfer as events, a few per second.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use kilnbox_engine::{Events, Progress};

/// A person sees no more than this many steps, and the event stream is for everybody.
const EACH: Duration = Duration::from_millis(100);

/// Speaks for the host: it is the host that moves the bytes.
#[derive(Debug)]
pub(crate) struct Transfer {
    events: Events,
    what: String,
    told: Mutex<Instant>,
}

impl Transfer {
    pub(crate) fn new(events: &Events, what: &str) -> Self {
        Self {
            events: events.clone(),
            what: what.to_owned(),
            told: Mutex::new(Instant::now()),
        }
    }

    pub(crate) fn finished(&self, bytes: u64) {
        self.events.progress(&self.what, bytes, Some(bytes), true);
    }
}

impl Progress for Transfer {
    fn moved(&self, bytes: u64, total: Option<u64>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= EACH {
            *told = Instant::now();
            self.events.progress(&self.what, bytes, total, false);
        }
    }
}
