//! The receiving side: a bounded queue and the one thread that calls the readers.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use super::Events;
use crate::{
    event::{Event, Reader},
    limits, panics,
};

/// Where events go.
pub(super) enum Sink {
    Queue(SyncSender<Event>),
    Memory(Arc<Mutex<Vec<Event>>>),
    Closed,
}

impl Sink {
    pub(super) fn send(&self, event: Event) {
        match self {
            // The receiver is gone only when its thread could not be started, which `EventsEnd::finish` reports.
            Self::Queue(queue) => drop(queue.send(event)),
            Self::Memory(events) => events.lock().unwrap_or_else(PoisonError::into_inner).push(event),
            Self::Closed => {}
        }
    }
}

/// Makes the queue and starts its thread.
pub(super) fn start(readers: Vec<Box<dyn Reader>>) -> (Sink, io::Result<Dispatcher>) {
    let (sender, receiver) = sync_channel(limits::EVENT_QUEUE);
    let thread = std::thread::Builder::new()
        .name("events".to_owned())
        .spawn(move || dispatch(&receiver, readers));
    (Sink::Queue(sender), thread)
}

/// The thread; its value is what the readers that panicked said.
pub(super) type Dispatcher = JoinHandle<Vec<String>>;

/// A reader that panics is not called again; the others go on, and the run with them.
fn dispatch(queue: &Receiver<Event>, mut readers: Vec<Box<dyn Reader>>) -> Vec<String> {
    let mut faults = Vec::new();
    for event in queue {
        readers.retain_mut(
            |reader| match catch_unwind(AssertUnwindSafe(|| reader.event(&event))) {
                Ok(()) => true,
                Err(panic) => {
                    faults.push(panics::message(panic.as_ref()));
                    false
                }
            },
        );
    }
    faults
}

/// The end of the stream: [`EventsEnd::finish`] waits until the readers have seen everything. Dropping it waits too,
/// and loses the error.
#[derive(Debug)]
#[must_use = "what was said last is lost unless the stream is finished"]
pub struct EventsEnd {
    events: Events,
    thread: Option<io::Result<Dispatcher>>,
}

impl EventsEnd {
    pub(super) fn new(events: Events, thread: io::Result<Dispatcher>) -> Self {
        Self {
            events,
            thread: Some(thread),
        }
    }

    /// Closes the stream, hands what is queued to the readers, and ends their thread.
    pub fn finish(mut self) -> Result<(), EventsError> {
        self.close()
    }

    fn close(&mut self) -> Result<(), EventsError> {
        self.events.close();
        match self.thread.take() {
            None => Ok(()),
            Some(Err(source)) => Err(EventsError::NoThread { source }),
            Some(Ok(thread)) => match thread.join() {
                Ok(faults) if faults.is_empty() => Ok(()),
                Ok(faults) => Err(EventsError::Reader { faults }),
                Err(panic) => Err(EventsError::Reader {
                    faults: vec![panics::message(panic.as_ref())],
                }),
            },
        }
    }
}

impl Drop for EventsEnd {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

/// Not every reader saw every event.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// The system gave no thread for the readers: none saw anything.
    #[error("starting the thread for events: {source}")]
    NoThread {
        /// Why.
        source: io::Error,
    },
    /// Readers panicked and saw nothing from there on.
    #[error("a reader of events stopped early: {}", faults.join("; "))]
    Reader {
        /// What each panic said.
        faults: Vec<String>,
    },
}
