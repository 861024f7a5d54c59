//! A whole image on EC2: launched, set up over SSH, stopped, imaged, and everything else removed.
//!
//! moto answers at once, so that what is measured is the client: what it computes, and how many answers it waits for.

use std::process::Command;

use kilnbox_tests::ec2::{Cloud, Endpoint, Plan};
use serde_json::json;

use crate::{
    bed::Bed,
    contest::{Contest, Outcome},
    measure::all_processes,
};

const REGION: &str = "us-east-1";

pub(crate) fn run(bed: &Bed) -> Vec<Outcome> {
    let cloud = Cloud::start();
    let endpoint = cloud.account().endpoint(Plan::new());
    let template = json!({
        "builders": [endpoint.builder(REGION, "Measured {{uuid}}")],
        "provisioners": [
            { "type": "shell", "inline": ["true"] },
            { "type": "file", "source": "amazon.json", "destination": cloud.machine().instance().join("uploaded") },
        ],
    });
    let name = bed.write("amazon", &template);
    let asked = |command: Command| with(command, &endpoint);
    let together = all_processes(asked(bed.kilnbox(&["build", &name]))) as f64
        / all_processes(asked(bed.packer(&["build", &name]))) as f64;
    let image = Contest::new(
        "image on EC2",
        "`amazon-ebs` on moto, one shell and one file step",
        bed.rounds(5),
    )
    .contender("kilnbox", || asked(bed.kilnbox(&["build", &name])))
    .contender("packer", || asked(bed.packer(&["build", &name])))
    .run()
    .time_against("packer", 0.5)
    .goal(
        "processor time against packer",
        |outcome| outcome.of("kilnbox").cpu() / outcome.of("packer").cpu(),
        0.5,
        "x",
    )
    .goal("memory of all processes against packer", |_| together, 0.5, "x")
    .goal(
        "memory of the largest process against packer",
        |outcome| outcome.of("kilnbox").peak() / outcome.of("packer").peak(),
        0.5,
        "x",
    );
    vec![image]
}

/// Both look as often for what they wait for: Packer takes whole seconds alone.
fn with(mut command: Command, endpoint: &Endpoint) -> Command {
    command
        .envs(endpoint.environment())
        .env("AWS_POLL_DELAY_SECONDS", "1");
    command
}
