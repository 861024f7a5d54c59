//! What the sandbox costs, with a component from elsewhere whose code is in the cache.

use std::{fs, hint::black_box, time::Instant};

use serde_json::{Value as Json, json};

use crate::{
    bed::Bed,
    contest::{Contest, MIB, Outcome},
    measure::median,
};

const STEPS: usize = 500;
const LINES: u64 = 100_000;
const ROUNDS: u64 = 300_000_000;

pub(crate) fn run(bed: &Bed) -> Vec<Outcome> {
    let component = env!("KILNBOX_BENCH_GUEST");
    fs::write(
        bed.local("kilnbox.toml"),
        format!("[plugins.bench]\nsource = \"file:{component}\"\n"),
    )
    .expect("a file can be written");
    let outcomes = vec![steps(bed), lines(bed), computing(bed)];
    fs::remove_file(bed.local("kilnbox.toml")).expect("a file can be removed");
    outcomes
}

fn template(bed: &Bed, name: &str, steps: &[Json]) -> String {
    bed.template(name, bed.builder(bed.near()), steps)
}

fn bench(options: Json) -> Json {
    let mut step = json!({ "type": "bench" });
    for (name, value) in options.as_object().expect("options are an object") {
        step[name] = value.clone();
    }
    step
}

fn steps(bed: &Bed) -> Outcome {
    let none = template(bed, "no-step", &[]);
    let one = template(bed, "one-no-op", &[bench(json!({}))]);
    let all = template(bed, "no-ops", &vec![bench(json!({})); STEPS]);
    Contest::new("sandbox", format!("{STEPS} steps that do nothing"), bed.rounds(9))
        .contender("kilnbox", || bed.kilnbox(&["build", &all]))
        .contender("one step", || bed.kilnbox(&["build", &one]))
        .contender("no step", || bed.kilnbox(&["build", &none]))
        .run()
        .goal(
            "time per step",
            |outcome| {
                let added = outcome.of("kilnbox").wall() - outcome.of("one step").wall();
                added * 1000.0 / (STEPS - 1) as f64
            },
            2.0,
            "ms",
        )
        .goal(
            "memory that all further steps add",
            |outcome| (outcome.of("kilnbox").peak() - outcome.of("one step").peak()) / MIB,
            4.0,
            "MiB",
        )
        .goal(
            "memory of the first step, with the pages of the program that only steps need",
            |outcome| (outcome.of("one step").peak() - outcome.of("no step").peak()) / MIB,
            4.0,
            "MiB",
        )
}

fn lines(bed: &Bed) -> Outcome {
    let talk = template(bed, "lines", &[bench(json!({ "lines": LINES }))]);
    let silent = template(bed, "one-no-op", &[bench(json!({}))]);
    Contest::new("log", format!("{LINES} lines said by one step"), bed.rounds(7))
        .contender("kilnbox", || bed.kilnbox(&["build", &talk]))
        .contender("silent step", || bed.kilnbox(&["build", &silent]))
        .run()
        .goal(
            "time of the lines",
            |outcome| (outcome.of("kilnbox").wall() - outcome.of("silent step").wall()) * 1000.0,
            1000.0,
            "ms",
        )
}

fn computing(bed: &Bed) -> Outcome {
    let compute = template(bed, "compute", &[bench(json!({ "rounds": ROUNDS }))]);
    let idle = template(bed, "one-no-op", &[bench(json!({}))]);
    let rounds = bed.rounds(5);
    let native = median((0..rounds).map(|_| {
        let begun = Instant::now();
        black_box(kilnbox_bench_guest::mix(black_box(ROUNDS)));
        begun.elapsed().as_secs_f64()
    }));
    Contest::new(
        "computing",
        format!("{ROUNDS} rounds of a hash in a step"),
        rounds,
    )
    .contender("kilnbox", || bed.kilnbox(&["build", &compute]))
    .contender("idle step", || bed.kilnbox(&["build", &idle]))
    .run()
    .goal(
        format!("time against the same code run natively ({native:.3} s)"),
        |outcome| (outcome.of("kilnbox").wall() - outcome.of("idle step").wall()) / native,
        2.0,
        "x",
    )
}
