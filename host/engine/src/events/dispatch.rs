//! The receiving side: where events go, and the end of the stream.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Events,
    outlet::{Fault, Mark, Outlet},
};
use crate::event::{Event, Reader};

/// Where events go.
pub(super) enum Sink {
    Readers(Vec<Outlet>),
    Memory(Arc<Mutex<Vec<Event>>>),
    Closed,
}

impl Sink {
    /// Starts a thread for each reader.
    pub(super) fn readers(readers: Vec<Box<dyn Reader>>) -> Self {
        Self::Readers(readers.into_iter().map(Outlet::start).collect())
    }

    pub(super) fn send(&mut self, event: Event) {
        match self {
            Self::Readers(outlets) => {
                let event = Arc::new(event);
                outlets.iter_mut().for_each(|outlet| outlet.send(&event));
            }
            Self::Memory(events) => events.lock().unwrap_or_else(PoisonError::into_inner).push(event),
            Self::Closed => {}
        }
    }

    /// How far each reader has been given events.
    pub(super) fn marks(&self) -> Vec<Mark> {
        match self {
            Self::Readers(outlets) => outlets.iter().map(Outlet::mark).collect(),
            Self::Memory(_) | Self::Closed => Vec::new(),
        }
    }
}

/// The end of the stream: [`EventsEnd::finish`] waits until the readers have seen everything, or do not read any more.
/// Dropping it waits too, and loses the error.
#[derive(Debug)]
#[must_use = "what was said last is lost unless the stream is finished"]
pub struct EventsEnd {
    events: Events,
}

impl EventsEnd {
    pub(super) fn new(events: Events) -> Self {
        Self { events }
    }

    /// Closes the stream, hands what is queued to the readers, and ends their threads.
    pub fn finish(self) -> Result<(), EventsError> {
        self.close()
    }

    fn close(&self) -> Result<(), EventsError> {
        let Sink::Readers(outlets) = self.events.close() else {
            return Ok(());
        };
        let mut faults = Vec::new();
        let mut unheard = false;
        let mut no_thread = None;
        for outlet in outlets {
            match outlet.finish() {
                Ok(()) => {}
                Err(Fault::Unheard) => unheard = true,
                Err(Fault::Panicked(said)) => faults.push(said),
                Err(Fault::NoThread(source)) => no_thread = Some(source),
            }
        }
        match no_thread {
            Some(source) => Err(EventsError::NoThread { source }),
            None if !faults.is_empty() => Err(EventsError::Reader { faults }),
            None if unheard => Err(EventsError::Unheard),
            None => Ok(()),
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
    /// The system gave no thread for a reader: it saw nothing.
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
    /// A reader has stopped reading, such as a terminal: nothing can be said there.
    #[error("nobody read the last events")]
    Unheard,
}
