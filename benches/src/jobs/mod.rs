//! What is measured, a file per subject, and the goals that are set.

mod amazon;
mod distance;
mod languages;
mod many;
mod sandbox;
mod start;
mod steps;
mod transfers;

use crate::{bed::Bed, contest::Outcome};

/// In the order they run: first those that judge little memory, since the kernel counts no less for a program than the
/// benchmark had when it started it.
pub(crate) const NAMES: [&str; 8] = [
    "start",
    "steps",
    "sandbox",
    "languages",
    "amazon",
    "many",
    "transfers",
    "distance",
];

/// Runs the job of this name.
pub(crate) fn run(name: &str, bed: &Bed) -> Vec<Outcome> {
    match name {
        "start" => start::run(bed),
        "languages" => languages::run(bed),
        "amazon" => amazon::run(bed),
        "steps" => steps::run(bed),
        "transfers" => transfers::run(bed),
        "distance" => distance::run(bed),
        "many" => many::run(bed),
        "sandbox" => sandbox::run(bed),
        other => panic!("no job `{other}`"),
    }
}
