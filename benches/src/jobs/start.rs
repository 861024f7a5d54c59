//! How fast the program is there: `validate` and `--version`.

use kilnbox_tests::{LARGE_PROVISIONERS, large_template};
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
    let large = bed.write("large", &large_template(bed.builder(bed.near())));
    let arguments = ["validate", &large];
    let large = Contest::new(
        "large template",
        format!("`validate` of 5 MB with {LARGE_PROVISIONERS} provisioners"),
        bed.rounds(5),
    )
    .contender("kilnbox", || bed.kilnbox(&arguments))
    .run()
    .goal(
        "time",
        |outcome| outcome.of("kilnbox").wall() * 1000.0,
        500.0,
        "ms",
    );
    let version = Contest::new("version", "`--version`", bed.rounds(15))
        .contender("kilnbox", || bed.kilnbox(&["--version"]))
        .contender("packer", || bed.packer(&["--version"]))
        .run();
    vec![validate, large, version]
}
