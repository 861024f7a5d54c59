//! What all texts of a template may take together before the build runs.
//!
//! Each text has a budget of its own; a file of 16 MiB has room for a million texts that each use it up. Repetition is
//! what is counted here: a text takes its own length for free, so that no template is too long to be expanded. While
//! the build runs, nothing is counted: texts are expanded one at a time then, as steps ask for them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{limits, text_template::Budget};

/// Steps and bytes that were taken beyond the length of each text.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    steps: AtomicU64,
    bytes: AtomicU64,
}

/// A text without repetition takes up to two steps for a byte: `{{.}}` is a command and a text. What it produces is as
/// long as a name it mentions, at most; short texts may mention long variables.
const FREE: u64 = 2;

impl Allowance {
    /// What a text may take: its own length, and what is left for all.
    pub(crate) fn budget(&self, text: &str) -> Budget {
        let own = text.len() as u64 * FREE;
        let left = |limit: u64, taken: &AtomicU64| limit.saturating_sub(taken.load(Ordering::Relaxed)) + own;
        Budget::up_to(
            left(limits::STEPS_TOGETHER, &self.steps),
            left(limits::BYTES_TOGETHER, &self.bytes),
        )
    }

    /// Takes what a text used beyond its length.
    pub(crate) fn take(&self, text: &str, used: &Budget) {
        let own = text.len() as u64 * FREE;
        let (steps, bytes) = used.used();
        self.steps.fetch_add(steps.saturating_sub(own), Ordering::Relaxed);
        self.bytes.fetch_add(bytes.saturating_sub(own), Ordering::Relaxed);
    }
}
