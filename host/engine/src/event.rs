//! The one stream that everything said goes through (invariant 6).
//!
//! A build, a step or a builder speaks through [`Events`]; it stamps what is said with run, build, step, try and a
//! sequence number, cleans and redacts it ([`crate::text`]), and hands it to the readers. Terminal, JSON lines,
//! machine-readable output and log files are [`Reader`]s; nothing else prints.

mod act;

use std::time::Duration;

use serde::Serialize;

pub use act::{Act, Command, Component, Content, Deed, End, Entry, Input, Program, Transfer, Tree};

/// Version of the event's shape; grows when a field changes its meaning. New fields and kinds do not count.
pub const VERSION: u32 = 1;

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// [`VERSION`].
    pub v: u32,
    /// Identifies this run of the program (a UUID).
    pub run: String,
    /// Counts from 1 without gaps, but for what [`Body::Skipped`] stands for.
    pub seq: u64,
    /// When, as RFC 3339 with microseconds, UTC.
    pub time: String,
    /// Who says so.
    pub speaker: Speaker,
    /// The build it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// The step inside the build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// What happened.
    #[serde(flatten)]
    pub body: Body,
}

/// Who a text comes from, so that no step can speak as Kilnbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// Kilnbox itself.
    Host,
    /// A component's own words.
    Guest,
    /// The instance: output of commands, banners, remote errors.
    Remote,
}

/// A step of one build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepId {
    /// Position in the build, from 0.
    pub index: u32,
    /// Component or builder step, such as `shell` or `StepConnect`.
    pub name: String,
    /// `provisioner`, `post-processor` or `builder`.
    pub kind: &'static str,
    /// Which try this is, from 1.
    #[serde(rename = "try")]
    pub attempt: u32,
    /// Whether the component is not Kilnbox's own; its lines then bear its name.
    pub third_party: bool,
}

/// The level of a structured log record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For the author of a step.
    Trace,
    /// For finding a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Probably wrong.
    Warn,
    /// Certainly wrong.
    Error,
}

/// What happened, by kind.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Body {
    /// The run begins; `builds` are about to start, in this order.
    RunStarted {
        /// Names of the builds.
        builds: Vec<String>,
    },
    /// A build begins.
    BuildStarted {
        /// The builder's type.
        builder: String,
    },
    /// The instance of a build is reached.
    Connected {
        /// Its address, as the builder knows it.
        host: String,
    },
    /// A headline: `==> name: text`.
    Say {
        /// One or more lines.
        text: String,
    },
    /// A detail: `    name: text`.
    Message {
        /// One or more lines.
        text: String,
    },
    /// Something is wrong and the build may go on.
    Warning {
        /// One or more lines.
        text: String,
    },
    /// Something went wrong: `==> name: text`, in red.
    Error {
        /// One or more lines.
        text: String,
    },
    /// A line a command wrote.
    Output {
        /// `stdout` or `stderr`.
        stream: &'static str,
        /// One line without its end.
        text: String,
    },
    /// A structured record of a component, shown on request only.
    Log {
        /// How grave.
        level: Level,
        /// One line.
        text: String,
        /// Names and values.
        fields: Vec<(String, String)>,
    },
    /// Bytes moved by a transfer.
    Progress {
        /// What is moved, a path.
        what: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all, where known.
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
        /// Nothing more will come of this transfer.
        finished: bool,
    },
    /// A step begins.
    StepStarted,
    /// What a step did, for those who record it: no reader for people shows it.
    Act(Act),
    /// A step ended.
    StepFinished {
        /// How long it took, in seconds.
        #[serde(serialize_with = "seconds")]
        took: Duration,
        /// Why it did not succeed.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A build ended.
    BuildFinished {
        /// How long it took, in seconds.
        #[serde(serialize_with = "seconds")]
        took: Duration,
        /// Why it did not succeed.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// What to do about it.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// An artifact of a build that succeeded, in the closing list's order.
    Artifact {
        /// Position among the build's artifacts, from 0.
        index: usize,
        /// See [`crate::Artifact::builder_id`].
        builder_id: String,
        /// See [`crate::Artifact::id`].
        id: String,
        /// See [`crate::Artifact::describe`].
        text: String,
        /// Local files.
        files: Vec<String>,
    },
    /// This reader was too slow and does not get some events.
    Skipped {
        /// How many; those that say how the run went are not among them.
        events: u64,
    },
    /// The run ended.
    RunFinished {
        /// How long it took, in seconds.
        #[serde(serialize_with = "seconds")]
        took: Duration,
        /// Whether a signal ended it.
        cancelled: bool,
        /// Builds that did not succeed, with why, in the order they were started.
        errors: Vec<(String, String)>,
    },
}

/// Receives every event, in order, on a thread of its own.
pub trait Reader: Send {
    /// One that blocks for long holds up the builds, and then misses events ([`crate::limits::READER_WAIT`]).
    fn event(&mut self, event: &Event);

    /// Whether it wants [`Body::Act`], whose digests cost time; see [`crate::Events::recorded`].
    fn records(&self) -> bool {
        false
    }
}

fn seconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(took.as_secs_f64())
}
