//! What a guest says, on its way to the event stream: cut, counted and, when it is too much, suppressed.
//!
//! A flood never ends a step. Whoever watches is told how many messages are missing, by the host, as soon as the
//! guest is quiet enough to be heard again and at the end. Cleaning and redacting is the engine's.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use kilnbox_engine::{Body, Events, Level, Speaker};

use crate::Limits;

/// What a field of a record costs beside its text, in bytes: empty ones take memory too.
const FIELD: usize = 64;

/// The guest's voice. Cheap to clone; clones share the count.
#[derive(Clone)]
pub(crate) struct Voice {
    /// Absent while the component is only asked what it is.
    events: Option<Events>,
    limits: Arc<Limits>,
    bucket: Arc<Mutex<Bucket>>,
}

impl fmt::Debug for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voice").finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Bucket {
    allowed: f64,
    filled: Instant,
    bytes: usize,
    suppressed: u64,
}

impl Voice {
    pub(crate) fn new(events: Option<&Events>, limits: Arc<Limits>) -> Self {
        let bucket = Bucket {
            allowed: f64::from(limits.message_burst),
            filled: Instant::now(),
            bytes: 0,
            suppressed: 0,
        };
        Self {
            events: events.map(|events| events.speaker(Speaker::Guest)),
            limits,
            bucket: Arc::new(Mutex::new(bucket)),
        }
    }

    pub(crate) fn say(&self, text: &str) {
        self.speak(text.len(), |events| events.say(self.cut(text)));
    }

    pub(crate) fn message(&self, text: &str) {
        self.speak(text.len(), |events| events.message(self.cut(text)));
    }

    pub(crate) fn error(&self, text: &str) {
        self.speak(text.len(), |events| events.error(self.cut(text)));
    }

    pub(crate) fn log(&self, level: Level, text: &str, fields: &[(String, String)]) {
        let size = |(name, value): &(String, String)| FIELD + name.len() + value.len();
        self.speak(text.len() + fields.iter().map(size).sum::<usize>(), |events| {
            let mut left = self.limits.message.saturating_sub(text.len());
            let kept = fields
                .iter()
                .take_while(|field| {
                    let fits = size(field) <= left;
                    left = left.saturating_sub(size(field));
                    fits
                })
                .cloned()
                .collect();
            events.log(level, self.cut(text), kept);
        });
    }

    pub(crate) fn progress(&self, what: &str, done: u64, total: Option<u64>) {
        self.speak(what.len(), |events| {
            events.progress(&self.cut(what), done, total, total == Some(done))
        });
    }

    /// Tells what was suppressed since it was last told. Called at the end of a run.
    pub(crate) fn close(&self) {
        let suppressed = std::mem::take(&mut self.bucket().suppressed);
        self.tell(suppressed);
    }

    fn speak(&self, bytes: usize, emit: impl FnOnce(&Events)) {
        let Some(events) = &self.events else { return };
        let Some(suppressed) = self.take(bytes.min(self.limits.message)) else {
            return;
        };
        self.tell(suppressed);
        emit(events);
    }

    /// Takes one message from the bucket. Returns how many were suppressed before it, or nothing if it must be
    /// suppressed itself.
    fn take(&self, bytes: usize) -> Option<u64> {
        let mut bucket = self.bucket();
        let now = Instant::now();
        let refill =
            now.duration_since(bucket.filled).as_secs_f64() * f64::from(self.limits.messages_per_second);
        bucket.filled = now;
        bucket.allowed = (bucket.allowed + refill).min(f64::from(self.limits.message_burst));
        let total = bucket.bytes.saturating_add(bytes);
        if bucket.allowed < 1.0 || total > self.limits.messages_total {
            bucket.suppressed += 1;
            return None;
        }
        bucket.allowed -= 1.0;
        bucket.bytes = total;
        Some(std::mem::take(&mut bucket.suppressed))
    }

    fn tell(&self, suppressed: u64) {
        if suppressed == 0 {
            return;
        }
        if let Some(events) = &self.events {
            let what = if suppressed == 1 { "message" } else { "messages" };
            events.speaker(Speaker::Host).emit(Body::Warning {
                text: format!("{suppressed} {what} suppressed: the step says too much"),
            });
        }
    }

    fn cut(&self, text: &str) -> String {
        if text.len() <= self.limits.message {
            return text.to_owned();
        }
        let end = text.floor_char_boundary(self.limits.message);
        let (kept, rest) = text.split_at(end);
        format!("{kept}… ({} bytes cut)", rest.len())
    }

    fn bucket(&self) -> std::sync::MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
