//! One reader with a queue and a thread of its own, so that none waits for another.
//!
//! A reader that does not read, such as a terminal that was stopped or a pipe nobody empties, holds up the run for
//! [`limits::READER_WAIT`] at a time and [`limits::READER_DELAY`] in all. Then it misses events, is told how many as
//! soon as it reads again, and still gets those that say how the run went.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    event::{Body, Event, Reader, Speaker},
    limits, panics,
};

/// How often a full queue is looked at again. A reader empties thousands of events in that time, or none.
pub(super) const LOOK: Duration = Duration::from_millis(2);

/// A reader's end of the stream.
pub(super) struct Outlet {
    queue: SyncSender<Arc<Event>>,
    /// Events that found room in the queue.
    given: u64,
    /// Events it has dealt with; all there will ever be, once it has panicked.
    heard: Arc<AtomicU64>,
    missed: Missed,
    /// How long it may still hold up the run.
    patience: Duration,
    /// Its value is what a reader that panicked said.
    thread: io::Result<JoinHandle<Option<String>>>,
}

/// What a reader did not get since it last read.
#[derive(Default)]
struct Missed {
    /// The first of them.
    first: Option<Arc<Event>>,
    lost: u64,
    /// Those it must still get.
    kept: Vec<Arc<Event>>,
}

/// A place in what a reader was given.
pub(super) struct Mark {
    given: u64,
    heard: Arc<AtomicU64>,
}

impl Mark {
    /// Whether the reader has dealt with everything up to here.
    pub(super) fn is_passed(&self) -> bool {
        self.heard.load(Ordering::Relaxed) >= self.given
    }
}

/// Why a reader did not see everything.
pub(super) enum Fault {
    NoThread(io::Error),
    Panicked(String),
    Unheard,
}

impl Outlet {
    /// Starts the thread.
    pub(super) fn start(mut reader: Box<dyn Reader>) -> Self {
        let (queue, events) = sync_channel(limits::EVENT_QUEUE);
        let heard = Arc::new(AtomicU64::new(0));
        let count = heard.clone();
        let thread = std::thread::Builder::new()
            .name("events".to_owned())
            .spawn(move || read(&events, reader.as_mut(), &count));
        Self {
            queue,
            given: 0,
            heard,
            missed: Missed::default(),
            patience: limits::READER_DELAY,
            thread,
        }
    }

    /// Hands on an event, in bounded time.
    pub(super) fn send(&mut self, event: &Arc<Event>) {
        if self.missed.first.is_some() && !self.catch_up(Duration::ZERO) {
            return self.missed.add(event);
        }
        let limit = limits::READER_WAIT.min(self.patience);
        let begun = Instant::now();
        if self.offer(event, limit).is_err() {
            self.missed.add(event);
        }
        self.patience = self.patience.saturating_sub(begun.elapsed());
    }

    /// Tells a reader that reads again what it missed; whether all of that found room.
    fn catch_up(&mut self, limit: Duration) -> bool {
        let begun = Instant::now();
        while let Some(next) = self.missed.next() {
            if begun.elapsed() > limits::READER_DELAY || self.offer(&next, limit).is_err() {
                return false;
            }
            self.missed.told();
        }
        true
    }

    /// What it was given so far.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            given: self.given,
            heard: self.heard.clone(),
        }
    }

    /// Waits for room no longer than `limit`. A reader that is gone takes everything.
    fn offer(&mut self, event: &Arc<Event>, limit: Duration) -> Result<(), Full> {
        let mut begun = None;
        loop {
            match self.queue.try_send(event.clone()) {
                Ok(()) => {
                    self.given += 1;
                    return Ok(());
                }
                Err(TrySendError::Disconnected(_)) => return Ok(()),
                Err(TrySendError::Full(_)) => {}
            }
            if begun.get_or_insert_with(Instant::now).elapsed() >= limit {
                return Err(Full);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until the reader has seen what there is, as long as it reads at all.
    pub(super) fn finish(mut self) -> Result<(), Fault> {
        let begun = Instant::now();
        let told = self.catch_up(limits::READER_WAIT);
        let Self {
            queue, heard, thread, ..
        } = self;
        drop(queue);
        let thread = thread.map_err(Fault::NoThread)?;
        if !told {
            return Err(Fault::Unheard);
        }
        let mut last = (heard.load(Ordering::Relaxed), begun);
        while !thread.is_finished() {
            let now = heard.load(Ordering::Relaxed);
            if now != last.0 {
                last = (now, Instant::now());
            }
            if last.1.elapsed() >= limits::READER_WAIT || begun.elapsed() >= limits::READER_DELAY {
                // The thread ends with the program: what it waits for cannot be taken back.
                return Err(Fault::Unheard);
            }
            std::thread::sleep(LOOK);
        }
        match thread.join() {
            Ok(None) => Ok(()),
            Ok(Some(said)) => Err(Fault::Panicked(said)),
            Err(panic) => Err(Fault::Panicked(panics::message(panic.as_ref()))),
        }
    }
}

/// No room in time.
struct Full;

impl Missed {
    fn add(&mut self, event: &Arc<Event>) {
        self.first.get_or_insert_with(|| event.clone());
        if matters(&event.body) && self.kept.len() < limits::EVENTS_KEPT {
            self.kept.push(event.clone());
        } else {
            self.lost += 1;
        }
    }

    /// First how many are lost, then those that were kept.
    fn next(&self) -> Option<Arc<Event>> {
        let first = self.first.as_ref()?;
        if self.lost == 0 {
            return self.kept.first().cloned();
        }
        Some(Arc::new(Event {
            speaker: Speaker::Host,
            build: None,
            step: None,
            body: Body::Skipped { events: self.lost },
            ..Event::clone(first)
        }))
    }

    /// The event of [`Self::next`] found room.
    fn told(&mut self) {
        if self.lost > 0 {
            self.lost = 0;
        } else if !self.kept.is_empty() {
            self.kept.remove(0);
        }
        if self.kept.is_empty() {
            self.first = None;
        }
    }
}

/// Whether it says how the run went.
fn matters(body: &Body) -> bool {
    match body {
        Body::RunStarted { .. }
        | Body::BuildStarted { .. }
        | Body::Connected { .. }
        | Body::Warning { .. }
        | Body::Error { .. }
        | Body::BuildFinished { .. }
        | Body::Artifact { .. }
        | Body::Skipped { .. }
        | Body::RunFinished { .. } => true,
        Body::StepFinished { error, .. } => error.is_some(),
        Body::Say { .. }
        | Body::Message { .. }
        | Body::Output { .. }
        | Body::Log { .. }
        | Body::Progress { .. }
        | Body::Act(_)
        | Body::StepStarted => false,
    }
}

/// A reader that panics is not called again, and the run goes on.
fn read(events: &Receiver<Arc<Event>>, reader: &mut dyn Reader, heard: &AtomicU64) -> Option<String> {
    for event in events {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| reader.event(&event))) {
            heard.store(u64::MAX, Ordering::Relaxed);
            return Some(panics::message(panic.as_ref()));
        }
        heard.fetch_add(1, Ordering::Relaxed);
    }
    None
}
