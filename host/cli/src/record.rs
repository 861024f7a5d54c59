//! `--record`: what was done to each image, as in-toto statements with SLSA provenance, one line for each build.
//!
//! A reader of the event stream gathers what the steps did ([`gather`]); when the run is over, that, the artifacts and
//! what the user said ([`facts`]) become statements ([`statement`]), and the file takes its place at once ([`file`]).
//! `docs/record.md` says what stands where, and is where the statements' types point to.

mod digest;
mod facts;
mod file;
mod gather;
mod statement;
mod subjects;

use std::path::Path;

use kilnbox_engine::{Events, Reader, RunSummary};
use tokio_util::sync::CancellationToken;

pub(crate) use facts::Facts;

use crate::error::Error;
use file::Target;
use gather::Gathering;

/// A record being kept.
#[derive(Debug)]
pub(crate) struct Record {
    target: Target,
    gathering: Gathering,
}

impl Record {
    /// Checks that `path` can be written, before anything is built.
    pub(crate) fn new(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            target: Target::new(path)?,
            gathering: Gathering::default(),
        })
    }

    /// Hears what happens.
    pub(crate) fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.gathering.clone())
    }

    /// Writes it, when every reader has heard everything. Digests of artifacts take as long as reading them; `hurry`
    /// gives up those that are not made yet.
    pub(crate) fn write(
        self,
        facts: &Facts,
        summary: &RunSummary,
        events: &Events,
        hurry: &CancellationToken,
    ) -> Result<(), Error> {
        let gathered = self.gathering.take();
        let mut lines = String::new();
        for outcome in &summary.builds {
            let subjects = match &outcome.result {
                Ok(artifacts) => subjects::of(artifacts, &gathered.run, &outcome.name, events, hurry),
                Err(_) => vec![facts.template_descriptor(events)],
            };
            let statement = statement::of(facts, &gathered, outcome, subjects, events);
            lines.push_str(&statement.to_string());
            lines.push('\n');
        }
        self.target.write(&lines)
    }
}
