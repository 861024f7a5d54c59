//! What a program did with a case, as lines: each command line, how it ended, what was said, and what is there then.

use std::process::Command;

use kilnbox_tests::{Finished, Kilnbox, Packer, Running};

use crate::{
    case::Case,
    ground::Ground,
    known,
    lines::{self, Said},
};

/// The two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Packer,
    Kilnbox,
}

/// Runs `case` from the start, with the program that `command` starts, and gives what came of it.
pub(crate) fn gather(
    who: Who,
    case: &Case,
    ground: &Ground<'_>,
    packer: &Packer,
    kilnbox: &Kilnbox,
) -> Vec<String> {
    ground.reset();
    let mut facts = Vec::new();
    for run in &case.runs {
        let mut command = match who {
            Who::Packer => packer.command(&ground.local()),
            Who::Kilnbox => kilnbox.command(&ground.local()),
        };
        command.envs(&case.env);
        argue(&mut command, who, run);
        let done = Running::start_merged(command).finish();
        facts.push(format!("$ {}", run.join(" ")));
        facts.push(match done.status.code() {
            Some(code) => format!("exit code {code}"),
            None => done.status.to_string(),
        });
        facts.extend(match &case.refused {
            Some(texts) => texts.iter().map(|text| told(&done, text)).collect(),
            None => said(who, run, &done.stdout),
        });
    }
    facts.extend(ground.state().iter().map(|line| lines::normal(line)));
    facts
}

/// The command line: without colours, and with the trust that `shell-local` needs.
fn argue(command: &mut Command, who: Who, run: &[String]) {
    let (name, flags) = run.split_first().expect("a run names a command");
    command.arg(name);
    if name == "build" {
        command.arg("-color=false");
    }
    if who == Who::Kilnbox && name != "inspect" {
        command.arg("--trust");
    }
    command.args(flags).arg("template.json");
}

fn told(done: &Finished, text: &str) -> String {
    match done.tells(text) {
        true => format!("tells `{text}`"),
        false => format!("does not tell `{text}`:\n{}", done.stdout),
    }
}

fn said(who: Who, run: &[String], output: &str) -> Vec<String> {
    let output = known::named_as_in_packer(who, output);
    let said = if run.iter().any(|flag| flag == "-machine-readable") {
        Said::by_records(&output)
    } else {
        Said::by_lines(&output)
    };
    known::without_known_differences(who, said).into_lines()
}
