//! What came of a case, compared with what must. All that differs is told at once.

use std::{collections::BTreeMap, fs, process::Command};

use kilnbox_tests::{Finished, Node, Running, Tree};

use crate::{
    case::{Case, Made},
    ground::Ground,
    pattern::{fits, missing},
    play::Outcome,
    reports::{self, Report},
};

/// Everything.
pub(crate) fn all(ground: &Ground<'_>, case: &Case, outcome: &Outcome) -> Result<(), String> {
    let mut wrong = Vec::new();
    if outcome.exit != Some(case.exit) {
        wrong.push(format!("exit code {:?}, not {}", outcome.exit, case.exit));
    }
    wrong.extend(streams(ground, case, outcome));
    wrong.extend(errors(ground, case, &outcome.err));
    let after = Tree::read(ground.folder());
    wrong.extend(files(
        ground,
        "beside the template",
        &case.makes,
        &ground.given,
        &after,
    ));
    let instance = ground.on_the_instance();
    wrong.extend(files(
        ground,
        "on the instance",
        &case.instance,
        &Tree::default(),
        &instance,
    ));
    if wrong.is_empty() {
        // A panic, where something is left.
        ground.kilnbox.left_nothing();
        return Ok(());
    }
    Err(format!(
        "{}\n--- standard output\n{}--- standard error\n{}",
        wrong.join("\n"),
        outcome.out,
        outcome.err
    ))
}

fn streams(ground: &Ground<'_>, case: &Case, outcome: &Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    let filled = |lines: &[String]| -> Vec<String> { lines.iter().map(|line| ground.fill(line)).collect() };
    for (patterns, text, stream) in [
        (&case.out, &outcome.out, "standard output"),
        (&case.err, &outcome.err, "standard error"),
    ] {
        let patterns = filled(patterns);
        if let Some(line) = missing(&patterns, &text.lines().collect::<Vec<_>>()) {
            wrong.push(format!("this line is not in {stream}, or not there:\n{line}"));
        }
    }
    if let Some(lines) = &case.exactly {
        let lines = filled(lines);
        let said: Vec<&str> = outcome.out.lines().collect();
        if lines.len() != said.len() || !lines.iter().zip(said).all(|(line, said)| fits(line, said)) {
            wrong.push(format!("standard output is not\n{}", lines.join("\n")));
        }
    }
    if case.err.is_empty() && case.errors.is_empty() && !outcome.err.is_empty() {
        wrong.push("standard error is not empty".to_owned());
    }
    for text in filled(&case.never) {
        if outcome.out.contains(&text) || outcome.err.contains(&text) {
            wrong.push(format!("this must not be said:\n{text}"));
        }
    }
    wrong
}

/// The reports, if the case says which there are.
fn errors(ground: &Ground<'_>, case: &Case, err: &str) -> Option<String> {
    if case.errors.is_empty() {
        return None;
    }
    let reports = reports::read(err);
    let same = reports.len() == case.errors.len()
        && reports
            .iter()
            .zip(&case.errors)
            .all(|(report, expected)| is(ground, report, expected));
    (!same).then(|| format!("the errors are not {:?}", case.errors))
}

fn is(ground: &Ground<'_>, report: &Report, expected: &[Option<String>]) -> bool {
    let part = |at: usize| {
        expected
            .get(at)
            .and_then(Option::as_deref)
            .map(|text| ground.fill(text))
    };
    let told = |expected: Option<String>, text: &str| {
        // Long ones are drawn on several lines.
        let joined = |text: &str| text.split_whitespace().collect::<String>();
        expected.is_none_or(|expected| fits(&joined(&expected), &joined(text)))
    };
    let pointed =
        part(1).is_none_or(|text| pointed_at(ground, report).is_some_and(|at| at.starts_with(&text)));
    told(part(0), &report.message) && pointed && told(part(2), report.hint.as_deref().unwrap_or_default())
}

/// The text from a report's place on.
fn pointed_at(ground: &Ground<'_>, report: &Report) -> Option<String> {
    let (file, line, column) = report.place.as_ref()?;
    let text = fs::read_to_string(ground.folder().join(file)).ok()?;
    let rest: Vec<&str> = text.split('\n').skip(line - 1).collect();
    Some(rest.join("\n").chars().skip(column - 1).collect())
}

/// Files that are new, changed or gone, and are not expected to be; and those that are not as expected.
fn files(
    ground: &Ground<'_>,
    place: &str,
    expected: &BTreeMap<String, Made>,
    before: &Tree,
    after: &Tree,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut names = before.files();
    names.extend(after.files());
    names.sort();
    names.dedup();
    for name in &names {
        if before.get(name) != after.get(name) && !expected.contains_key(name) {
            wrong.push(format!("{place}, `{name}` is {:?}", after.get(name)));
        }
    }
    for (name, made) in expected {
        let same = match (made, after.get(name)) {
            (Made::Gone(()), found) => before.get(name).is_some() && found.is_none(),
            (made, Some(Node::File { mode, content })) => is_made(ground, made, *mode, content),
            _ => false,
        };
        if !same {
            wrong.push(format!(
                "{place}, `{name}` is not {made:?} but {:?}",
                after.get(name)
            ));
        }
    }
    wrong
}

fn is_made(ground: &Ground<'_>, made: &Made, mode: u32, content: &[u8]) -> bool {
    let is_text = |text: &str| fits(&ground.fill(text), &String::from_utf8_lossy(content));
    match made {
        Made::Gone(()) => false,
        Made::Text(text) => is_text(text),
        Made::Facts(facts) => {
            facts.text.as_deref().is_none_or(is_text)
                && facts
                    .shown
                    .as_ref()
                    .is_none_or(|(by, text)| fits(text, &show(by, content)))
                && facts
                    .mode
                    .as_ref()
                    .is_none_or(|wanted| *wanted == format!("{mode:o}"))
                && facts.begins.as_ref().is_none_or(|begins| {
                    let bytes = content.iter().map(|byte| format!("{byte:02x}"));
                    bytes.collect::<String>().starts_with(begins)
                })
        }
    }
}

/// What a shell command says of a file with this content.
fn show(by: &str, content: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    fs::write(file.path(), content).expect("a file can be written");
    let mut shell = Command::new("sh");
    shell.args(["-c", by, "sh"]).arg(file.path());
    let Finished { stdout, stderr, .. } = Running::start(shell).finish();
    stdout + &stderr
}
