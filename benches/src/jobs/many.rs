//! Many builds at once in one process.

use serde_json::{Value as Json, json};

use crate::{
    bed::Bed,
    contest::{Contest, MIB, Outcome},
    jobs::steps::shell,
};

pub(crate) fn run(bed: &Bed) -> Vec<Outcome> {
    let twenty = template(bed, 20);
    let twenty = Contest::new(
        "twenty builds",
        "20 builds at once, one shell step each",
        bed.rounds(5),
    )
    .contender("kilnbox", || bed.kilnbox(&["build", &twenty]))
    .contender("packer", || bed.packer(&["build", &twenty]))
    .run()
    .time_against("packer", 0.5)
    .goal(
        "processor time against packer",
        |outcome| outcome.of("kilnbox").cpu() / outcome.of("packer").cpu(),
        0.5,
        "x",
    );
    vec![
        twenty,
        crowd(bed, "hundred builds", 100),
        crowd(bed, "five hundred builds", 500),
    ]
}

/// What each build adds to the memory of a process that has one.
fn crowd(bed: &Bed, name: &'static str, builds: usize) -> Outcome {
    let (one, all) = (template(bed, 1), template(bed, builds));
    Contest::new(
        name,
        format!("{builds} builds at once, one shell step each"),
        bed.rounds(1),
    )
    .cold()
    .contender("kilnbox", || bed.kilnbox(&["build", &all]))
    .contender("one build", || bed.kilnbox(&["build", &one]))
    .run()
    .goal(
        "memory per build",
        |outcome| {
            let added = outcome.of("kilnbox").peak() - outcome.of("one build").peak();
            added / MIB / (builds - 1) as f64
        },
        2.0,
        "MiB",
    )
}

fn template(bed: &Bed, builds: usize) -> String {
    let builders: Vec<Json> = (0..builds)
        .map(|number| {
            let mut builder = bed.builder(bed.near());
            builder["name"] = json!(format!("build-{number}"));
            builder
        })
        .collect();
    bed.write(
        &format!("builds-{builds}"),
        &json!({ "builders": builders, "provisioners": shell(1) }),
    )
}
