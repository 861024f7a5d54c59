//! How fast the program is there: `validate` and `--version`.

use serde_json::json;

use crate::{
    bed::Bed,
    contest::{Contest, Outcome},
};

pub(crate) fn run(bed: &Bed) -> Vec<Outcome> {
    let template = bed.template(
        "validate",
        bed.builder(bed.near()),
        &[
            json!({ "type": "shell", "inline": ["uname -a", "true"] }),
            json!({ "type": "file", "source": "validate.json", "destination": "/tmp/validate.json" }),
            json!({ "type": "shell", "inline": ["true"], "environment_vars": ["A=1"] }),
        ],
    );
    let arguments = ["validate", &template];
    let validate = Contest::new(
        "validate",
        "a template of two shell steps and a file",
        bed.rounds(15),
    )
    .contender("kilnbox", || bed.kilnbox(&arguments))
    .contender("packer", || bed.packer(&arguments))
    .run()
    .time_against("packer", 0.1)
    .goal(
        "memory against packer",
        |outcome| outcome.of("kilnbox").peak() / outcome.of("packer").peak(),
        0.5,
        "x",
    );
    let version = Contest::new("version", "`--version`", bed.rounds(15))
        .contender("kilnbox", || bed.kilnbox(&["--version"]))
        .contender("packer", || bed.packer(&["--version"]))
        .run();
    vec![validate, version]
}
