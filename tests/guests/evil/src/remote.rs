//! The instance, used against the host.

use kilnbox_guest::{
    Error, Instance, exec,
    types::{self, Exit},
    ui, upload,
};

fn outcome<T>(what: &str, done: Result<T, types::Error>) {
    match done {
        Ok(_) => ui::say(&format!("{what}: done")),
        Err(error) => ui::say(&format!("{what}: {:?}: {}", error.code, error.message)),
    }
}

pub(crate) fn run(on: &Instance, lines: &[String]) {
    for line in lines {
        let ended = exec::Command::new(line).run(on).map(|outcome| outcome.exit());
        match ended {
            Ok(Exit::Code(code)) => ui::say(&format!("exit code {code}")),
            Ok(other) => ui::say(&format!("ended with {other:?}")),
            Err(error) => ui::say(&format!("{:?}: {}", error.code, error.message)),
        }
    }
}

pub(crate) fn spawn(on: &Instance, lines: &[String]) -> Result<(), Error> {
    let mut kept = Vec::new();
    for line in lines.iter().cycle() {
        let command = exec::Command::new(line);
        kept.push(command.spawn(on)?);
    }
    Ok(())
}

pub(crate) fn paths(on: &Instance, folder: &str) {
    for name in ["a\0b", "\u{1b}[2J", "$(touch x)'\"", "-rf", &"d/".repeat(100_000)] {
        let shown = match name.len() {
            0..50 => format!("{name:?}"),
            long => format!("a name of {long} bytes"),
        };
        let written = upload::bytes(on, b"hostile", &format!("{folder}/{name}"), None);
        outcome(&format!("writing {shown}"), written);
    }
    let command = exec::Command::new("true");
    outcome("a variable's name", command.env("A B", "c"));
    outcome("a variable's value", command.env("A", "b\0c"));
    command.run_as("nobody; touch /");
    command.discard();
    outcome(
        "an account",
        command.run(on).map(|outcome| match outcome.exit() {
            Exit::Code(0) => ui::say("it ran"),
            _ => ui::say("it did not run"),
        }),
    );
    let still = exec::Command::new("echo the connection lives");
    outcome("a plain command", still.run(on));
}
