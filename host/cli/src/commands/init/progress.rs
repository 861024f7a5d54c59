//! What a person sees while plugins are found and downloaded: what each asks for, then a bar for each download.
//!
//! Bars go to standard error, and only to a terminal; what a component may do goes to standard output, because it is
//! the answer.

use std::{collections::HashMap, sync::Mutex};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use kilnbox_engine::text;
use kilnbox_registry::{Asked, Watch};

use crate::{
    capabilities::{Power, powers},
    stdout,
    table::table,
};

/// Redrawing more often only makes slow terminals slower.
const REDRAWS_PER_SECOND: u8 = 10;

/// The bars.
pub(super) struct Downloads {
    all: MultiProgress,
    running: Mutex<HashMap<String, ProgressBar>>,
}

impl Downloads {
    pub(super) fn new() -> Self {
        // Draws nothing where standard error is no terminal.
        let target = ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND);
        Self {
            all: MultiProgress::with_draw_target(target),
            running: Mutex::default(),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<String, ProgressBar>) -> T) -> T {
        let mut running = self
            .running
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        change(&mut running)
    }
}

impl Watch for Downloads {
    fn asks(&self, asked: &Asked<'_>) {
        let text = told(asked);
        self.all.suspend(|| {
            // A reader that went away is no reason to stop: the lock is what counts.
            let _ = stdout::print(&text);
        });
    }

    fn begins(&self, plugin: &str, size: Option<u64>) {
        let bar = self.all.add(ProgressBar::no_length());
        bar.set_style(style(size.is_some()));
        bar.set_message(text::clean(plugin).into_owned());
        if let Some(size) = size {
            bar.set_length(size);
        }
        self.with(|running| running.insert(plugin.to_owned(), bar));
    }

    fn arrived(&self, plugin: &str, bytes: u64) {
        self.with(|running| {
            if let Some(bar) = running.get(plugin) {
                bar.inc(bytes);
            }
        });
    }

    fn ends(&self, plugin: &str) {
        if let Some(bar) = self.with(|running| running.remove(plugin)) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }
}

/// What a component asks for; beside a locked version, what is new in it.
fn told(asked: &Asked<'_>) -> String {
    let Asked {
        plugin,
        version,
        was,
        capabilities,
    } = asked;
    let source = plugin
        .source
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut lines = vec![format!("{} {version} from {source} asks for", plugin.name)];
    lines.extend(table(powers(capabilities).into_iter().map(|power| {
        let new = was.is_some_and(|was| !was.imports.contains(&power.name));
        let mark = if new { "+" } else { " " };
        let words = format!("{}{}", power.words, need(&power, &plugin.grant));
        vec![mark.to_owned(), power.name, words]
    })));
    let lines: Vec<String> = lines.iter().map(|line| text::clean(line).into_owned()).collect();
    lines.join("\n") + "\n"
}

fn need(power: &Power, granted: &[String]) -> &'static str {
    match power.on_request {
        true if granted.contains(&power.name) => ", as kilnbox.toml grants",
        true => "; kilnbox.toml does not grant it",
        false => "",
    }
}

fn style(sized: bool) -> ProgressStyle {
    let template = if sized {
        "    {msg} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec} {eta}"
    } else {
        "    {msg} {bytes} {bytes_per_sec}"
    };
    ProgressStyle::with_template(template)
        .map(|style| style.progress_chars("=> "))
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
