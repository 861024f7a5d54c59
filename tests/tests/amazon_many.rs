//! Many `amazon-ebs` builds at once, and one that waits: what they ask of AWS and of this machine.

use std::{fs, time::Duration};

use kilnbox_tests::{
    Tree,
    ec2::{Cloud, Fault, Plan, Refusal, User},
    until,
};
use serde_json::json;

const REGIONS: [&str; 4] = ["ap-northeast-1", "eu-west-1", "us-east-1", "us-west-2"];

const BUILDS: usize = 50;

/// On two cores, of which moto wants its share.
const LIMIT: Duration = Duration::from_secs(170);

#[test]
fn fifty_builds_in_four_regions() {
    let cloud = Cloud::start();
    let user = User::of(cloud.account());
    let throttled = Plan::new().each(9, Fault::Refuse(Refusal::throttled()));
    let endpoint = user.account.endpoint(throttled);
    let builders: Vec<_> = (0..BUILDS)
        .map(|number| {
            let region = REGIONS[number % REGIONS.len()];
            let mut builder = endpoint.builder(region, &format!("Number {number}"));
            builder["name"] = format!("number-{number}").into();
            builder
        })
        .collect();
    let there = cloud.machine().instance();
    let template = json!({
        "builders": builders,
        "provisioners": [{
            "type": "shell",
            "inline": [format!("echo done > {}/$PACKER_BUILD_NAME", there.display())],
            // Fifty instances share a folder, so the random number of the default name might meet itself.
            "remote_file": "script_{{build_name}}.sh",
        }],
    });
    let (run, usage) = user.start_build(&endpoint, &template).finish_measured(LIMIT);
    let run = run.succeeded();
    assert!(!run.both().contains("RequestLimitExceeded"), "{}", run.both());
    assert_eq!(Tree::read(&there).files().len(), BUILDS);
    let kinds = user.account.census(&REGIONS).kinds();
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        [("image", BUILDS), ("snapshot", BUILDS)]
    );
    let calls = endpoint.calls();
    let throttled = calls.iter().filter(|call| call.status == Some(503)).count();
    assert!(throttled > BUILDS, "{throttled} calls were throttled");
    user.kilnbox.left_nothing();
    println!(
        "{BUILDS} builds in {} regions: {:.1} s, {:.1} s of processor time, {:.1} MiB at the peak, {:.1} calls a build, \
         {throttled} of them throttled",
        REGIONS.len(),
        usage.wall,
        usage.cpu,
        usage.peak as f64 / f64::from(1 << 20),
        calls.len() as f64 / BUILDS as f64,
    );
}

/// Processor time of a process so far, in ticks of 10 ms.
fn ticks(id: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("it runs");
    let fields = stat.rsplit_once(')').expect("its name is in parentheses").1;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    fields[11..=12]
        .iter()
        .map(|field| field.parse::<u64>().expect("a number"))
        .sum()
}

#[test]
fn waiting_takes_next_to_no_processor_time() {
    const WAIT: Duration = Duration::from_secs(8);
    let cloud = Cloud::start();
    let user = User::of(cloud.account());
    let endpoint = user.account.endpoint(Plan::new().images_pend(WAIT));
    let template = json!({ "builders": [endpoint.builder("us-east-1", "Slow")] });
    user.write("template.json", &template.to_string());
    let mut command = user.command(&endpoint, &["build", "template.json"]);
    // As often as by default, and not as the other suites have it.
    command.env_remove("AWS_POLL_DELAY_SECONDS");
    let running = User::start(&endpoint, command);
    let calls_of = |action: &str| {
        let calls = endpoint.calls();
        calls.iter().filter(|call| call.action == action).count()
    };
    until("the image to be asked for", LIMIT, || {
        (calls_of("CreateImage") > 0).then_some(())
    });
    let (begun, begin) = (std::time::Instant::now(), ticks(running.id()));
    let asked = calls_of("DescribeImages");
    std::thread::sleep(WAIT - Duration::from_secs(1));
    let used = (ticks(running.id()) - begin) as f64 / 100.0 / begun.elapsed().as_secs_f64();
    let asked = calls_of("DescribeImages") - asked;
    running.finish().succeeded();
    println!(
        "waiting for an image: {:.2} % of a core, {asked} calls in {} s",
        used * 100.0,
        (WAIT.as_secs() - 1)
    );
    assert!(used < 0.02, "{:.2} % of a core", used * 100.0);
}
