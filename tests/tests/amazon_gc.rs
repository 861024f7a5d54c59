//! `kilnbox gc --by-tag` at AWS: builds are killed, their journals are lost, and the account is clean again all the same.
//!
//! What has finished, what is somebody else's, and what may still be in use stays.

use std::{fs, time::Duration};

use kilnbox_tests::{
    Finished, Terminal,
    ec2::{Account, Census, Cloud, Endpoint, Fault, Plan, SOURCE_AMI, User},
    until,
};
use nix::sys::signal::Signal;
use serde_json::{Value as Json, json};

const REGION: &str = "us-east-1";
const OTHER: &str = "us-west-2";
const BOTH: [&str; 2] = [REGION, OTHER];

const LIMIT: Duration = Duration::from_secs(120);

/// Kinds of templates, by what they add to the builder, each with calls right after which its build is killed.
fn killed() -> Vec<(Json, &'static [&'static str])> {
    vec![
        (
            json!({}),
            &[
                "ImportKeyPair",
                "CreateSecurityGroup",
                "RunInstances",
                "StopInstances",
                "CreateImage",
            ],
        ),
        (
            json!({ "encrypt_boot": true, "ami_regions": [OTHER] }),
            &["CopyImage"],
        ),
        (
            json!({ "spot_price": "auto", "spot_instance_types": ["m3.medium"], "instance_type": null }),
            &["CreateLaunchTemplate", "CreateFleet"],
        ),
        (
            json!({ "temporary_iam_instance_profile_policy_document": {
                "Version": "2012-10-17",
                "Statement": [{ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"] }],
            } }),
            &[
                "CreateRole",
                "PutRolePolicy",
                "CreateInstanceProfile",
                "RunInstances",
            ],
        ),
        (
            json!({ "launch_block_device_mappings": [
                { "device_name": "/dev/sdb", "volume_size": 1, "volume_type": "gp2" },
            ] }),
            &["RunInstances", "CreateImage"],
        ),
    ]
}

fn template(endpoint: &Endpoint, name: &str, options: &Json, script: &str) -> Json {
    let mut builder = endpoint.builder(REGION, name);
    let fields = builder.as_object_mut().expect("it is an object");
    for (name, value) in options.as_object().into_iter().flatten() {
        fields.insert(name.clone(), value.clone());
    }
    fields.retain(|_, value| !value.is_null());
    json!({ "builders": [builder], "provisioners": [{ "type": "shell", "inline": [script] }] })
}

/// A build that is killed right after this call. Its journal goes with its user.
fn kill(account: &Account, options: &Json, call: &'static str) {
    let user = User::of(account.clone());
    let endpoint = account.endpoint(Plan::new().on(call, Fault::After(Signal::SIGKILL)));
    let run = user.build(
        &endpoint,
        &template(&endpoint, &format!("Killed {call} {{{{uuid}}}}"), options, "true"),
    );
    assert!(run.status.code().is_none(), "{call}: {}", run.both());
    fs::remove_dir_all(user.kilnbox.state()).expect("the folder is there");
}

fn build(account: &Account) {
    let user = User::of(account.clone());
    let endpoint = account.endpoint(Plan::new());
    user.build(&endpoint, &template(&endpoint, "Good", &json!({}), "true"))
        .succeeded();
}

/// `gc --by-tag` in both regions.
fn gc(user: &User, more: &[&str]) -> Finished {
    let arguments = [&["gc", "--by-tag", "--region", REGION, "--region", OTHER], more].concat();
    let endpoint = user.account.endpoint(Plan::new());
    User::start(&endpoint, user.command(&endpoint, &arguments)).finish_within(LIMIT)
}

/// Something that nobody says Kilnbox made.
fn somebodys(account: &Account) {
    account.ask(REGION, "CreateKeyPair", &[("KeyName", "kilnbox_mine")]);
    let group = [
        ("GroupName", "kilnbox_mine"),
        ("GroupDescription", "Temporary group of a Kilnbox build"),
    ];
    account.ask(REGION, "CreateSecurityGroup", &group);
    let volume = [("AvailabilityZone", "us-east-1a"), ("Size", "1")];
    account.ask(REGION, "CreateVolume", &volume);
}

/// An instance that a run elsewhere uses, by its tags.
fn of_a_run(account: &Account, run: &str) {
    let instance = [
        ("ImageId", SOURCE_AMI),
        ("MinCount", "1"),
        ("MaxCount", "1"),
        ("TagSpecification.1.ResourceType", "instance"),
        ("TagSpecification.1.Tag.1.Key", "kilnbox:state"),
        ("TagSpecification.1.Tag.1.Value", "running"),
        ("TagSpecification.1.Tag.2.Key", "kilnbox:run"),
        ("TagSpecification.1.Tag.2.Value", run),
    ];
    account.ask(REGION, "RunInstances", &instance);
}

fn more(account: &Account, before: &Census) -> Vec<String> {
    let now = account.census(&BOTH);
    now.since(before).into_iter().map(ToString::to_string).collect()
}

#[test]
fn what_killed_builds_left_goes_without_their_journals() {
    let cloud = Cloud::start();
    let account = cloud.account();
    build(&account);
    somebodys(&account);
    let before = account.census(&BOTH);
    for (options, calls) in killed() {
        for call in calls {
            let earlier = account.census(&BOTH);
            kill(&account, &options, call);
            assert!(!more(&account, &earlier).is_empty(), "{call}: nothing to remove");
        }
    }
    let user = User::of(account.clone());
    let run = gc(&user, &["--older-than", "1ms", "--yes"]);
    assert_eq!(more(&account, &before), Vec::<String>::new(), "{}", run.both());
    assert_eq!(
        account.census(&BOTH),
        before,
        "more than that went: {}",
        run.both()
    );
    run.succeeded();
    gc(&user, &["--older-than", "1ms", "--yes"])
        .succeeded()
        .says("nothing to do");
}

/// The copies are the user's once they are tagged so; the image they were copied from, all else, and the run's last words
/// are lost.
#[test]
fn what_has_finished_stays_though_its_build_was_killed() {
    let cloud = Cloud::start();
    let account = cloud.account();
    let options = json!({ "encrypt_boot": true, "ami_regions": [OTHER] });
    kill(&account, &options, "DeregisterImage");
    let user = User::of(account.clone());
    gc(&user, &["--older-than", "1ms", "--yes"]).succeeded();
    let kinds: Vec<_> = account.census(&BOTH).kinds().into_iter().collect();
    assert_eq!(kinds, [("image", 2), ("snapshot", 2)]);
}

#[test]
fn what_is_younger_than_asked_stays() {
    let cloud = Cloud::start();
    let account = cloud.account();
    of_a_run(&account, "elsewhere");
    kill(&account, &json!({}), "RunInstances");
    let before = account.census(&BOTH);
    let user = User::of(account.clone());
    gc(&user, &["--older-than", "1h", "--yes"])
        .succeeded()
        .says("nothing to do")
        .says("younger or still running, and left alone");
    assert_eq!(account.census(&BOTH), before);
}

#[test]
fn nothing_goes_without_an_age_and_somebody_who_agrees() {
    let cloud = Cloud::start();
    let account = cloud.account();
    let nothing = account.census(&BOTH);
    kill(&account, &json!({}), "RunInstances");
    let before = account.census(&BOTH);
    let user = User::of(account.clone());
    gc(&user, &["--yes"]).exited(2).says("--older-than");
    gc(&user, &["--older-than", "1ms"])
        .exited(1)
        .says("nobody is there to agree");
    gc(&user, &["--older-than", "1ms", "--dry-run"])
        .succeeded()
        .says("found instance i-")
        .says("found key pair kilnbox_")
        .says("found security group sg-")
        .says("would be removed");
    assert_eq!(account.census(&BOTH), before);

    let endpoint = account.endpoint(Plan::new());
    for (answer, after) in [("n\r", &before), ("y\r", &nothing)] {
        let command = user.command(
            &endpoint,
            &["gc", "--by-tag", "--older-than", "1ms", "--region", REGION],
        );
        let mut terminal = Terminal::start(command);
        terminal.wait_for("[y/N]", 1);
        terminal.press(answer);
        let (status, screen) = terminal.finish_with_screen();
        assert!(status.success(), "{screen}");
        assert_eq!(&account.census(&BOTH), after, "{screen}");
    }
}

#[test]
fn a_build_that_is_alive_is_left_alone() {
    let cloud = Cloud::start();
    let user = User::of(cloud.account());
    let there = cloud.machine().instance();
    let (begun, go) = (there.join("begun"), there.join("go"));
    let script = format!(
        "touch '{}'; while [ ! -e '{}' ]; do sleep 0.1; done",
        begun.display(),
        go.display()
    );
    let endpoint = user.account.endpoint(Plan::new());
    let alive = user.start_build(&endpoint, &template(&endpoint, "Alive", &json!({}), &script));
    until("the build's step", LIMIT, || begun.exists().then_some(()));
    let before = user.account.census(&BOTH);
    kill(&user.account, &json!({}), "RunInstances");
    assert_ne!(user.account.census(&BOTH), before);

    gc(&user, &["--older-than", "1ms", "--yes"])
        .succeeded()
        .says("left alone");
    assert_eq!(user.account.census(&BOTH), before);
    fs::write(&go, "").expect("a file can be written");
    alive.finish().succeeded();
}

/// moto gives a hundred instances on a page at most where nobody asks for more, and AWS a thousand.
#[test]
fn every_page_is_read() {
    const MANY: usize = 230;
    let cloud = Cloud::start();
    let account = cloud.account();
    for _ in 0..MANY {
        of_a_run(&account, "lost");
    }
    let user = User::of(account.clone());
    gc(&user, &["--older-than", "1ms", "--dry-run"])
        .succeeded()
        .says(&format!("{MANY} would be removed"));
}
