//! Plans and runs builds: lifecycle, events, journal, secrets.
//!
//! The engine owns the traits [`Builder`], [`Communicator`] and [`StepRunner`]; builders, the SSH crate and the
//! sandbox implement them, and `cli` wires them together. It knows neither wasmtime nor russh nor the terminal.

pub mod artifact;
mod attempt;
pub mod builder;
pub mod communicator;
mod duration;
pub mod event;
pub mod events;
pub mod gc;
pub mod journal;
pub mod limits;
pub mod no_communicator;
mod panics;
pub mod plan;
pub mod planner;
mod post_process;
pub mod prompt;
mod provision;
pub mod run;
pub mod secrets;
pub mod step_provision;
pub mod step_runner;
pub mod text;
pub mod zeros;

use std::sync::Arc;

pub use artifact::{Artifact, ArtifactError, SharedArtifact};
pub use builder::{BuildContext, BuildStep, Builder, Lifecycle, Options, Problem, ProvisionHook, StepError};
pub use communicator::{
    Command, Communicator, CommunicatorError, Connection, Exit, InstanceFacts, NoProgress, Output, Process,
    Progress, Upload,
};
pub use duration::{from_go, in_go};
pub use event::{Act, Body, Deed, Event, Level, Reader, Speaker, StepId};
pub use events::{Collected, Events, EventsEnd, EventsError};
pub use gc::{Found, GcOptions, GcReport, Kept, SweepScope, Sweepable, Sweeper, Swept};
pub use journal::{Entry, Journal, JournalError, Reclaimer};
pub use no_communicator::NoCommunicator;
pub use plan::{Folders, Plan, PlannedBuild, PlannedStep};
pub use planner::{
    OptionWords, PlanRequest, Planned, SchemaRemark, options_in_words, plan as make_plan, review_schema,
};
pub use prompt::Prompt;
pub use run::{BuildOutcome, OnError, RunOptions, RunSummary, run};
pub use secrets::Secrets;
pub use step_provision::StepProvision;
pub use step_runner::{
    Bound, Chance, Job, LoadError, NoTemplates, PathAccess, PostProcessed, RuntimeTemplates, Step, StepKind,
    StepRunner, UserPath,
};

/// A communicator shared by the steps of one build.
pub type SharedCommunicator = Arc<dyn Communicator>;
