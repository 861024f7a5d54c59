//! The same jobs with a server that is 40 ms away, as instances are.

use crate::{
    bed::{Bed, ROUND_TRIP},
    contest::{Contest, Outcome},
    jobs::{
        steps::shell,
        transfers::{expect_files, expect_size, forget, upload_template, write_big, write_tree},
    },
};

/// Round trips that no SSH client can do without before a command's exit is known: TCP, algorithms, key exchange,
/// service, login, opening a channel, running a command.
const LEAST: f64 = 7.0;

pub(crate) fn run(bed: &Bed) -> Vec<Outcome> {
    vec![one_step(bed), small_files(bed), big_file(bed)]
}

fn one_step(bed: &Bed) -> Outcome {
    let template = bed.template("far-step", bed.builder(bed.far()), &[shell()]);
    // The same steps twice as far away: what that takes longer is waiting alone, once for each round trip. The work of
    // client, server and relay is the same in both.
    let farther = bed.template("farther-step", bed.builder(bed.farther()), &[shell()]);
    // A step is at least: put the script there and run it, with one command.
    let line = "cat > /tmp/kilnbox-bench-script && chmod +x /tmp/kilnbox-bench-script && \
        /tmp/kilnbox-bench-script; rm /tmp/kilnbox-bench-script";
    Contest::new("far step", "a build of one shell step, 40 ms away", bed.rounds(7))
        .contender("kilnbox", || bed.kilnbox(&["build", &template]))
        .contender("kilnbox, 80 ms away", || bed.kilnbox(&["build", &farther]))
        .contender("packer", || bed.packer(&["build", &template]))
        .contender("ssh, all in one command", || bed.ssh(bed.far(), line))
        .run()
        .goal(
            "round trips, where 7 are the least",
            |outcome| {
                let waited = outcome.of("kilnbox, 80 ms away").wall() - outcome.of("kilnbox").wall();
                waited / ROUND_TRIP.as_secs_f64()
            },
            LEAST + 3.0,
            "round trips",
        )
        .goal(
            "round trips over ssh with all in one command",
            |outcome| {
                let ssh = outcome.of("ssh, all in one command").wall();
                (outcome.of("kilnbox").wall() - ssh) / ROUND_TRIP.as_secs_f64()
            },
            3.0,
            "round trips",
        )
}

fn small_files(bed: &Bed) -> Outcome {
    let tree = bed.local("tree");
    write_tree(&tree, 1000);
    let to = bed.instance("tree");
    let template = upload_template(bed, "far-files", bed.far(), "tree/", &to);
    let prepare = || {
        forget(&to);
        std::fs::create_dir(&to).expect("a folder can be made");
    };
    let check = || expect_files(&to, 1000);
    let outcome = Contest::new(
        "far files",
        "a tree of 1,000 files of 2 KiB, 40 ms away",
        bed.rounds(7),
    )
    .worker("kilnbox", prepare, || bed.kilnbox(&["build", &template]), check)
    .worker("packer", prepare, || bed.packer(&["build", &template]), check)
    .worker("tar over ssh", prepare, || bed.tar(bed.far(), &tree, &to), check)
    .run()
    .time_against("tar over ssh", 1.2);
    forget(&tree);
    outcome
}

fn big_file(bed: &Bed) -> Outcome {
    let big = bed.local("big");
    write_big(&big);
    let to = bed.instance("big");
    let template = upload_template(bed, "far-file", bed.far(), "big", &to);
    let prepare = || forget(&to);
    let check = || expect_size(&to, 256 << 20);
    let from = big.display().to_string();
    let outcome = Contest::new("far file", "one file of 256 MiB, 40 ms away", bed.rounds(3))
        .cold()
        .worker("kilnbox", prepare, || bed.kilnbox(&["build", &template]), check)
        .worker(
            "scp",
            prepare,
            || bed.scp(bed.far(), &from, &format!("instance:{}", to.display())),
            check,
        )
        .run()
        .time_against("scp", 1.2);
    forget(&big);
    outcome
}
