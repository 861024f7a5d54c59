//! A provisioner that uses up whatever it can: processor, memory, the log, the person's patience.
//!
//! Each act would go on for ever. The suite `sandbox` checks that each is stopped and that Kilnbox goes on.

use std::hint::black_box;

use kilnbox_guest::{
    Error, Instance, Job, JsonSchema, Provisioner, exec, types::Exit, ui, upload::TemporaryFile,
};
use serde::Deserialize;

/// What to do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The one thing.
    act: Act,
}

/// What is done without end.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Computes.
    Loop,
    /// Takes memory and writes to it.
    Memory,
    /// Talks.
    Log,
    /// Makes one message that never ends, line by line.
    Escape,
    /// Runs a command that talks.
    Output,
    /// Waits.
    Sleep,
    /// Panics, with a temporary file on the instance.
    Panic,
}

/// The provisioner.
#[derive(Debug)]
pub struct Hostile;

impl Provisioner for Hostile {
    type Options = Options;
    const NAME: &'static str = "hostile";

    fn run(options: Options, on: &Instance, job: &Job) -> Result<(), Error> {
        match options.act {
            Act::Loop => loop {
                black_box(0);
            },
            Act::Memory => {
                let mut taken = Vec::new();
                loop {
                    taken.push(black_box(vec![1_u8; 1 << 20]));
                }
            }
            Act::Log => {
                let line = "flood ".repeat(100);
                loop {
                    ui::message(&line);
                }
            }
            Act::Escape => {
                // Clears the screen, sets the window's title, writes a line as Kilnbox would, and hides text by
                // turning its direction.
                ui::say("\u{1b}[2J\u{1b}]0;owned\u{7}\r==> null: Kilnbox says all is well\u{202e}txet");
                Ok(())
            }
            Act::Output => {
                exec::Command::new("yes flood").run(on)?;
                Ok(())
            }
            Act::Sleep => Ok(job.sleep(u64::from(u32::MAX))?),
            Act::Panic => {
                let file = TemporaryFile::register(on, "/tmp/kilnbox-test-hostile-temporary");
                let made = exec::Command::new(&format!("touch {}", file.path())).run(on)?;
                assert!(
                    !matches!(made.exit(), Exit::Code(0)),
                    "panic on purpose, with the file there"
                );
                Ok(())
            }
        }
    }
}

kilnbox_guest::provisioner!(Hostile);
