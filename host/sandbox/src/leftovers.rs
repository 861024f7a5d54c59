//! What a step left half-done on the instance, finished by the host (invariant 12).
//!
//! The list lives outside the store, so that it survives a trap, a timeout and a cancellation. Whoever ran the step
//! awaits [`Leftovers::clear`]; if even that future is dropped, a task of its own does the work.

use std::{
    collections::BTreeMap,
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kilnbox_engine::{Communicator, CommunicatorError, Deed, Events, SharedCommunicator};
use tokio::task::JoinHandle;

use crate::{failure::Failure, record::Recorder};

/// Remote files to remove. Clones share the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leftovers {
    list: Arc<Mutex<List>>,
}

#[derive(Default)]
struct List {
    next: u64,
    entries: BTreeMap<u64, Leftover>,
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.entries.values().map(|leftover| &leftover.path))
            .finish()
    }
}

/// A remote file that must not stay.
pub(crate) struct Leftover {
    pub(crate) on: SharedCommunicator,
    pub(crate) path: String,
    /// The upload that is writing it.
    pub(crate) upload: Option<JoinHandle<Result<u64, CommunicatorError>>>,
}

impl Leftover {
    async fn remove(self, within: Duration, recorder: &Recorder) -> Result<(), String> {
        let Self { on, path, upload } = self;
        let doing = recorder.begin(|| Deed::Remove { path: path.clone() });
        if let Some(upload) = upload {
            upload.abort();
            // Ended either way; only its file is of interest.
            let _ = upload.await;
        }
        let removed = match tokio::time::timeout(within, Communicator::remove(&*on, &path)).await {
            Ok(removed) => removed.map_err(Failure::from),
            Err(_) => Err(Failure::timeout(within)),
        };
        doing.over(&removed, |_| {});
        removed.map_err(|failure| {
            let reason = failure.words();
            format!("the temporary file `{path}` stays on the instance: {reason}")
        })
    }
}

impl Leftovers {
    pub(crate) fn add(&self, leftover: Leftover) -> u64 {
        self.list(|list| {
            list.next += 1;
            list.entries.insert(list.next, leftover);
            list.next
        })
    }

    /// The file may stay, or is removed by the caller.
    pub(crate) fn take(&self, id: u64) -> Option<Leftover> {
        self.list(|list| list.entries.remove(&id))
    }

    /// Removes one file now.
    pub(crate) async fn remove(&self, id: u64, within: Duration, recorder: &Recorder) -> Result<(), String> {
        match self.take(id) {
            Some(leftover) => leftover.remove(within, recorder).await,
            None => Ok(()),
        }
    }

    /// Removes all that is left; what cannot be removed is reported.
    pub(crate) async fn clear(&self, each: Duration, all: Duration, events: &Events, recorder: &Recorder) {
        let entries = self.list(|list| mem::take(&mut list.entries));
        let paths: Vec<String> = entries.values().map(|leftover| leftover.path.clone()).collect();
        let removal = async {
            for leftover in entries.into_values() {
                if let Err(reason) = leftover.remove(each, recorder).await {
                    events.warning(reason);
                }
            }
        };
        if tokio::time::timeout(all, removal).await.is_err() {
            events.warning(format!(
                "no time to remove temporary files from the instance: {}",
                paths.join(", ")
            ));
        }
    }

    fn is_empty(&self) -> bool {
        self.list(|list| list.entries.is_empty())
    }

    fn list<T>(&self, look: impl FnOnce(&mut List) -> T) -> T {
        look(&mut self.list.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Clears the list even when the run's future is dropped half-way.
#[derive(Debug)]
pub(crate) struct ClearOnDrop {
    pub(crate) leftovers: Leftovers,
    pub(crate) each: Duration,
    pub(crate) all: Duration,
    pub(crate) events: Events,
    pub(crate) recorder: Recorder,
}

impl ClearOnDrop {
    /// The orderly way. The work is a task of its own, so that it goes on when this future is dropped.
    pub(crate) async fn clear(&self) {
        if let Some(task) = self.start()
            && task.await.is_err()
        {
            self.events
                .warning("removing temporary files from the instance was interrupted");
        }
    }

    fn start(&self) -> Option<JoinHandle<()>> {
        if self.leftovers.is_empty() {
            return None;
        }
        let (leftovers, each, all) = (self.leftovers.clone(), self.each, self.all);
        let (events, recorder) = (self.events.clone(), self.recorder.clone());
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        Some(runtime.spawn(async move { leftovers.clear(each, all, &events, &recorder).await }))
    }
}

impl Drop for ClearOnDrop {
    fn drop(&mut self) {
        drop(self.start());
    }
}
