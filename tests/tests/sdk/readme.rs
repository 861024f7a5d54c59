//! The commands that a README gives, run as they stand there.

use std::{fs, path::Path, process::Command, time::Duration};

use kilnbox_tests::{Finished, Kilnbox, Running};

use super::languages::{built, path};

/// Compiling a step and all it depends on, and its tests, on a machine busy with other suites.
const LONGEST: Duration = Duration::from_secs(900);

/// Runs the commands in the first block of shell code in the README of `project`, until one of them fails.
pub(crate) fn follow(project: &Path) -> Finished {
    let readme = project.join("README.md");
    let text = fs::read_to_string(&readme).expect("a project has a README");
    let commands = text
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap_or_else(|| panic!("no commands in `{}`", readme.display()));
    run(project, commands)
}

/// Runs a script in `folder`, with the program under test, and with what is built of Rust in one folder for all tests.
fn run(folder: &Path, script: &str) -> Finished {
    let binary = Kilnbox::binary();
    let mut shell = Command::new("sh");
    shell
        .current_dir(folder)
        .args(["-euxc", script])
        .env("PATH", path())
        .env("KILNBOX", binary)
        .env("CARGO_TARGET_DIR", built("rust"));
    Running::start(shell).finish_within(LONGEST)
}
