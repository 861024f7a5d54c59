//! Bars of running transfers, below the lines of a terminal; each is gone when its transfer is.

use std::{collections::HashMap, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use kilnbox_engine::Event;

use super::phrases::target;

/// Redrawing more often only makes slow terminals slower.
const REDRAWS_PER_SECOND: u8 = 10;
/// Bars shown at the same time; further transfers run without.
const MOST: usize = 16;

/// The bars.
#[derive(Debug)]
pub(crate) struct Transfers {
    all: MultiProgress,
    running: HashMap<(Option<String>, Option<u32>, String), ProgressBar>,
}

impl Transfers {
    /// Draws to standard error, so that standard output stays lines.
    pub(crate) fn new() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND));
        Self {
            all,
            running: HashMap::new(),
        }
    }

    /// Takes in one event of kind `progress`.
    pub(crate) fn update(
        &mut self,
        event: &Event,
        what: &str,
        done: u64,
        total: Option<u64>,
        finished: bool,
    ) {
        let key = (
            event.build.clone(),
            event.step.as_ref().map(|step| step.index),
            what.to_owned(),
        );
        if finished {
            if let Some(bar) = self.running.remove(&key) {
                bar.finish_and_clear();
                self.all.remove(&bar);
            }
            return;
        }
        if !self.running.contains_key(&key) && self.running.len() >= MOST {
            return;
        }
        let bar = self.running.entry(key).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::no_length());
            bar.set_style(style(total.is_some()));
            bar.set_prefix(target(event).unwrap_or_default());
            bar.set_message(what.to_owned());
            bar.enable_steady_tick(Duration::from_secs(1));
            bar
        });
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(done);
    }

    /// Writes lines above the bars.
    pub(crate) fn above(&self, write: impl FnOnce()) {
        self.all.suspend(write);
    }

    /// Removes what is still drawn.
    pub(crate) fn clear(&mut self) {
        for (_, bar) in self.running.drain() {
            bar.finish_and_clear();
        }
    }
}

fn style(sized: bool) -> ProgressStyle {
    let template = if sized {
        "    {prefix}: {msg} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec} {eta}"
    } else {
        "    {prefix}: {msg} {bytes} {bytes_per_sec}"
    };
    ProgressStyle::with_template(template)
        .map(|style| style.progress_chars("=> "))
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
