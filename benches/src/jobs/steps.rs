//! Shell steps on one instance.

use serde_json::{Value as Json, json};

use crate::{
    bed::Bed,
    contest::{Contest, Outcome},
};

/// A step of one line.
pub(crate) fn shell() -> Json {
    json!({ "type": "shell", "inline": ["true"] })
}

pub(crate) fn run(bed: &Bed) -> Vec<Outcome> {
    let one = bed.template("one-step", bed.builder(bed.near()), &[shell()]);
    let twenty = bed.template("twenty-steps", bed.builder(bed.near()), &vec![shell(); 20]);
    let build = |template: &str| {
        (
            bed.kilnbox(&["build", template]),
            bed.packer(&["build", template]),
        )
    };
    let one = Contest::new("one step", "a build of one shell step", bed.rounds(11))
        .contender("kilnbox", || build(&one).0)
        .contender("packer", || build(&one).1)
        .contender("ssh host true", || bed.ssh(bed.near(), "true"))
        .run()
        .time_against("packer", 1.0)
        .goal(
            "time over `ssh host true`",
            |outcome| (outcome.of("kilnbox").wall() - outcome.of("ssh host true").wall()) * 1000.0,
            100.0,
            "ms",
        );
    let twenty = Contest::new("twenty steps", "a build of twenty shell steps", bed.rounds(5))
        .contender("kilnbox", || build(&twenty).0)
        .contender("packer", || build(&twenty).1)
        .run()
        .time_against("packer", 0.25);
    vec![one, twenty]
}
