//! `kilnbox plugin run`: tries one component alone.

use super::{
    super::runtime,
    trial::{self, Behind},
};
use crate::{
    args::{OutputArgs, TrialArgs},
    error::Error,
    report::Report,
};

/// Runs a component on a machine, in a container, or against a transcript.
pub(super) fn run(args: &TrialArgs, output: &OutputArgs, report: &Report) -> Result<u8, Error> {
    runtime()?.block_on(trial::run(args, output, report, Behind::Machine))
}
