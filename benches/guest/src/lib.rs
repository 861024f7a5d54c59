//! A provisioner that does one measured thing, as often as it is asked to.

use kilnbox_guest::{Error, Instance, Job, JsonSchema, Provisioner, ui};
use serde::Deserialize;

/// What to do, and how often.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Lines said to the log.
    #[serde(default)]
    lines: u64,
    /// Rounds of [`mix`].
    #[serde(default)]
    rounds: u64,
}

/// The provisioner.
#[derive(Debug)]
pub struct Bench;

impl Provisioner for Bench {
    type Options = Options;
    const NAME: &'static str = "bench";

    fn run(options: Options, _: &Instance, _: &Job) -> Result<(), Error> {
        for line in 0..options.lines {
            ui::message(&format!("line {line}"));
        }
        if options.rounds > 0 {
            ui::message(&format!("mixed: {:016x}", mix(options.rounds)));
        }
        Ok(())
    }
}

kilnbox_guest::provisioner!(Bench);

/// Computes what no compiler can foresee: a hash over a small table that every round reads and writes.
///
/// The benchmark runs it natively too.
pub fn mix(rounds: u64) -> u64 {
    let mut table = [0x9e37_79b9_7f4a_7c15_u64; 256];
    let mut state = 1_u64;
    for round in 0..rounds {
        let [index, ..] = state.to_le_bytes();
        if let Some(slot) = table.get_mut(usize::from(index)) {
            state = (state ^ *slot)
                .wrapping_mul(0xff51_afd7_ed55_8ccd)
                .rotate_left(29)
                ^ round;
            *slot = slot.wrapping_add(state);
        }
    }
    state
}
