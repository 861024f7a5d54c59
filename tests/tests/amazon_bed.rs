//! The EC2 bed itself, proven with Packer: what the suites about `amazon-ebs` rely on.
//!
//! Each build has an account of its own. What Packer leaves behind when it is killed shows that the census sees it.

mod compared_with_packer {
    use std::{fs, path::Path};

    use kilnbox_tests::{
        Finished, Packer, Running,
        ec2::{Account, Call, Cloud, Endpoint, Fault, Plan, Refusal},
        side_by_side,
    };
    use nix::sys::signal::Signal;
    use serde_json::{Value as Json, json};
    use tempfile::TempDir;

    const REGION: &str = "ap-northeast-1";
    const OTHER: &str = "us-west-2";

    /// A build of Packer's, over.
    struct Built {
        run: Finished,
        account: Account,
        calls: Vec<Call>,
    }

    impl Built {
        /// Which calls changed something, in their order, repeated ones too.
        fn effects(&self) -> Vec<&str> {
            let effects = self.calls.iter().filter(|call| call.number.is_some());
            effects.map(|call| call.action.as_str()).collect()
        }

        /// How often an action was called.
        fn count(&self, action: &str) -> usize {
            self.calls.iter().filter(|call| call.action == action).count()
        }

        /// What the account has, each kind with its number.
        fn left(&self) -> String {
            let kinds = self.account.census(&[REGION, OTHER]).kinds();
            let kinds: Vec<_> = kinds
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            kinds.join(", ")
        }
    }

    fn write_template(cloud: &Cloud, endpoint: &Endpoint, options: &Json, folder: &Path) {
        let mut builder = endpoint.builder(REGION, "Bed {{isotime | clean_resource_name}}");
        let members = builder.as_object_mut().expect("it is an object");
        members.extend(options.as_object().cloned().into_iter().flatten());
        members.retain(|_, value| !value.is_null());
        let log = cloud.machine().instance().join("log");
        let template = json!({
            "builders": [builder],
            "provisioners": [{ "type": "shell", "inline": [format!("echo built >> {}", log.display())] }],
        });
        fs::write(folder.join("template.json"), template.to_string()).expect("a file can be written");
    }

    fn build(cloud: &Cloud, plan: Plan, options: &Json) -> Built {
        let account = cloud.account();
        assert_eq!(account.census(&[REGION]).things().count(), 0, "of a new account");
        let endpoint = account.endpoint(plan);
        let folder = TempDir::with_prefix("kilnbox-test-bed-").expect("a temporary folder can be made");
        write_template(cloud, &endpoint, options, folder.path());
        let packer = Packer::new();
        let mut command = packer.command(folder.path());
        command
            .args(["build", "-color=false", "template.json"])
            .envs(endpoint.environment())
            .env("AWS_POLL_DELAY_SECONDS", "1");
        let running = Running::start(command);
        endpoint.client(running.id());
        let run = running.finish();
        Built {
            run,
            account,
            calls: endpoint.calls(),
        }
    }

    fn tagged() -> Json {
        json!({ "tags": { "color": "green" } })
    }

    const CLEAN: [&str; 10] = [
        "CreateKeyPair",
        "CreateSecurityGroup",
        "AuthorizeSecurityGroupIngress",
        "RunInstances",
        "StopInstances",
        "CreateImage",
        "CreateTags",
        "TerminateInstances",
        "DeleteSecurityGroup",
        "DeleteKeyPair",
    ];

    const IMAGE: &str = "1 image, 1 snapshot";

    #[test]
    fn a_build_leaves_an_image_and_nothing_else() {
        let cloud = Cloud::start();
        let built = build(&cloud, Plan::new(), &tagged());
        assert_eq!(built.run.status.code(), Some(0), "{}", built.run.both());
        assert_eq!(built.effects(), CLEAN);
        assert_eq!(built.left(), IMAGE);
        assert_eq!(
            fs::read_to_string(cloud.machine().instance().join("log"))
                .ok()
                .as_deref(),
            Some("built\n")
        );
        let log = cloud.machine().log();
        assert!(log.contains("Accepted publickey for"), "{log}");
        for call in &built.calls {
            assert_eq!(
                (call.status, call.region.as_str()),
                (Some(200), REGION),
                "{call:#?}"
            );
        }
        let run = built.calls.iter().find(|call| call.action == "RunInstances");
        let run = run.expect("it is among the effects");
        assert_eq!(run.parameter("InstanceType"), Some("m3.medium"));
        assert_eq!(run.values("SecurityGroupId.").len(), 1);
        // The temporary key lets nobody in any more.
        let authorized = cloud.machine().key().with_file_name("authorized");
        assert_eq!(fs::read_to_string(authorized).ok().as_deref(), Some(""));
    }

    /// A fault, and what must come of it.
    struct Case {
        name: &'static str,
        plan: Plan,
        code: Option<i32>,
        says: &'static str,
        left: &'static str,
        /// How often an action must have been called.
        count: (&'static str, usize),
    }

    #[test]
    fn every_fault_befalls_the_client() {
        let run = CLEAN
            .iter()
            .position(|action| *action == "RunInstances")
            .expect("it is there");
        let at = |fault| Plan::new().at(run, fault);
        let case = |name, plan, code, says, left, count| Case {
            name,
            plan,
            code,
            says,
            left,
            count,
        };
        let lost = "1 instance, 1 key pair, 1 network interface, 1 security group, 1 volume";
        let cases = [
            case(
                "throttled",
                at(Fault::Refuse(Refusal::throttled())),
                Some(0),
                "AMIs were created",
                IMAGE,
                ("RunInstances", 2),
            ),
            case(
                "internal error",
                at(Fault::Refuse(Refusal::internal())),
                Some(0),
                "AMIs were created",
                IMAGE,
                ("RunInstances", 2),
            ),
            case(
                "cut",
                at(Fault::Cut),
                Some(0),
                "AMIs were created",
                IMAGE,
                ("RunInstances", 2),
            ),
            // The second call carries the same token: one instance, or another would be left.
            case(
                "lost",
                at(Fault::Lose),
                Some(0),
                "AMIs were created",
                IMAGE,
                ("RunInstances", 2),
            ),
            case(
                "killed before",
                at(Fault::Before(Signal::SIGKILL)),
                None,
                "Launching",
                "1 key pair, 1 security group",
                ("RunInstances", 1),
            ),
            case(
                "killed after",
                at(Fault::After(Signal::SIGKILL)),
                None,
                "Launching",
                lost,
                ("RunInstances", 1),
            ),
            case(
                "interrupted",
                at(Fault::After(Signal::SIGINT)),
                Some(1),
                "Cleanly cancelled builds",
                "",
                ("TerminateInstances", 1),
            ),
            case(
                "not there yet",
                Plan::new().on("CreateImage", Fault::Unknown(1)),
                Some(0),
                "AMIs were created",
                IMAGE,
                ("CreateImage", 1),
            ),
            case(
                "credentials",
                Plan::new().on("DescribeImages", Fault::Refuse(Refusal::credentials())),
                Some(1),
                "AuthFailure: AWS was not able to validate the provided access credentials",
                "",
                ("CreateKeyPair", 0),
            ),
            case(
                "quota",
                Plan::new().on(
                    "RunInstances",
                    Fault::Refuse(Refusal::new(400, "InstanceLimitExceeded", "No more")),
                ),
                Some(1),
                "InstanceLimitExceeded: No more",
                "",
                ("RunInstances", 1),
            ),
            case(
                "death at boot",
                Plan::new().instances_die("Client.VolumeLimitExceeded: Volume limit exceeded"),
                Some(1),
                "Volume limit exceeded",
                "",
                ("RunInstances", 1),
            ),
        ];
        let cloud = Cloud::start();
        let problems = side_by_side(&cases, |case| {
            let built = build(&cloud, case.plan.clone(), &tagged());
            let (action, times) = case.count;
            let found = (built.run.status.code(), built.left(), built.count(action));
            let right =
                found == (case.code, case.left.to_owned(), times) && built.run.both().contains(case.says);
            (!right).then(|| {
                let effects = built.effects();
                format!("{}: {found:?}\n{effects:?}\n{}", case.name, built.run.both())
            })
        });
        assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    }

    #[test]
    fn copies_spot_instances_and_devices() {
        let cloud = Cloud::start();
        let copied = build(
            &cloud,
            Plan::new(),
            &json!({ "encrypt_boot": true, "ami_regions": [OTHER] }),
        );
        assert_eq!(copied.left(), "2 image, 2 snapshot", "{}", copied.run.both());
        assert_eq!(copied.count("CopyImage"), 2);

        let spot =
            json!({ "spot_price": "auto", "spot_instance_types": ["m3.medium"], "instance_type": null });
        let spot = build(&cloud, Plan::new(), &spot);
        assert_eq!(spot.left(), IMAGE, "{}", spot.run.both());
        assert_eq!(spot.count("CreateFleet"), 1);

        let device = json!({ "device_name": "/dev/sdb", "volume_size": 1, "volume_type": "gp2" });
        let device = build(
            &cloud,
            Plan::new(),
            &json!({ "launch_block_device_mappings": [device] }),
        );
        // Packer leaves the volume that is not deleted with its instance.
        assert_eq!(
            device.left(),
            "1 image, 1 snapshot, 1 volume",
            "{}",
            device.run.both()
        );
    }
}
