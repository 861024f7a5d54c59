//! Commands of an author, run as they would be.

use std::{fs, path::Path, process::Command, time::Duration};

use kilnbox_tests::{Finished, Kilnbox, Running};

use super::languages::{built, path};

/// Compiling a step and all it depends on, and its tests, on a machine busy with other suites.
const LONGEST: Duration = Duration::from_secs(900);

/// Runs the first block of shell code in the README of `project`.
pub(crate) fn follow_readme(project: &Path) -> Finished {
    let readme = project.join("README.md");
    let text = fs::read_to_string(&readme).expect("a project has a README");
    let commands = text
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap_or_else(|| panic!("no commands in `{}`", readme.display()));
    run(project, commands)
}

/// Runs commands in `folder` until one fails, with the program under test and the SDKs' programs. What is built of Rust
/// goes into one folder for all tests.
pub(crate) fn run(folder: &Path, commands: &str) -> Finished {
    let home = Kilnbox::new();
    let kilnbox = home.command(folder);
    let mut shell = Command::new("sh");
    shell
        .current_dir(folder)
        .args(["-euxc", commands])
        .envs(kilnbox.get_envs().filter_map(|(name, value)| {
            // The home of cargo and of npm is the user's.
            Some((name, value?)).filter(|(name, _)| *name != "HOME")
        }))
        .env("PATH", path())
        .env("KILNBOX", kilnbox.get_program())
        .env("CARGO_TARGET_DIR", built("rust"));
    Running::start(shell).finish_within(LONGEST)
}
