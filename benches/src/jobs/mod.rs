//! What is measured, a file per subject, and the goals that are set.

mod distance;
mod many;
mod sandbox;
mod start;
mod steps;
mod transfers;

use crate::{bed::Bed, contest::Outcome};

pub(crate) const NAMES: [&str; 6] = ["start", "steps", "transfers", "distance", "many", "sandbox"];

/// Runs the job of this name.
pub(crate) fn run(name: &str, bed: &Bed) -> Vec<Outcome> {
    match name {
        "start" => start::run(bed),
        "steps" => steps::run(bed),
        "transfers" => transfers::run(bed),
        "distance" => distance::run(bed),
        "many" => many::run(bed),
        "sandbox" => sandbox::run(bed),
        other => panic!("no job `{other}`"),
    }
}
