//! Tries a step without a machine.
//!
//! A [`Transcript`] says what a step is expected to do on an instance, in order, and what the instance answers. It is a
//! TOML file that an author writes by hand, or that [`Recorder`] made of a real run. [`Replay`] is the communicator that
//! plays it: it answers what is expected and refuses everything else, and [`Replay::verdict`] says afterwards where the
//! step went another way.

mod content;
mod expectation;
mod read;
mod record;
mod replay;
mod tree;
mod verdict;
mod write;

use std::ops::Range;

use kilnbox_engine::Chance;

pub use content::Content;
pub use expectation::{Act, Answer, Expectation, Subject};
pub use read::{Problem, parse};
pub use record::{Recorder, Recording, TooLarge};
pub use replay::Replay;
pub use verdict::Departure;

/// The version of the format that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// Largest transcript, in bytes.
pub const LARGEST: u64 = 16 << 20;

/// What a step is expected to do, and what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// What the step is told of the instance.
    pub instance: Instance,
    /// What would be different in every run otherwise.
    pub job: Job,
    /// In the order it must happen.
    pub expect: Vec<Expectation>,
}

/// What a step is told of the instance; see `types.instance` of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// `ssh`, `container` or `none`.
    pub communicator: String,
    /// `unix` or `windows`.
    pub os_family: String,
    /// `posix` or `powershell`.
    pub shell_family: String,
    /// As `uname -m` says, where it is known.
    pub arch: Option<String>,
    /// The account commands run as.
    pub user: String,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            communicator: "ssh".to_owned(),
            os_family: "unix".to_owned(),
            shell_family: "posix".to_owned(),
            arch: Some("x86_64".to_owned()),
            user: "root".to_owned(),
        }
    }
}

/// The clock and the chance of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Unix time in seconds.
    pub now: u64,
    /// Where the random numbers begin.
    pub seed: u64,
}

impl Job {
    /// What a run is told by it.
    pub fn chance(self) -> Chance {
        Chance::Fixed {
            now: self.now,
            seed: self.seed,
        }
    }
}

impl Default for Job {
    fn default() -> Self {
        Self {
            // The first second of 2026.
            now: 1_767_225_600,
            seed: 0,
        }
    }
}

/// Bytes of a transcript's text.
pub type Place = Range<usize>;
