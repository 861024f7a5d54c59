//! One case, run and judged.
//!
//! Whatever a case is about, this holds: the program ends by itself with the exit code that the case names, in the time
//! and the memory that it states; nothing that acts on a terminal is printed; no file is touched but those that the
//! case names; nothing of the secret outside is shown; and the other build of the run did its work, or nothing ran.

use std::{path::Path, time::Duration};

use kilnbox_tests::{Finished, Running, SshBed, Tree};
use regex::Regex;

use crate::{
    case::{Case, Kind},
    ground::{Ground, OUTSIDE},
    user::User,
};

/// Lines of one stream that a message may have.
const LINES: usize = 120;
/// Characters of a line that are of interest.
const LINE: usize = 300;

/// Runs a case. Gives what is wrong.
pub(crate) fn play(case: &Case, bed: &SshBed, user: User, cache: &Path) -> Option<String> {
    let ground = Ground::new(&case.title(), bed, user);
    ground.prepare(case);
    let before = ground.trees();
    let command = ground.command(cache, &["build", "-color=false", "template.json"]);
    let limit = Duration::from_secs(case.expect.seconds);
    let running = if case.ignore_stdout {
        Running::start_quiet(command)
    } else {
        Running::start(command)
    };
    let (run, usage) = running.finish_measured(limit);
    let after = ground.trees();

    let mut wrong = Vec::new();
    let expect = &case.expect;
    if run.status.code() != Some(expect.exit) {
        wrong.push(format!(
            "ended with {}, not exit code {}",
            run.status, expect.exit
        ));
    }
    if usage.peak > expect.mib << 20 {
        wrong.push(format!("took {} MiB, not {}", usage.peak >> 20, expect.mib));
    }
    if ground.marked("good") != expect.good {
        wrong.push(format!("the other build's step ran: {}", !expect.good));
    }
    let ran_after = match case.kind {
        Kind::Provisioner => ground.marked("after"),
        Kind::PostProcessor => ground.local().join("after.json").exists(),
    };
    if ran_after != expect.after {
        wrong.push(format!("the step after it ran: {ran_after}"));
    }
    wrong.extend(touched(case, &before, &after));
    wrong.extend(shown(&run));
    if wrong.is_empty() {
        ground.kilnbox.left_nothing();
        snapshot(case, &ground, &run);
        // What each case takes, for who sets its bounds.
        eprintln!(
            "{:<40} {:>6}: {:>5.1} of {:>3} s, {:>4} of {:>4} MiB",
            case.title(),
            user.name(),
            usage.wall,
            expect.seconds,
            usage.peak >> 20,
            expect.mib
        );
        return None;
    }
    Some(format!(
        "{} as {}:\n    {}\n{}",
        case.title(),
        user.name(),
        wrong.join("\n    "),
        short(&run.both())
    ))
}

/// Files that changed without the case saying so, and those that should have.
fn touched(case: &Case, before: &[Tree; 2], after: &[Tree; 2]) -> Vec<String> {
    let [local, outside] = [0, 1].map(|index| before[index].differences(&after[index]));
    let mut wrong: Vec<String> = outside
        .iter()
        .map(|difference| format!("outside the template's folder: {difference}"))
        .collect();
    // The builder's artifact and the step after are the template's own doing.
    let own = ["artifact.txt", "after.json"];
    let changes: Vec<&String> = local
        .iter()
        .filter(|difference| {
            !own.iter()
                .any(|name| difference.starts_with(&format!("{name:?}")))
        })
        .collect();
    for change in &changes {
        let known = case.expect.changes.iter();
        if !known
            .clone()
            .any(|name| change.starts_with(&format!("{name:?}:")))
        {
            wrong.push(format!("in the template's folder: {change}"));
        }
    }
    for name in &case.expect.changes {
        if !changes
            .iter()
            .any(|change| change.starts_with(&format!("{name:?}:")))
        {
            wrong.push(format!("`{name}` is as it was"));
        }
    }
    wrong
}

/// What must not be in any output.
fn shown(run: &Finished) -> Vec<String> {
    let text = run.stdout.clone() + &run.stderr;
    let acts = |c: &char| {
        let bidi = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c.is_control() && !matches!(c, '\n' | '\t') || bidi
    };
    let mut wrong = Vec::new();
    if let Some(at) = text.find(|c| acts(&c)) {
        let from = text.floor_char_boundary(at.saturating_sub(40));
        let to = text.floor_char_boundary((at + 40).min(text.len()));
        wrong.push(format!("prints what acts on a terminal: {:?}", &text[from..to]));
    }
    for secret in [
        OUTSIDE,
        "a secret of the environment",
        "a secret variable",
        "internal error",
    ] {
        if text.contains(secret) {
            wrong.push(format!("prints `{secret}`"));
        }
    }
    wrong
}

/// The message, as both users must get it.
fn snapshot(case: &Case, ground: &Ground<'_>, run: &Finished) {
    let streams = [("standard output", &run.stdout), ("standard error", &run.stderr)];
    let text: String = streams
        .iter()
        .filter(|(name, _)| !case.ignore_stdout || *name != "standard output")
        .map(|(name, text)| {
            let text = ground.told(text);
            // Of what was too much to look at, the last lines are there again, cut anywhere.
            let lines = text
                .lines()
                .filter(|line| !case.ignore_stdout || !line.starts_with("      | "));
            let text: String = lines.map(|line| format!("{line}\n")).collect();
            format!("--- {name}\n{}", message(&text))
        })
        .collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("../../evil/{}", case.theme));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(&case.why);
    settings.bind(|| insta::assert_snapshot!(case.name.as_str(), text));
}

/// Without the other build, times, and numbers that no two runs have in common; what is said again and again is there
/// once.
fn message(text: &str) -> String {
    let patterns = [
        (
            r"after [0-9][^:.,]*(seconds?|minutes?|milliseconds?|microseconds?)",
            "after $$TIME",
        ),
        (r"\d+(m\d+)?(\.\d+)?(ms|µs|s)\b took", "$$TIME took"),
        (r"/tmp/tmp\.\w+", "$$TEMPORARY"),
        // Places in the guests' files.
        (r"at offset 0x[0-9a-f]+", "at $$OFFSET"),
        (r"\.rs:\d+:\d+", ".rs:$$PLACE"),
        (r"\d+ messages? suppressed", "$$COUNT messages suppressed"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+", "$$ID"),
    ];
    let text = patterns.iter().fold(text.to_owned(), |text, (pattern, instead)| {
        let pattern = Regex::new(pattern).expect("a pattern");
        pattern.replace_all(&text, *instead).into_owned()
    });
    let mut lines: Vec<String> = Vec::new();
    let mut again = false;
    for line in text.lines().filter(|line| !line.contains("null.good")) {
        let line = short_line(line);
        if lines.last() == Some(&line) {
            again = true;
            continue;
        }
        if std::mem::take(&mut again) {
            lines.push("    (again and again)".to_owned());
        }
        lines.push(line);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn short_line(line: &str) -> String {
    let end = line.floor_char_boundary(LINE.min(line.len()));
    match line.len() > LINE {
        true => format!("{} (and so on)", &line[..end]),
        false => line.to_owned(),
    }
}

/// For the report of what is wrong.
fn short(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(short_line).collect();
    match lines.len() > LINES {
        true => format!(
            "{}\n…\n{}\n",
            lines[..LINES / 2].join("\n"),
            lines[lines.len() - LINES / 2..].join("\n")
        ),
        false => lines.join("\n") + "\n",
    }
}
