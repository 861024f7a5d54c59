//! Plays a case: runs its command line, as a script, through a pipe, or on a terminal with a person at it.

use std::{collections::BTreeMap, process::Command, str::FromStr as _, time::Duration};

use kilnbox_tests::{Running, Terminal};
use nix::sys::signal::Signal;

use crate::{case::Case, ground::Ground};

/// How long a program may take to say what a signal waits for.
const SAID: Duration = Duration::from_secs(60);

/// What came of a command line.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) exit: Option<i32>,
    /// Standard output; on a terminal, what the screen showed, without colours.
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs what comes before, the command line of the case or of its table, and what comes after.
pub(crate) fn run(ground: &Ground<'_>, case: &Case, usual: &[String]) -> Outcome {
    let others = |all: &[Vec<String>]| {
        for arguments in all {
            Running::start(command(ground, case, arguments))
                .finish()
                .succeeded();
        }
    };
    others(&case.before);
    let command = command(ground, case, case.run.as_deref().unwrap_or(usual));
    let outcome = match case.person.is_empty() {
        true => over_pipes(command, ground, case),
        false => on_a_terminal(command, case),
    };
    others(&case.then);
    outcome
}

fn over_pipes(command: Command, ground: &Ground<'_>, case: &Case) -> Outcome {
    let mut running = match &case.stdin {
        Some(text) => Running::start_with_input(command, &ground.fill(text)),
        None => Running::start(command),
    };
    for (signal, after) in &case.signals {
        running.wait_for(&ground.fill(after), SAID);
        running.signal(Signal::from_str(signal).expect("a signal"));
    }
    let finished = running.finish();
    Outcome {
        exit: finished.status.code(),
        out: finished.stdout,
        err: finished.stderr,
    }
}

fn command(ground: &Ground<'_>, case: &Case, arguments: &[String]) -> Command {
    let mut command = ground.kilnbox.command(ground.folder());
    command
        .args(arguments.iter().map(|argument| ground.fill(argument)))
        .envs(case.env.iter().map(|(name, value)| (name, ground.fill(value))));
    command
}

fn on_a_terminal(command: Command, case: &Case) -> Outcome {
    let mut terminal = Terminal::start(command);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (text, keys) in &case.person {
        let times = seen.entry(text).or_default();
        *times += 1;
        terminal.wait_for(text, *times);
        terminal.press(keys);
    }
    let (status, screen) = terminal.finish_with_screen();
    Outcome {
        exit: status.code(),
        out: plain(&screen),
        err: String::new(),
    }
}

/// A screen's text without what colours it and moves the cursor.
fn plain(screen: &str) -> String {
    let mut text = String::new();
    let mut characters = screen.chars();
    while let Some(character) = characters.next() {
        match character {
            '\x1b' => {
                // A control sequence: parameters, then one letter.
                let _ = characters.by_ref().skip(1).find(char::is_ascii_alphabetic);
            }
            '\r' => {}
            other => text.push(other),
        }
    }
    text
}
