//! Many builds at once in one process.

use serde_json::{Map, Value as Json, json};

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

/// All builds run on one machine here, and both programs draw the names of scripts from a few thousand: each build has a
/// name of its own for its script, or one would remove another's.
fn template(bed: &Bed, builds: usize) -> String {
    let names: Vec<String> = (0..builds).map(|number| format!("build-{number}")).collect();
    let builder = |name: &String| {
        let mut builder = bed.builder(bed.near());
        builder["name"] = json!(name);
        builder
    };
    let builders: Vec<Json> = names.iter().map(builder).collect();
    let own_path = |name: &String| {
        let path = bed.instance(name).with_extension("sh");
        (name.clone(), json!({ "remote_path": path }))
    };
    let mut step = shell();
    step["override"] = names.iter().map(own_path).collect::<Map<_, _>>().into();
    bed.write(
        &format!("builds-{builds}"),
        &json!({ "builders": builders, "provisioners": [step] }),
    )
}
