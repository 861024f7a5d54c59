//! Whatever ends a build of `amazon-ebs`, and whenever: after `kilnbox gc` the account has what the build reported, no more.
//!
//! A clean build tells which calls change something. Then there is a run for each of them and each thing that can go
//! wrong with it, in an account of its own, followed by `gc`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::{Duration, Instant},
};

use kilnbox_tests::{
    Finished, Tree,
    ec2::{Account, Cloud, Endpoint, Fault, Plan, Refusal, User},
    side_by_side, until,
};
use nix::sys::signal::Signal;
use serde_json::{Value as Json, json};

const REGION: &str = "us-east-1";
const OTHER: &str = "us-west-2";

/// No run of one build takes longer.
const LIMIT: Duration = Duration::from_secs(120);

/// What a whole suite of them may take on two cores.
const BUDGET: Duration = Duration::from_secs(600);

/// Fewer runs would mean that calls are missed.
const RUNS: usize = 200;

/// A kind of template, by what it adds to the builder.
struct Kind {
    name: &'static str,
    options: Json,
}

fn kinds() -> Vec<Kind> {
    let kind = |name, options| Kind { name, options };
    vec![
        kind("plain", json!({})),
        kind(
            "encrypted copy",
            json!({ "encrypt_boot": true, "ami_regions": [OTHER], "tags": { "color": "green" } }),
        ),
        kind(
            "spot",
            json!({ "spot_price": "auto", "spot_instance_types": ["m3.medium"], "instance_type": null }),
        ),
        kind(
            "instance profile",
            json!({ "temporary_iam_instance_profile_policy_document": {
                "Version": "2012-10-17",
                "Statement": [{ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"] }],
            } }),
        ),
        kind(
            "devices",
            json!({
                "launch_block_device_mappings": [{ "device_name": "/dev/sdb", "volume_size": 1, "volume_type": "gp2" }],
                "ami_block_device_mappings": [{ "device_name": "/dev/sdc", "volume_size": 1, "volume_type": "gp2" }],
                "run_tags": { "purpose": "building" },
                "run_volume_tags": { "purpose": "building" },
                "tags": { "color": "green" },
                "snapshot_tags": { "color": "green" },
            }),
        ),
    ]
}

/// Faults with their name in the table, of which some may come together.
type Faults = Vec<(&'static str, Vec<Fault>)>;

/// What leaves the rest to `gc`, or to the clean-up of a build that does not know what its last call did.
fn endings() -> Faults {
    let signal = |signal| vec![Fault::After(signal)];
    vec![
        ("killed before", vec![Fault::Before(Signal::SIGKILL)]),
        ("killed after", signal(Signal::SIGKILL)),
        // What was made is not known everywhere yet when `gc` looks for it.
        (
            "killed, unknown",
            vec![Fault::Unknown(2), Fault::After(Signal::SIGKILL)],
        ),
        ("interrupted", signal(Signal::SIGINT)),
        ("lost", vec![Fault::Lose]),
    ]
}

/// What a build may live through, or end orderly.
fn troubles() -> Faults {
    vec![
        ("cut", vec![Fault::Cut]),
        ("throttled", vec![Fault::Refuse(Refusal::throttled())]),
        ("internal", vec![Fault::Refuse(Refusal::internal())]),
        ("unauthorized", vec![Fault::Refuse(Refusal::unauthorized())]),
        ("unknown", vec![Fault::Unknown(2)]),
        ("late", vec![Fault::Delay(Duration::from_millis(300))]),
    ]
}

fn template(endpoint: &Endpoint, kind: &Kind, script: &str) -> Json {
    let mut builder = endpoint.builder(REGION, &format!("Leak {}", kind.name));
    let options = builder.as_object_mut().expect("it is an object");
    for (name, value) in kind.options.as_object().into_iter().flatten() {
        options.insert(name.clone(), value.clone());
    }
    options.retain(|_, value| !value.is_null());
    json!({ "builders": [builder], "provisioners": [{ "type": "shell", "inline": [script] }] })
}

/// The images that a build says it made, as region and identifier.
fn reported(run: &Finished) -> BTreeSet<(String, String)> {
    let lines = run
        .stdout
        .split("AMIs were created:")
        .nth(1)
        .unwrap_or_default()
        .lines();
    lines
        .filter_map(|line| line.split_once(": "))
        .filter(|(_, image)| image.starts_with("ami-"))
        .map(|(region, image)| (region.trim().to_owned(), image.trim().to_owned()))
        .collect()
}

/// What is in the account beyond the images of this run with their snapshots, and what of these is missing.
fn wrong(account: &Account, run: &Finished) -> Vec<String> {
    let mut expected = BTreeSet::new();
    for (region, image) in reported(run) {
        let described = account.ask(&region, "DescribeImages", &[("ImageId.1", &image)]);
        let snapshots = described.split("<snapshotId>").skip(1);
        for snapshot in snapshots.filter_map(|rest| rest.split('<').next()) {
            expected.insert(format!("{region} snapshot {snapshot}"));
        }
        expected.insert(format!("{region} image {image}"));
    }
    let census = account.census(&[REGION, OTHER]);
    let found: BTreeSet<_> = census.things().map(ToString::to_string).collect();
    let more = found.difference(&expected).map(|thing| format!("left: {thing}"));
    let less = expected
        .difference(&found)
        .map(|thing| format!("missing: {thing}"));
    more.chain(less).collect()
}

/// One run: which template, which call, which fault.
struct Run<'a> {
    kind: &'a Kind,
    number: usize,
    action: String,
    fault: (&'static str, Vec<Fault>),
}

impl Run<'_> {
    /// Builds, removes, and tells what is wrong then, with all that was printed.
    fn play(&self, cloud: &Cloud) -> Option<String> {
        let user = User::of(cloud.account());
        let plan = self.fault.1.iter().cloned();
        let plan = plan.fold(Plan::new(), |plan, fault| plan.at(self.number, fault));
        let endpoint = user.account.endpoint(plan);
        let run = user
            .start_build(&endpoint, &template(&endpoint, self.kind, "true"))
            .finish_within(LIMIT);
        let befell = endpoint
            .calls()
            .iter()
            .any(|call| call.number == Some(self.number));
        let gc = user.gc(&user.account.endpoint(Plan::new()));
        let mut wrong = wrong(&user.account, &run);
        if !befell {
            wrong.push("the call was not made".to_owned());
        }
        // A run that is interrupted while it cleans up has its image all the same, and says so.
        if run.status.success() == reported(&run).is_empty() && self.fault.0 != "interrupted" {
            wrong.push(format!("{} does not fit what it says", run.status));
        }
        if !gc.status.success() {
            wrong.push(format!("gc: {}", gc.status));
        }
        let journals: Vec<_> = Tree::read(&user.kilnbox.state())
            .files()
            .into_iter()
            .filter(|name| !name.ends_with(".lock"))
            .collect();
        if !journals.is_empty() {
            wrong.push(format!("journals after gc: {journals:?}"));
        }
        (!wrong.is_empty()).then(|| {
            let (fault, ..) = self.fault;
            format!(
                "{}, {} {}, {fault}: {wrong:#?}\n{}gc:\n{}",
                self.kind.name,
                self.number,
                self.action,
                run.both(),
                gc.both()
            )
        })
    }
}

/// The calls of a build that change something, in their order.
fn effects(cloud: &Cloud, kind: &Kind) -> Vec<String> {
    let user = User::of(cloud.account());
    let endpoint = user.account.endpoint(Plan::new());
    let run = user
        .build(&endpoint, &template(&endpoint, kind, "true"))
        .succeeded();
    assert_eq!(wrong(&user.account, &run), Vec::<String>::new(), "{}", run.both());
    assert!(!reported(&run).is_empty(), "{}", run.both());
    let calls = endpoint.calls();
    let effects = calls.into_iter().filter(|call| call.number.is_some());
    effects.map(|call| call.action).collect()
}

#[test]
fn every_call_and_every_fault() {
    let begun = Instant::now();
    let cloud = Cloud::start();
    let kinds = kinds();
    let faults: Faults = endings().into_iter().chain(troubles()).collect();
    let mut runs = Vec::new();
    for kind in &kinds {
        for (number, action) in effects(&cloud, kind).into_iter().enumerate() {
            // One kind tells how a call's trouble is taken; how it ends depends on what there is to remove.
            let of = if kind.name == "plain" { &faults } else { &endings() };
            runs.extend(of.iter().map(|fault| Run {
                kind,
                number,
                action: action.clone(),
                fault: fault.clone(),
            }));
        }
    }
    let results = Mutex::new(BTreeMap::new());
    let problems = side_by_side(&runs, |run| {
        let problem = run.play(&cloud);
        if let Some(problem) = &problem {
            eprintln!("{problem}\n");
        }
        let at = (run.kind.name, run.number, run.fault.0);
        results
            .lock()
            .expect("no holder panics")
            .insert(at, problem.is_some());
        problem
    });
    let results = results.into_inner().expect("no holder panics");
    print_table(&runs, &results, &faults);
    println!("{:.0} s", begun.elapsed().as_secs_f64());
    println!("{} runs, {} leaked", runs.len(), problems.len());
    assert!(problems.is_empty());
    assert!(runs.len() >= RUNS, "too few runs");
    assert!(begun.elapsed() < BUDGET, "too slow");
}

/// A row for each call, a column for each fault.
fn print_table(runs: &[Run<'_>], results: &BTreeMap<(&str, usize, &str), bool>, faults: &Faults) {
    print!("{:<48}", "");
    for (name, _) in faults {
        print!(" {name:>15}");
    }
    println!();
    let rows: BTreeSet<_> = runs
        .iter()
        .map(|run| (run.kind.name, run.number, &run.action))
        .collect();
    for (kind, number, action) in rows {
        print!("{:<48}", format!("{kind}, {number:>2} {action}"));
        for (fault, _) in faults {
            let cell = match results.get(&(kind, number, fault)) {
                Some(false) => "clean",
                Some(true) => "WRONG",
                None => "",
            };
            print!(" {cell:>15}");
        }
        println!();
    }
}

/// What another run holds is not rubbish, whoever sweeps.
#[test]
fn gc_leaves_a_build_alone_that_still_runs() {
    let cloud = Cloud::start();
    let user = User::of(cloud.account());
    let kind = Kind {
        name: "plain",
        options: json!({}),
    };
    let there = cloud.machine().instance();
    let (begun, go) = (there.join("begun"), there.join("go"));
    let script = format!(
        "touch '{}'; while [ ! -e '{}' ]; do sleep 0.1; done",
        begun.display(),
        go.display()
    );

    let endpoint = user.account.endpoint(Plan::new());
    let mut slow = template(&endpoint, &kind, &script);
    slow["builders"][0]["ami_name"] = "Slow".into();
    let slow = user.start_build(&endpoint, &slow);
    until("the slow build's step", LIMIT, || begun.exists().then_some(()));

    let doomed = user
        .account
        .endpoint(Plan::new().on("RunInstances", Fault::After(Signal::SIGKILL)));
    let killed = user.build(&doomed, &template(&doomed, &kind, "true"));
    assert!(killed.status.code().is_none(), "{}", killed.both());
    let instances = |account: &Account| {
        let kinds = account.census(&[REGION]).kinds();
        kinds.get("instance").copied().unwrap_or_default()
    };
    assert_eq!(instances(&user.account), 2);

    user.gc(&user.account.endpoint(Plan::new())).succeeded();
    assert_eq!(instances(&user.account), 1, "the one of the build that runs");
    std::fs::write(&go, "").expect("a file can be written");
    let run = slow.finish().succeeded();
    assert_eq!(wrong(&user.account, &run), Vec::<String>::new());
    assert_eq!(reported(&run).len(), 1);
    user.kilnbox.left_nothing();
}
