//! One journal on disk: owner-only, append-only, synced, and locked for as long as its run lives.
//!
//! The lock is what tells a living run from a dead one. It belongs to the open file, which is closed on `exec`, so a
//! killed run lets go of it at once and the programs it started never hold it.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{JournalError, Line, OpenEntry, line};

/// Attempts to make the file before somebody else's lock on it counts as an error: `gc` may remove it in between.
const TRIES: usize = 16;

/// An open, locked journal.
#[derive(Debug)]
pub(crate) struct JournalFile {
    path: PathBuf,
    state: Mutex<State>,
}

/// The journal of a dead run.
#[derive(Debug)]
pub(crate) struct TakenOver {
    pub(crate) file: JournalFile,
    /// What may still exist, oldest first.
    pub(crate) entries: Vec<OpenEntry>,
    /// When the run began, or at the latest began.
    pub(crate) started: Option<Timestamp>,
}

#[derive(Debug)]
struct State {
    file: File,
    last_id: u64,
    open: BTreeSet<u64>,
    /// The last write ended in the middle of a line.
    torn: bool,
    removed: bool,
}

impl JournalFile {
    /// Makes and locks `<folder>/<run_id>.jsonl`.
    pub(super) fn create(folder: &Path, run_id: &str) -> Result<Self, JournalError> {
        let at_folder = || JournalError::at(folder);
        if !is_plain(run_id) {
            return Err(at_folder()(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the run id is not a plain name",
            )));
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(at_folder())?;
        let path = folder.join(format!("{run_id}.jsonl"));
        let file = create_locked(&path).map_err(JournalError::at(&path))?;
        sync_folder(folder).map_err(at_folder())?;
        let state = State {
            file,
            last_id: 0,
            open: BTreeSet::new(),
            torn: false,
            removed: false,
        };
        let journal = Self {
            path,
            state: Mutex::new(state),
        };
        journal.append(|_| Line::Run {
            run: run_id.to_owned(),
            pid: std::process::id(),
            started: Timestamp::now().to_string(),
        })?;
        Ok(journal)
    }

    /// Takes over the journal of a dead run; none if its run lives or it is gone.
    pub(crate) fn take_over(path: &Path) -> Result<Option<TakenOver>, JournalError> {
        let at = || JournalError::at(path);
        let opened = OpenOptions::new()
            .read(true)
            .append(true)
            .custom_flags(no_follow())
            .open(path);
        let mut file = match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(at())?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(at()(error)),
        }
        let metadata = file.metadata().map_err(at())?;
        if metadata.nlink() == 0 {
            return Ok(None);
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
            return Err(at()(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "not trusted: it belongs to or can be written by somebody else",
            )));
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(at())?;
        let entries = line::open_entries(&text);
        // Where the first line was torn: a run begins no later than its journal was last written to.
        let started =
            line::started(&text).or_else(|| metadata.modified().ok().and_then(|time| time.try_into().ok()));
        let state = State {
            file,
            last_id: entries.last().map_or(0, |entry| entry.id),
            open: entries.iter().map(|entry| entry.id).collect(),
            torn: text.last().is_some_and(|byte| *byte != b'\n'),
            removed: false,
        };
        Ok(Some(TakenOver {
            file: Self {
                path: path.to_owned(),
                state: Mutex::new(state),
            },
            entries,
            started,
        }))
    }

    /// Whether the run of a journal lives, as far as can be seen: what cannot be looked at counts as living.
    pub(crate) fn lives(folder: &Path, run_id: &str) -> bool {
        let path = folder.join(format!("{run_id}.jsonl"));
        let opened = OpenOptions::new().read(true).custom_flags(no_follow()).open(path);
        match opened {
            // Shared: who makes or collects it at this moment is not kept from it for longer than needed.
            Ok(file) => file.try_lock_shared().is_err(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// Appends a line and syncs it. The line is made with the id that a new entry would have; returns that id.
    pub(super) fn append(&self, line: impl FnOnce(u64) -> Line) -> Result<u64, JournalError> {
        let mut state = self.state();
        let id = state.last_id + 1;
        let line = line(id);
        self.write(&mut state, &line)
            .map_err(JournalError::at(&self.path))?;
        match line {
            Line::Record { .. } => {
                state.last_id = id;
                state.open.insert(id);
            }
            Line::Strike { id } => {
                state.open.remove(&id);
            }
            Line::Run { .. } | Line::Update { .. } => {}
        }
        Ok(id)
    }

    /// Notes that `id` is gone.
    pub(crate) fn strike(&self, id: u64) -> Result<(), JournalError> {
        self.append(|_| Line::Strike { id }).map(drop)
    }

    pub(crate) fn open_entries(&self) -> usize {
        self.state().open.len()
    }

    /// Removes the file if nothing is open.
    pub(crate) fn remove_if_done(&self) -> Result<bool, JournalError> {
        let mut state = self.state();
        if state.removed {
            return Ok(true);
        }
        if !state.open.is_empty() {
            return Ok(false);
        }
        fs::remove_file(&self.path).map_err(JournalError::at(&self.path))?;
        state.removed = true;
        Ok(true)
    }

    fn write(&self, state: &mut State, line: &Line) -> io::Result<()> {
        if state.removed {
            return Err(io::Error::other("the run has ended"));
        }
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        if state.torn {
            text.insert(0, b'\n');
        }
        state.torn = true;
        state.file.write_all(&text)?;
        state.torn = false;
        state.file.sync_data()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an id can be the name of a journal.
pub(crate) fn is_plain(run_id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !run_id.is_empty() && run_id.bytes().all(plain)
}

/// `gc` may see the file between its making and its locking, find nothing open in it and remove it. The lock is then
/// on a file without a name, and the making starts again.
fn create_locked(path: &Path) -> io::Result<File> {
    for _ in 0..TRIES {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(no_follow())
            .open(path)?;
        file.lock()?;
        if file.metadata()?.nlink() > 0 {
            return Ok(file);
        }
    }
    Err(io::Error::other(
        "it was removed again and again while it was made",
    ))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn no_follow() -> i32 {
    rustix::fs::OFlags::NOFOLLOW.bits().cast_signed()
}
