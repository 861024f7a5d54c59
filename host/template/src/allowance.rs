//! What all texts of a template may take together before the build runs.
//!
//! Each text has a budget of its own; a file of 16 MiB has room for a million texts that each use it up. Repetition is
//! what is counted here: a text takes its own length for free, so that no template is too long to be expanded. While
//! the build runs, nothing is counted: texts are expanded one at a time then, as steps ask for them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{RenderError, limits, text_template::Budget};

/// Steps and bytes so far.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    steps: AtomicU64,
    bytes: AtomicU64,
}

impl Allowance {
    /// Takes what a text used beyond its length.
    pub(crate) fn take(&self, text: &str, used: &Budget) -> Result<(), RenderError> {
        let own = text.len() as u64;
        let (steps, bytes) = used.used();
        let more = |sum: &AtomicU64, used: u64| {
            let extra = used.saturating_sub(own);
            sum.fetch_add(extra, Ordering::Relaxed).saturating_add(extra)
        };
        let steps = more(&self.steps, steps);
        let bytes = more(&self.bytes, bytes);
        if steps <= limits::STEPS_TOGETHER && bytes <= limits::BYTES_TOGETHER {
            return Ok(());
        }
        Err(
            RenderError::new("the texts of this template take too much together").hint(format!(
                "all of them may take {} steps and produce {} bytes beyond their own length",
                limits::STEPS_TOGETHER,
                limits::BYTES_TOGETHER
            )),
        )
    }
}
