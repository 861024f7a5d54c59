//! Runs commands that do nothing, one after the other: what a step costs beside its work.

use kilnbox_guest::{Error, Instance, Job, JsonSchema, Provisioner, exec::Command};
use serde::Deserialize;

/// Runs commands that do nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// How many.
    #[serde(default = "hundred")]
    commands: u32,
}

fn hundred() -> u32 {
    100
}

struct Hundred;

impl Provisioner for Hundred {
    type Options = Options;
    const NAME: &'static str = "hundred";

    fn run(options: Options, on: &Instance, _job: &Job) -> Result<(), Error> {
        for _ in 0..options.commands {
            let command = Command::new("true");
            command.discard();
            command.run_successfully(on)?;
        }
        Ok(())
    }
}

kilnbox_guest::provisioner!(Hundred);
