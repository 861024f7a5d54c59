//! The `shell` provisioner: runs scripts on the instance.
//!
//! On the instance it does what Packer's `shell` does, byte for byte: the same remote paths, the same text of the
//! command line, the same variables. It needs fewer round trips, and what it puts there is removed by the host also
//! when a script fails.

mod options;
mod patience;
mod run;
mod unix_lines;

use kilnbox_guest::{Diagnostic, Error, Instance, Job, Provisioner};

pub use options::Options;

/// The provisioner.
#[derive(Debug)]
pub struct Shell;

impl Provisioner for Shell {
    type Options = Options;
    const NAME: &'static str = "shell";

    fn validate(options: &Options) -> Vec<Diagnostic> {
        options.problems()
    }

    fn run(options: Options, on: &Instance, job: &Job) -> Result<(), Error> {
        run::run(&options, on, job)
    }
}

kilnbox_guest::provisioner!(Shell);
