//! The sending side of the event stream: a voice that knows its run, build and step.
//!
//! [`Events::emit`] is the one place where text is redacted and cleaned ([`crate::Secrets`], [`crate::text`]), and
//! where sequence number and time are given. Behind it each reader has a bounded queue and a thread; a full queue holds
//! up those who speak, for a bounded time ([`outlet`]).

mod clean;
mod dispatch;
mod outlet;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    Secrets,
    event::{Act, Body, Event, Level, Reader, Speaker, StepId, VERSION},
    limits,
    text::{self, LineSplitter},
};

use dispatch::Sink;
pub use dispatch::{EventsEnd, EventsError};

/// A voice. Cheap to clone; narrower ones are made with [`Events::build`] and [`Events::step`].
#[derive(Clone)]
pub struct Events {
    run: Arc<Run>,
    build: Option<Arc<str>>,
    step: Option<Arc<StepId>>,
    speaker: Speaker,
}

/// What all voices of a run share.
struct Run {
    id: String,
    secrets: Secrets,
    /// See [`Events::recorded`].
    recorded: bool,
    line: Mutex<Line>,
}

/// Held while an event is numbered and queued, so that the order of the queue is that of the numbers.
struct Line {
    last: u64,
    sink: Sink,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("run", &self.run.id)
            .field("build", &self.build)
            .field("step", &self.step)
            .field("speaker", &self.speaker)
            .finish()
    }
}

impl Events {
    /// The voice of a run, and the end that is to be finished when all is said.
    pub fn new(run_id: &str, secrets: Secrets, readers: Vec<Box<dyn Reader>>) -> (Self, EventsEnd) {
        let recorded = readers.iter().any(|reader| reader.records());
        let events = Self::over(run_id, secrets, recorded, Sink::readers(readers));
        let end = EventsEnd::new(events.clone());
        (events, end)
    }

    /// A voice whose events are kept in memory, for the tests of other crates.
    pub fn collecting() -> (Self, Collected) {
        let collected = Collected::default();
        let sink = Sink::Memory(collected.events.clone());
        (Self::over("test", Secrets::default(), true, sink), collected)
    }

    fn over(run_id: &str, secrets: Secrets, recorded: bool, sink: Sink) -> Self {
        let line = Mutex::new(Line { last: 0, sink });
        let run = Arc::new(Run {
            id: run_id.to_owned(),
            secrets,
            recorded,
            line,
        });
        Self {
            run,
            build: None,
            step: None,
            speaker: Speaker::Host,
        }
    }

    /// The same voice for one build.
    #[must_use]
    pub fn build(&self, name: &str) -> Self {
        Self {
            build: Some(text::fit(name, &self.run.secrets).into()),
            ..self.clone()
        }
    }

    /// The same voice for one step of its build.
    #[must_use]
    pub fn step(&self, step: StepId) -> Self {
        let name = text::fit(&step.name, &self.run.secrets).into_owned();
        Self {
            step: Some(StepId { name, ..step }.into()),
            ..self.clone()
        }
    }

    /// The same voice for words of somebody else. Text of guests and instances is bounded and cleaned.
    #[must_use]
    pub fn speaker(&self, speaker: Speaker) -> Self {
        Self {
            speaker,
            ..self.clone()
        }
    }

    /// Sends anything. Waits while a queue is full, in bounds; says nothing once the stream was finished.
    pub fn emit(&self, mut body: Body) {
        clean::body(&mut body, &self.run.secrets);
        let mut line = self.run.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.last += 1;
        let event = Event {
            v: VERSION,
            run: self.run.id.clone(),
            seq: line.last,
            time: format!("{:.6}", jiff::Timestamp::now()),
            speaker: self.speaker,
            build: self.build.as_deref().map(str::to_owned),
            step: self.step.as_deref().cloned(),
            body,
        };
        line.sink.send(event);
    }

    /// A headline.
    pub fn say(&self, text: impl Into<String>) {
        self.emit(Body::Say { text: text.into() });
    }

    /// A detail.
    pub fn message(&self, text: impl Into<String>) {
        self.emit(Body::Message { text: text.into() });
    }

    /// Something is wrong, and the build goes on.
    pub fn warning(&self, text: impl Into<String>) {
        self.emit(Body::Warning { text: text.into() });
    }

    /// Something went wrong.
    pub fn error(&self, text: impl Into<String>) {
        self.emit(Body::Error { text: text.into() });
    }

    /// A structured record.
    pub fn log(&self, level: Level, text: impl Into<String>, fields: Vec<(String, String)>) {
        self.emit(Body::Log {
            level,
            text: text.into(),
            fields,
        });
    }

    /// Splits what a command writes into lines for [`Events::output`], with an eye on the run's secrets.
    pub fn lines(&self) -> LineSplitter {
        LineSplitter::new(self.run.secrets.clone())
    }

    /// One line of a command's output; `stream` is `stdout` or `stderr`.
    pub fn output(&self, stream: &'static str, text: impl Into<String>) {
        self.emit(Body::Output {
            stream,
            text: text.into(),
        });
    }

    /// Bytes moved.
    pub fn progress(&self, what: &str, done: u64, total: Option<u64>, finished: bool) {
        self.emit(Body::Progress {
            what: what.to_owned(),
            done,
            total,
            finished,
        });
    }

    /// Whether somebody keeps a record of what is done: only then it is worth its digests.
    pub fn recorded(&self) -> bool {
        self.run.recorded
    }

    /// Something was done. Said only to a run that is recorded.
    pub fn act(&self, act: Act) {
        if self.recorded() {
            self.emit(Body::Act(act));
        }
    }

    /// `text` as readers get it, for what a record says that no event does.
    pub fn fitted(&self, text: &str) -> String {
        text::fit(text, &self.run.secrets).into_owned()
    }

    /// The end of a step.
    pub fn step_finished(&self, took: Duration, error: Option<String>) {
        self.emit(Body::StepFinished { took, error });
    }

    /// Waits until the readers have dealt with what was said so far, no longer than [`limits::READER_WAIT`]. A question
    /// to the person comes after that: it does not go through the stream.
    pub async fn settled(&self) {
        let marks = {
            let line = self.run.line.lock().unwrap_or_else(PoisonError::into_inner);
            line.sink.marks()
        };
        let passed = async {
            while !marks.iter().all(outlet::Mark::is_passed) {
                tokio::time::sleep(outlet::LOOK).await;
            }
        };
        // A reader that does not read keeps nobody from asking.
        let _ = tokio::time::timeout(limits::READER_WAIT, passed).await;
    }

    /// Takes the readers out: what is said afterwards is not heard.
    fn close(&self) -> Sink {
        let mut line = self.run.line.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut line.sink, Sink::Closed)
    }
}

/// What [`Events::collecting`] has heard so far.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    events: Arc<Mutex<Vec<Event>>>,
}

impl Collected {
    /// All events, in order.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The texts of headlines, details, warnings, errors, output and records, in order.
    pub fn texts(&self) -> Vec<String> {
        self.events()
            .into_iter()
            .filter_map(|event| match event.body {
                Body::Say { text }
                | Body::Message { text }
                | Body::Warning { text }
                | Body::Error { text }
                | Body::Output { text, .. }
                | Body::Log { text, .. } => Some(text),
                _ => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
