//! Finishes what dead runs left: `kilnbox gc`.
//!
//! A journal whose lock is free belongs to a run that has ended. Its open entries are reclaimed newest first, each is
//! struck when it is gone, and the file is removed when nothing is open. What cannot be reclaimed stays written down
//! and is reported, so that nothing is ever forgotten.

use std::{
    fs, io,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::FutureExt as _;
use serde_json::Value as Json;

use crate::{
    Events, JournalError, Reclaimer,
    journal::{self, JournalFile, OpenEntry},
    limits, panics,
};

/// How to collect.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcOptions {
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
}

/// What was found and what became of it.
#[derive(Debug, Default)]
pub struct GcReport {
    /// Journals whose run still lives, or that vanished while they were looked at; left alone.
    pub held: usize,
    /// Entries that are gone now, or would be without `dry_run`; in words.
    pub reclaimed: Vec<String>,
    /// Entries and files that stay, each with its reason.
    pub kept: Vec<Kept>,
    /// Journals removed because nothing is open in them.
    pub journals_removed: usize,
}

/// Something that could not be collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The resource in words, or the journal's path.
    pub what: String,
    /// Why it stays.
    pub reason: String,
    /// The journal it is written in.
    pub journal: PathBuf,
}

/// Collects below `state_dir`. Fails only where the folder cannot be read; all else is in the report and is said as
/// it happens.
pub async fn collect(
    state_dir: &Path,
    reclaimers: &[Arc<dyn Reclaimer>],
    options: GcOptions,
    events: &Events,
) -> Result<GcReport, JournalError> {
    let mut report = GcReport::default();
    for path in journals(&journal::folder(state_dir))? {
        match JournalFile::take_over(&path) {
            Ok(None) => report.held += 1,
            Ok(Some((file, entries))) => {
                for entry in entries.into_iter().rev() {
                    let outcome = reclaim(&file, &entry, reclaimers, options, events).await;
                    report.note(outcome.map_err(|(what, reason)| (what, reason, &path)), events);
                }
                if !options.dry_run {
                    match file.remove_if_done() {
                        Ok(removed) => report.journals_removed += usize::from(removed),
                        Err(error) => report.keep_file(&path, error, events),
                    }
                }
            }
            Err(error) => report.keep_file(&path, error, events),
        }
    }
    Ok(report)
}

impl GcReport {
    fn note(&mut self, outcome: Result<String, (String, String, &PathBuf)>, events: &Events) {
        match outcome {
            Ok(what) => self.reclaimed.push(what),
            Err((what, reason, journal)) => {
                events.error(format!("{what} stays: {reason}"));
                self.kept.push(Kept {
                    what,
                    reason,
                    journal: journal.clone(),
                });
            }
        }
    }

    fn keep_file(&mut self, path: &PathBuf, error: JournalError, events: &Events) {
        self.note(
            Err((
                format!("journal `{}`", path.display()),
                error.source.to_string(),
                path,
            )),
            events,
        );
    }
}

/// What was reclaimed, in words; or what was not, and why.
async fn reclaim(
    file: &JournalFile,
    entry: &OpenEntry,
    reclaimers: &[Arc<dyn Reclaimer>],
    options: GcOptions,
    events: &Events,
) -> Result<String, (String, String)> {
    let Some(reclaimer) = reclaimers.iter().find(|reclaimer| reclaimer.kind() == entry.kind) else {
        let what = format!("`{}` {}", entry.kind, entry.data);
        return Err((
            what,
            "this version knows no such kind; use the version that made it".to_owned(),
        ));
    };
    let what = reclaimer.describe(&entry.data);
    if options.dry_run {
        events.say(format!("would remove {what}"));
        return Ok(what);
    }
    events.say(format!("removing {what}"));
    match bounded(reclaimer.as_ref(), &entry.data).await {
        Ok(()) => match file.strike(entry.id) {
            Ok(()) => Ok(what),
            Err(error) => Err((what, error.to_string())),
        },
        Err(reason) => Err((what, reason)),
    }
}

async fn bounded(reclaimer: &dyn Reclaimer, data: &Json) -> Result<(), String> {
    let reclaiming = AssertUnwindSafe(reclaimer.reclaim(data)).catch_unwind();
    match tokio::time::timeout(limits::CLEANUP, reclaiming).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(panics::message(panic.as_ref())),
        Err(_) => Err(format!(
            "not done after {}",
            humantime::format_duration(limits::CLEANUP)
        )),
    }
}

/// The journals in a folder, oldest run first as far as their names say; none where there is no folder.
fn journals(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(JournalError::at(folder))?,
    };
    let mut paths = Vec::new();
    for found in listed {
        let path = found.map_err(JournalError::at(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests;
