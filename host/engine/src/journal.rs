//! What this process made outside itself, written down before it is made (invariant 5).
//!
//! One file per run below the state folder, locked while the run lives. An entry is appended and synced before the
//! resource is asked for, and struck after it is gone. [`crate::gc`] reads the files that nobody holds and hands each
//! open entry to the [`Reclaimer`] of its kind.

mod file;
mod line;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use serde_json::Value as Json;

pub(crate) use file::JournalFile;
use line::Line;
pub(crate) use line::OpenEntry;

/// The journal of this run. Cheap to clone. Every method blocks for the milliseconds that a sync to disk takes.
#[derive(Clone, Debug)]
pub struct Journal {
    file: Arc<JournalFile>,
    run_id: Arc<str>,
}

/// One resource that may exist.
#[derive(Clone, Debug)]
pub struct Entry {
    file: Arc<JournalFile>,
    id: u64,
}

impl Journal {
    /// Starts the journal of a run below `state_dir` (made if missing, owner-only).
    pub fn create(state_dir: &Path, run_id: &str) -> Result<Self, JournalError> {
        JournalFile::create(&folder(state_dir), run_id).map(|file| Self {
            file: Arc::new(file),
            run_id: run_id.into(),
        })
    }

    /// The run it belongs to: what is made elsewhere is marked with it.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Writes down a resource of `kind` that is about to be made, synced before it returns. `data` is all that its
    /// reclaimer needs to find and remove it; no secrets.
    pub fn record(&self, kind: &str, data: Json) -> Result<Entry, JournalError> {
        let id = self.file.append(|id| Line::Record {
            id,
            kind: kind.to_owned(),
            data,
        })?;
        Ok(Entry {
            file: self.file.clone(),
            id,
        })
    }

    /// The number of resources that may still exist.
    pub fn open(&self) -> usize {
        self.file.open_entries()
    }

    /// Ends the run: removes the file when nothing is open, and leaves it to `kilnbox gc` otherwise. Returns whether
    /// it was removed. Nothing may be recorded afterwards.
    pub fn finish(&self) -> Result<bool, JournalError> {
        self.file.remove_if_done()
    }
}

impl Entry {
    /// Replaces the data, when more is known than before the resource was made (an id given by the platform).
    pub fn update(&self, data: Json) -> Result<(), JournalError> {
        self.file.append(|_| Line::Update { id: self.id, data }).map(drop)
    }

    /// The resource is gone, or now belongs to the user. Striking twice is no error.
    pub fn strike(&self) -> Result<(), JournalError> {
        self.file.append(|_| Line::Strike { id: self.id }).map(drop)
    }
}

/// Removes what a dead run left, for one kind of resource. Idempotent: a resource that is already gone is success.
#[async_trait]
pub trait Reclaimer: Send + Sync + fmt::Debug {
    /// The kind given to [`Journal::record`].
    fn kind(&self) -> &'static str;

    /// Says in a few words what `data` stands for, for `gc --dry-run`.
    fn describe(&self, data: &Json) -> String;

    /// Removes it.
    async fn reclaim(&self, data: &Json) -> Result<(), String>;
}

/// The journal could not be kept, so nothing may be made.
#[derive(Debug, thiserror::Error)]
#[error("journal `{}`: {source}", path.display())]
pub struct JournalError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

impl JournalError {
    /// For `map_err`.
    pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self { path, source }
    }
}

/// Where the journals of all runs are.
pub(crate) fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("journal")
}
