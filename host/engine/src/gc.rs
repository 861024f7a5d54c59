//! Finishes what dead runs left: `kilnbox gc`.
//!
//! A journal whose lock is free belongs to a run that has ended. Its open entries are reclaimed newest first, each is
//! struck when it is gone, and the file is removed when nothing is open. What cannot be reclaimed stays written down
//! and is reported, so that nothing is ever forgotten. For what no journal tells any more there is [`sweep`].

mod sweep;

use std::{
    fs, io,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::FutureExt as _;
use jiff::Timestamp;

pub use sweep::{Found, SweepScope, Sweepable, Sweeper, Swept, look, sweep};

use crate::{
    Events, JournalError, Reclaimer,
    journal::{self, JournalFile, OpenEntry, TakenOver},
    limits, panics,
};

/// How to collect.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcOptions {
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Only what runs left that began this long ago or longer.
    pub older_than: Option<Duration>,
}

/// What was found and what became of it.
#[derive(Debug, Default)]
pub struct GcReport {
    /// Journals whose run still lives, or that vanished while they were looked at; left alone.
    pub held: usize,
    /// Journals of runs that are younger than was asked for; left alone.
    pub younger: usize,
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
            Ok(Some(journal)) if !is_old(&journal, options.older_than) => report.younger += 1,
            Ok(Some(journal)) => {
                let TakenOver { file, entries, .. } = journal;
                let work = Work {
                    file: &file,
                    reclaimers,
                    dry_run: options.dry_run,
                    events,
                };
                let newest_first = entries.into_iter().rev().collect();
                for outcome in work.all(newest_first).await {
                    report.note(outcome, &path, events);
                }
                if !options.dry_run {
                    match file.remove_if_done() {
                        Ok(removed) => report.journals_removed += usize::from(removed),
                        Err(error) => report.keep_file(&path, &error, events),
                    }
                }
            }
            Err(error) => report.keep_file(&path, &error, events),
        }
    }
    Ok(report)
}

/// Whether the run of a journal began so long ago. One that is unknown is not old.
fn is_old(journal: &TakenOver, older_than: Option<Duration>) -> bool {
    let Some(older_than) = older_than else { return true };
    let age = journal
        .started
        .map(|started| Timestamp::now().duration_since(started));
    // A clock that was put back makes no run old.
    age.and_then(|age| Duration::try_from(age).ok())
        .is_some_and(|age| age >= older_than)
}

impl GcReport {
    fn note(&mut self, outcome: Result<String, Stays>, journal: &Path, events: &Events) {
        match outcome {
            Ok(what) => self.reclaimed.push(what),
            Err(Stays { what, reason, .. }) => {
                events.error(format!("{what} stays: {reason}"));
                self.kept.push(Kept {
                    what,
                    reason,
                    journal: journal.to_owned(),
                });
            }
        }
    }

    fn keep_file(&mut self, path: &Path, error: &JournalError, events: &Events) {
        let stays = Stays {
            what: format!("journal `{}`", path.display()),
            reason: error.source.to_string(),
            again: false,
        };
        self.note(Err(stays), path, events);
    }
}

/// What could not be removed, and why.
struct Stays {
    what: String,
    reason: String,
    /// It may be possible once other entries are gone.
    again: bool,
}

/// The work on one journal.
struct Work<'w> {
    file: &'w JournalFile,
    reclaimers: &'w [Arc<dyn Reclaimer>],
    dry_run: bool,
    events: &'w Events,
}

impl Work<'_> {
    /// Reclaims the entries in this order. What did not succeed is tried again after the others, as long as something
    /// else goes and [`limits::GC_PASSES`] allow: the other may have stood in its way.
    async fn all(&self, mut entries: Vec<OpenEntry>) -> Vec<Result<String, Stays>> {
        let mut outcomes = Vec::new();
        for pass in 1..=limits::GC_PASSES {
            let gone = outcomes.len();
            let mut left = Vec::new();
            for entry in entries {
                match self.reclaim(&entry, pass).await {
                    Ok(what) => outcomes.push(Ok(what)),
                    Err(stays) => left.push((entry, stays)),
                }
            }
            let hopeless = outcomes.len() == gone || !left.iter().any(|(_, stays)| stays.again);
            if hopeless || pass == limits::GC_PASSES {
                outcomes.extend(left.into_iter().map(|(_, stays)| Err(stays)));
                break;
            }
            entries = left.into_iter().map(|(entry, _)| entry).collect();
        }
        outcomes
    }

    /// What was reclaimed, in words.
    async fn reclaim(&self, entry: &OpenEntry, pass: usize) -> Result<String, Stays> {
        let kind = |reclaimer: &&Arc<dyn Reclaimer>| reclaimer.kind() == entry.kind;
        let Some(reclaimer) = self.reclaimers.iter().find(kind) else {
            return Err(Stays {
                what: format!("`{}` {}", entry.kind, entry.data),
                reason: "this version knows no such kind; use the version that made it".to_owned(),
                again: false,
            });
        };
        let what = reclaimer.describe(&entry.data);
        self.events.say(match (self.dry_run, pass) {
            (true, _) => format!("would remove {what}"),
            (false, 1) => format!("removing {what}"),
            (false, _) => format!("removing {what}, once more"),
        });
        if self.dry_run {
            return Ok(what);
        }
        let stays = |reason, again| Stays {
            what: what.clone(),
            reason,
            again,
        };
        bounded(reclaimer.limit(), reclaimer.reclaim(&entry.data))
            .await
            .map_err(|(reason, again)| stays(reason, again))?;
        self.file
            .strike(entry.id)
            .map_err(|error| stays(error.to_string(), false))?;
        Ok(what)
    }
}

/// `work` within `limit`, its panic as an error; with an error, whether another try has a meaning.
async fn bounded(
    limit: Duration,
    work: impl Future<Output = Result<(), String>>,
) -> Result<(), (String, bool)> {
    let limit = limit.min(limits::CLEANUP_MOST);
    match tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome.map_err(|reason| (reason, true)),
        Ok(Err(panic)) => Err((panics::message(panic.as_ref()), false)),
        Err(_) => Err((
            format!("not done after {}", humantime::format_duration(limit)),
            false,
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
