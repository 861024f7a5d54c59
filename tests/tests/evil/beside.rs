//! Eight hostile steps in one run, each in a build of its own, beside a build with good ones.

use std::{fs, path::Path, time::Duration};

use kilnbox_tests::{Running, SshBed};
use serde_json::{Value as Json, json};

use crate::{case::Case, ground::Ground, user::User};

/// What they do, all at the same time.
const HOSTILE: [&str; 8] = [
    "endless/run",
    "endless/sleep",
    "memory/stack",
    "memory/handles",
    "memory/commands",
    "memory/temporaries",
    "text/flood",
    "remote/output-without-end",
];
/// How long a hostile step is let go on, and all of them at the latest.
const TIMEOUT: &str = "3s";
const LONGEST: Duration = Duration::from_secs(60);
/// Two of them take the 256 MiB that one step may use.
const MOST_MIB: u64 = 700;
/// Lines that the good build's command writes.
const LINES: usize = 200;

/// Runs them; panics where the good build did not do all of its work, or anything else went wrong.
pub(crate) fn all_at_once(bed: &SshBed, user: User, cache: &Path) {
    let ground = Ground::new("beside", bed, user);
    let cases: Vec<Case> = Case::all()
        .into_iter()
        .filter(|case| HOSTILE.contains(&case.title().as_str()))
        .collect();
    assert_eq!(cases.len(), HOSTILE.len());
    let (mut builders, mut steps) = (vec![ground.builder("good")], Vec::new());
    let mut manifest = String::new();
    for (number, case) in cases.iter().enumerate() {
        let (build, plugin) = (format!("bad{number}"), format!("guest{number}"));
        ground.component(case, &plugin);
        manifest += &format!("[plugins.{plugin}]\nsource = \"file:{plugin}.wasm\"\n");
        builders.push(ground.builder(&build));
        let mut step = case.steps.first().cloned().unwrap_or(json!({}));
        for (key, value) in [
            ("type", json!(plugin)),
            ("only", json!([build])),
            ("timeout", json!(TIMEOUT)),
        ] {
            step[key] = value;
        }
        steps.push(step);
        steps.push(ground.mark(&format!("after{number}"), &build));
    }
    let count = format!("for number in $(seq {LINES}); do echo good line $number; done");
    steps.push(json!({ "type": "shell", "only": ["good"], "inline": [count] }));
    steps.push(ground.mark("good", "good"));
    let template: Json = json!({ "builders": builders, "provisioners": steps });
    ground.write("kilnbox.toml", &manifest);
    ground.write("template.json", &template.to_string());

    let command = ground.command(cache, &["build", "-color=false", "template.json"]);
    let (run, usage) = Running::start(command).finish_measured(LONGEST);
    let said = short(&run.both());
    assert_eq!(run.status.code(), Some(1), "{said}");
    let lines = run
        .stdout
        .lines()
        .filter(|line| line.contains("null.good: good line "))
        .count();
    assert_eq!(lines, LINES, "{said}");
    assert!(ground.marked("good"), "{said}");
    assert!(run.stdout.contains("Build 'null.good' finished after "), "{said}");
    for (number, case) in cases.iter().enumerate() {
        assert!(
            !ground.marked(&format!("after{number}")),
            "{}\n{said}",
            case.title()
        );
        let errored = format!("Build 'null.bad{number}' errored after ");
        assert!(run.stderr.contains(&errored), "{}\n{said}", case.title());
    }
    assert!(
        usage.peak <= MOST_MIB << 20,
        "took {} MiB\n{said}",
        usage.peak >> 20
    );
    ground.kilnbox.left_nothing();
    fs::remove_dir_all(ground.local()).expect("it was made here");
}

/// Without the flood.
fn short(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.ends_with(": flood") && !line.contains("good line"));
    lines.take(200).map(|line| format!("{line}\n")).collect()
}
