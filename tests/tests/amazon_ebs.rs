//! `amazon-ebs` as a user sees it: the example, the same template beside Packer, errors, and secrets.
//!
//! EC2 is moto behind an endpoint that sees every call, and the instance is an OpenSSH server of this machine that lets
//! in who holds a key pair of the account; see `kilnbox_tests::ec2`.

use std::fs;

use kilnbox_tests::{
    Finished, Tree,
    ec2::{Account, Call, Cloud, Endpoint, Fault, Plan, Refusal, SOURCE_AMI, User},
    repository, side_by_side,
};
use nix::sys::signal::Signal;
use regex::Regex;
use serde_json::{Value as Json, json};

const REGION: &str = "ap-northeast-1";

/// Text without what differs from run to run.
fn normal(text: &str) -> String {
    const UUID: &str = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    [
        (UUID, "UUID"),
        (
            r"\b(ami|i|vol|snap|sg|vpc|subnet|eni|r)-[0-9a-f]{17}\b",
            "${1}-ID",
        ),
        (r"after (\d+ [a-z]+ ?)+", "after TIME"),
        (r"\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\dZ", "DATE"),
        (r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d( UTC)?", "DATE"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"port \d+", "port PORT"),
        (r"(lookup address information): [\w ]+", "$1: REASON"),
        ("SHA256:[A-Za-z0-9+/]{43}", "SHA256:DIGEST"),
        (r"\b\d+ attempts", "N attempts"),
        (r"/tmp/[\w./-]+", "/tmp/PATH"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (pattern, with)| {
        let pattern = Regex::new(pattern).expect("a pattern");
        pattern.replace_all(&text, *with).into_owned()
    })
}

/// What a run has printed. The source image is told from the others.
fn printed(run: &Finished) -> String {
    normal(&run.both().replace(SOURCE_AMI, "SOURCE"))
}

/// What the account has, as lines such as `1 image`.
fn left(account: &Account) -> String {
    let kinds = account.census(&[REGION]).kinds();
    let kinds: Vec<_> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    kinds.join(", ")
}

const IMAGE: &str = "1 image, 1 snapshot";

/// The identifier of the one image of the account.
fn image(account: &Account) -> String {
    let census = account.census(&[REGION]);
    let image = census.things().find(|thing| thing.kind == "image");
    image.expect("there is one").id.clone()
}

fn builder_with(endpoint: &Endpoint, options: &Json) -> Json {
    let mut builder = endpoint.builder(REGION, "Image {{isotime | clean_resource_name}}");
    let members = builder.as_object_mut().expect("it is an object");
    members.extend(options.as_object().cloned().into_iter().flatten());
    members.retain(|_, value| !value.is_null());
    builder
}

#[test]
fn the_example() {
    let cloud = Cloud::start();
    let user = User::of(cloud.account());
    let endpoint = user.account.endpoint(Plan::new());
    let template = repository().join("examples/amazon-ansible/template.json");
    let motd = cloud.machine().instance().join("motd");
    let mut command = user.command(&endpoint, &["build", "-color=false"]);
    for variable in [
        format!("source_ami={SOURCE_AMI}"),
        "ssh_host=127.0.0.1".to_owned(),
        format!("ssh_port={}", cloud.machine().port()),
        format!(
            "ssh_username={}",
            cloud.machine().builder()["ssh_username"]
                .as_str()
                .expect("a name")
        ),
        format!("motd={}", motd.display()),
    ] {
        command.args(["-var", &variable]);
    }
    command.arg(template);
    let run = User::start(&endpoint, command).finish().succeeded();

    let greeting = fs::read_to_string(motd).expect("the playbook wrote it");
    assert_eq!(greeting, "Built by amazon-ebs with Kilnbox.\n");
    assert_eq!(left(&user.account), IMAGE);
    let manifest = fs::read_to_string(user.path("manifest.json")).expect("the post-processor wrote it");
    let manifest: Json = serde_json::from_str(&manifest).expect("it is JSON");
    let build = &manifest["builds"][0];
    assert_eq!(build["artifact_id"], format!("{REGION}:{}", image(&user.account)));
    assert_eq!(build["builder_type"], "amazon-ebs");
    user.kilnbox.left_nothing();
    insta::assert_snapshot!("example", printed(&run));
}

mod compared_with_packer {
    use super::*;
    use kilnbox_tests::{Packer, Running};
    use std::collections::{BTreeMap, BTreeSet};

    /// Calls of Kilnbox's that Packer does not make, and what they are for.
    const MORE: &[(&str, &str)] = &[
        (
            "GetConsoleOutput",
            "SSH takes the host keys that the instance shows there and no others; Packer takes any",
        ),
        (
            "ImportKeyPair",
            "the private key is made here and never travels; Packer's `CreateKeyPair` sends it over the network",
        ),
    ];

    fn template(endpoint: &Endpoint, machine: &std::path::Path) -> Json {
        let options = json!({
            "ami_name": "Compared",
            "ami_description": "Made from {{ .SourceAMI }}",
            "tags": { "color": "green", "base": "{{ .SourceAMI }}" },
            "run_tags": { "purpose": "building" },
            "launch_block_device_mappings": [{
                "device_name": "/dev/sdb", "volume_size": 11, "volume_type": "gp2", "delete_on_termination": true,
            }],
            "ami_block_device_mappings": [{
                "device_name": "/dev/sdc", "volume_size": 12, "volume_type": "gp2", "delete_on_termination": true,
            }],
        });
        json!({
            "builders": [builder_with(endpoint, &options)],
            "provisioners": [{ "type": "shell", "inline": [format!("echo built >> {}/log", machine.display())] }],
        })
    }

    /// The calls in their order; polls that follow each other are one line.
    fn folded(calls: &[Call]) -> Vec<String> {
        let mut lines: Vec<(String, usize)> = Vec::new();
        for call in calls {
            match lines.last_mut() {
                Some((action, count)) if *action == call.action => *count += 1,
                _ => lines.push((call.action.clone(), 1)),
            }
        }
        lines
            .into_iter()
            .map(|(action, count)| {
                if count == 1 {
                    action
                } else {
                    format!("{action} x{count}")
                }
            })
            .collect()
    }

    /// What an image is to who uses it.
    fn effect(account: &Account, calls: &[Call]) -> Json {
        let answer = account.ask(REGION, "DescribeImages", &[("Owner.1", "self")]);
        let document = roxmltree::Document::parse(&answer).expect("it is XML");
        let text = |name: &str| {
            let found = document.descendants().find(|node| node.tag_name().name() == name);
            found.and_then(|node| node.text()).map(str::to_owned)
        };
        let tags: BTreeMap<_, _> = document
            .descendants()
            .filter(|node| node.tag_name().name() == "tagSet")
            .flat_map(|set| set.children())
            .filter_map(|tag| {
                let part = |name: &str| {
                    let found = tag.children().find(|node| node.tag_name().name() == name)?;
                    Some(found.text().unwrap_or_default().to_owned())
                };
                Some((part("key")?, part("value")?))
            })
            .filter(|(key, _)| key == "color" || key == "base")
            .collect();
        // moto keeps neither the description's change nor the devices of an image: what was asked for is compared.
        let asked = |action: &str, begin: &str| {
            let call = calls
                .iter()
                .find(|call| call.action == action && call.status == Some(200));
            let call = call.unwrap_or_else(|| panic!("no {action} among {calls:#?}"));
            let devices: BTreeSet<_> = call
                .parameters
                .iter()
                .filter(|(name, _)| name.starts_with(begin))
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            devices
        };
        json!({
            "name": text("name"),
            "tags": tags,
            "launched with": asked("RunInstances", "BlockDeviceMapping."),
            "imaged with": asked("CreateImage", "BlockDeviceMapping."),
            "instance type": asked("RunInstances", "InstanceType"),
            "source": asked("RunInstances", "ImageId"),
            "regions": calls.iter().map(|call| call.region.clone()).collect::<BTreeSet<_>>(),
        })
    }

    #[test]
    fn the_calls_of_a_build() {
        let cloud = Cloud::start();
        let machine = cloud.machine().instance();

        let peer = cloud.account();
        let endpoint = peer.endpoint(Plan::new());
        let user = User::of(cloud.account());
        user.write("template.json", &template(&endpoint, &machine).to_string());
        let packer = Packer::new();
        let mut command = packer.command(user.folder());
        command
            .args(["build", "-color=false", "template.json"])
            .envs(endpoint.environment());
        let running = Running::start(command);
        endpoint.client(running.id());
        running.finish().succeeded();
        let by_packer = endpoint.calls();

        let endpoint = user.account.endpoint(Plan::new());
        user.build(&endpoint, &template(&endpoint, &machine)).succeeded();
        let by_kilnbox = endpoint.calls();

        let (left_column, right_column) = (folded(&by_packer), folded(&by_kilnbox));
        println!("{:<44} Kilnbox", "Packer");
        for index in 0..left_column.len().max(right_column.len()) {
            let at = |column: &[String]| column.get(index).cloned().unwrap_or_default();
            println!("{:<44} {}", at(&left_column), at(&right_column));
        }
        println!("{:<44} {}", by_packer.len(), by_kilnbox.len());

        assert_eq!(effect(&user.account, &by_kilnbox), effect(&peer, &by_packer));
        assert_eq!(left(&user.account), left(&peer));
        let kinds =
            |calls: &[Call]| -> BTreeSet<String> { calls.iter().map(|call| call.action.clone()).collect() };
        let (kilnbox, packer) = (kinds(&by_kilnbox), kinds(&by_packer));
        let more: BTreeSet<_> = kilnbox.difference(&packer).map(String::as_str).collect();
        let explained: BTreeSet<_> = MORE.iter().map(|(action, _)| *action).collect();
        assert_eq!(more, explained, "calls that Packer does not make");
        for (action, reason) in MORE {
            println!("{action}: {reason}");
        }
    }
}

/// Something that does not work, what AWS says to it, and what was there before.
struct Case {
    name: &'static str,
    plan: Plan,
    options: Json,
    before: fn(&Account),
}

fn case(name: &'static str, plan: Plan, options: Json) -> Case {
    Case {
        name,
        plan,
        options,
        before: |_| {},
    }
}

#[test]
fn errors() {
    let cloud = Cloud::start();
    let stranger = cloud.machine().stranger_key().with_extension("pub");
    let stranger = fs::read_to_string(stranger).expect("the bed made it");
    let refuse = |action, status, code, message: &str| {
        Plan::new().on(action, Fault::Refuse(Refusal::new(status, code, message)))
    };
    let quota = "Your quota allows for 0 more running instance(s). You requested at least 1";
    let mut cases = vec![
        case(
            "wrong_credentials",
            Plan::new().each(1, Fault::Refuse(Refusal::credentials())),
            json!({}),
        ),
        // Its name in the DNS is not there.
        case(
            "wrong_region",
            Plan::new(),
            json!({ "region": "ap-nowhere-1", "custom_endpoint_ec2": null, "max_retries": 1 }),
        ),
        case(
            "wrong_image",
            Plan::new(),
            json!({ "source_ami": "ami-00000000000000000" }),
        ),
        // moto has other words for it.
        case(
            "wrong_instance_type",
            refuse(
                "RunInstances",
                400,
                "InvalidParameterValue",
                "Invalid value 'm3.enormous' for InstanceType.",
            ),
            json!({ "instance_type": "m3.enormous" }),
        ),
        case(
            "quota",
            refuse("RunInstances", 400, "InstanceLimitExceeded", quota),
            json!({}),
        ),
        case(
            "unauthorized",
            Plan::new().on("CreateSecurityGroup", Fault::Refuse(Refusal::unauthorized())),
            json!({}),
        ),
        case("name_taken", Plan::new(), json!({ "ami_name": "taken" })),
        // The discard port: nothing listens there.
        case(
            "ssh_never_up",
            Plan::new(),
            json!({ "ssh_port": 9, "ssh_timeout": "2s" }),
        ),
        // Who answers is not who the console shows.
        case(
            "another_machine",
            Plan::new().console(format!(
                "-----BEGIN SSH HOST KEY KEYS-----\r\n{stranger}-----END SSH HOST KEY KEYS-----\r\n"
            )),
            json!({ "ssh_timeout": "2s" }),
        ),
        case(
            "death_at_boot",
            Plan::new().instances_die("Client.VolumeLimitExceeded: Volume limit exceeded"),
            json!({}),
        ),
    ];
    for case in cases.iter_mut().filter(|case| case.name == "name_taken") {
        case.before = |account| drop(account.ask(REGION, "RegisterImage", &[("Name", "taken")]));
    }
    let results: Vec<_> = cases
        .iter()
        .map(|case| (case, std::sync::Mutex::new(String::new())))
        .collect();
    let problems = side_by_side(&results, |(case, result)| {
        let user = User::of(cloud.account());
        (case.before)(&user.account);
        let before = user.account.census(&[REGION]);
        let endpoint = user.account.endpoint(case.plan.clone());
        let template = json!({
            "builders": [builder_with(&endpoint, &case.options)],
            "provisioners": [{ "type": "shell", "inline": ["true"] }],
        });
        user.write("template.json", &template.to_string());
        let mut command = user.command(&endpoint, &["build", "-color=false", "template.json"]);
        if case.name == "wrong_region" {
            command.env_remove("AWS_ENDPOINT_URL");
        }
        let run = User::start(&endpoint, command).finish();
        *result.lock().expect("no holder panics") = printed(&run);
        let after = user.account.census(&[REGION]);
        user.kilnbox.left_nothing();
        let right = run.status.code() == Some(1) && after == before;
        (!right).then(|| {
            let left: Vec<_> = after.since(&before).iter().map(ToString::to_string).collect();
            format!("{}: {} and {left:#?}\n{}", case.name, run.status, run.both())
        })
    });
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    for (case, result) in results {
        let text = result.into_inner().expect("no holder panics");
        insta::assert_snapshot!(case.name, text);
    }
}

/// All that a user, or who comes after them, can read.
fn readable(user: &User, runs: &[&Finished]) -> Vec<(String, String)> {
    let mut texts: Vec<_> = runs
        .iter()
        .enumerate()
        .map(|(index, run)| (format!("run {index}"), run.both()))
        .collect();
    for folder in [
        user.folder().to_owned(),
        user.kilnbox.state(),
        user.kilnbox.temporary(),
    ] {
        let tree = Tree::read(&folder);
        for name in tree.files() {
            let bytes = fs::read(folder.join(&name)).expect("it was just listed");
            texts.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    texts
}

/// What must stand nowhere: credentials, what signs with them, and private keys in their usual forms.
const SECRETS: &[&str] = &[
    "bed/secret/access+key/of/forty+letters00",
    "bed%2Fsecret%2Faccess%2Bkey%2Fof%2Fforty%2Bletters00",
    "the+session/token+of+the+bed",
    "Signature=",
    "PRIVATE KEY",
    // `openssh-key-v1`, as every private key of OpenSSH begins.
    "b3BlbnNzaC1rZXktdjE",
];

#[test]
fn no_secret_is_readable_anywhere() {
    use std::os::unix::fs::PermissionsExt;

    let cloud = Cloud::start();
    let user = User::of(cloud.account());
    let refused = Plan::new().on("RunInstances", Fault::Refuse(Refusal::unauthorized()));
    let killed = Plan::new().on("RunInstances", Fault::After(Signal::SIGKILL));
    // The journal names the endpoint of its build: all of them stay up until `gc` has come.
    let endpoints = [Plan::new(), refused, killed].map(|plan| user.account.endpoint(plan));
    let build = |endpoint: &Endpoint| {
        let mut template = json!({
            "builders": [builder_with(endpoint, &json!({}))],
            "provisioners": [{ "type": "shell", "inline": ["true"] }],
            "post-processors": [{ "type": "manifest" }],
        });
        template["builders"][0]["ami_name"] = "Secret {{uuid}}".into();
        user.write("template.json", &template.to_string());
        let mut command = user.command(
            endpoint,
            &[
                "build",
                "--log-dir=logs",
                "--record=record.jsonl",
                "template.json",
            ],
        );
        command
            .env("AWS_SESSION_TOKEN", "the+session/token+of+the+bed")
            .env("KILNBOX_LOG", "trace");
        User::start(endpoint, command).finish()
    };
    let runs = endpoints.each_ref().map(build);
    let codes: Vec<_> = runs.iter().map(|run| run.status.code()).collect();
    assert_eq!(codes, [Some(0), Some(1), None], "{}", runs[0].both());

    let journals: Vec<_> = Tree::read(&user.kilnbox.state())
        .files()
        .into_iter()
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    assert!(!journals.is_empty(), "the killed build has a journal");
    for name in &journals {
        let file = fs::metadata(user.kilnbox.state().join(name)).expect("it was just listed");
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let endpoint = user.account.endpoint(Plan::new());
    let mut gc = user.command(&endpoint, &["gc"]);
    gc.env("KILNBOX_LOG", "trace");
    let before = readable(&user, &[]);
    let gc = User::start(&endpoint, gc).finish().succeeded();
    assert_eq!(left(&user.account), IMAGE, "{}", gc.both());

    let [built, refused, killed] = &runs;
    let mut texts = readable(&user, &[built, refused, killed, &gc]);
    texts.extend(before);
    // The logs are there: what is looked through is not nothing.
    for file in ["record.jsonl", "packer-manifest.json"] {
        assert!(texts.iter().any(|(name, _)| name == file), "{file}");
    }
    assert!(texts.iter().any(|(name, _)| name.starts_with("logs/")));
    assert!(built.stderr.contains("TRACE"), "{}", built.stderr);
    for (name, text) in &texts {
        for secret in SECRETS {
            assert!(!text.contains(secret), "`{secret}` in {name}:\n{text}");
        }
    }
}
