//! What a step costs in each language that there is an SDK for: its size, compiling it, starting it, and a hundred
//! commands beside the same from native code over the same kind of connection.

use std::{fs, path::PathBuf, process::Command};

use kilnbox_tests::repository;
use serde_json::{Value as Json, json};

use crate::{
    bed::Bed,
    contest::{Contest, MIB, Outcome},
};

/// Commands of the step that is compared with native code.
const COMMANDS: u32 = 100;
/// Steps whose starts are measured together.
const STARTS: usize = 20;

struct Language {
    name: &'static str,
    /// Where the component of `benches/languages` is, below the repository.
    component: &'static str,
    /// Most milliseconds for a start.
    start: f64,
}

const LANGUAGES: [Language; 4] = [
    Language {
        name: "rust",
        component: "benches/languages/rust/target/wasm32-wasip2/release/hundred.wasm",
        start: 5.0,
    },
    Language {
        name: "c",
        component: "benches/languages/c/build/hundred.wasm",
        start: 5.0,
    },
    Language {
        name: "javascript",
        component: "benches/languages/javascript/dist/hundred.wasm",
        start: 5.0,
    },
    Language {
        name: "python",
        component: "benches/languages/python/dist/hundred.wasm",
        start: 20.0,
    },
];

impl Language {
    fn component(&self) -> PathBuf {
        let path = repository().join(self.component);
        assert!(
            path.exists(),
            "no {}: run benches/languages/build",
            path.display()
        );
        path
    }

    fn step(&self, commands: u32) -> Json {
        json!({ "type": self.name, "commands": commands })
    }
}

pub(crate) fn run(bed: &Bed) -> Vec<Outcome> {
    let sources = LANGUAGES.iter().map(|language| {
        let source = language.component();
        format!(
            "[plugins.{}]\nsource = \"file:{}\"\n",
            language.name,
            source.display()
        )
    });
    let file = bed.local("kilnbox.toml");
    fs::write(&file, sources.collect::<String>()).expect("a file can be written");
    let mut outcomes = vec![compiling(bed)];
    outcomes.extend(LANGUAGES.iter().map(|language| starting(bed, language)));
    outcomes.push(commands(bed));
    fs::remove_file(file).expect("a file can be removed");
    outcomes
}

/// `plugin check` keeps no compiled code, so that it compiles each time.
fn compiling(bed: &Bed) -> Outcome {
    let check = |language: &Language| {
        let component = language.component();
        bed.kilnbox(&["plugin", "check", &component.to_string_lossy()])
    };
    let about = "a step of each language compiled and described, `plugin check`";
    let mut contest = Contest::new("compiling", about, bed.rounds(3));
    for language in &LANGUAGES {
        contest = contest.contender(language.name, move || check(language));
    }
    LANGUAGES.iter().fold(contest.run(), |outcome, language| {
        let size = fs::metadata(language.component()).expect("a component").len();
        outcome.goal(
            format!("size in {}", language.name),
            |_| size as f64 / MIB,
            64.0,
            "MiB",
        )
    })
}

fn starting(bed: &Bed, language: &Language) -> Outcome {
    let template = |name: String, steps: usize| {
        bed.template(&name, bed.builder(bed.near()), &vec![language.step(0); steps])
    };
    let one = template(format!("{}-start", language.name), 1);
    let all = template(format!("{}-starts", language.name), STARTS + 1);
    let about = format!("{} steps in {} that do nothing", STARTS + 1, language.name);
    Contest::new("starting", about, bed.rounds(5))
        .contender("kilnbox", || bed.kilnbox(&["build", &all]))
        .contender("one step", || bed.kilnbox(&["build", &one]))
        .run()
        .goal(
            format!("start in {}, its code loaded", language.name),
            |outcome| {
                let added = outcome.of("kilnbox").wall() - outcome.of("one step").wall();
                added * 1000.0 / STARTS as f64
            },
            language.start,
            "ms",
        )
}

fn commands(bed: &Bed) -> Outcome {
    let builder = bed.builder(bed.near());
    let native = |commands: u32| {
        let mut command = Command::new(native_loop());
        command.args([builder.to_string(), commands.to_string()]);
        command
    };
    let templates: Vec<(String, String)> = LANGUAGES
        .iter()
        .map(|language| {
            let template = |name: &str, commands| {
                let name = format!("{}-{name}", language.name);
                bed.template(&name, builder.clone(), &[language.step(commands)])
            };
            (template("commands", COMMANDS), template("no-commands", 0))
        })
        .collect();
    let about = format!("{COMMANDS} commands in one step of each language, and from native code");
    let mut contest = Contest::new("commands", about, bed.rounds(5))
        .contender("native", || native(COMMANDS))
        .contender("native, none", || native(0));
    for (language, (all, none)) in LANGUAGES.iter().zip(&templates) {
        contest = contest
            .contender(language.name, || bed.kilnbox(&["build", all]))
            .contender(without(language), || bed.kilnbox(&["build", none]));
    }
    LANGUAGES.iter().fold(contest.run(), |outcome, language| {
        outcome.goal(
            format!("{COMMANDS} commands in {} against native code", language.name),
            |outcome| {
                let added = |all: &str, none: &str| outcome.of(all).wall() - outcome.of(none).wall();
                added(language.name, without(language)) / added("native", "native, none")
            },
            1.1,
            "x",
        )
    })
}

/// The same contender without commands.
fn without(language: &Language) -> &'static str {
    match language.name {
        "rust" => "rust, none",
        "c" => "c, none",
        "javascript" => "javascript, none",
        _ => "python, none",
    }
}

/// Built beside the benchmark.
fn native_loop() -> PathBuf {
    let own = std::env::current_exe().expect("a program knows its file");
    own.with_file_name("kilnbox-native-loop")
}
