//! What a step on `rootfs` cannot do to this machine, and what `kill -9` leaves of it after `kilnbox gc`: nothing.
//!
//! Each step tries, and writes what came of it to `/report` in the image; the test reads the image.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use kilnbox_tests::{Finished, Image, Kilnbox, Running, Tree, needs_root, processes, until};
use nix::sys::signal::Signal;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A container starts within this, on a machine busy with other suites.
const STARTED: Duration = Duration::from_secs(60);

/// What is in this machine's environment and must stay here.
const SECRET: (&str, &str) = ("KILNBOX_TEST_SECRET", "of-the-host-alone");

/// A build on `rootfs`.
struct Trial {
    kilnbox: Kilnbox,
    folder: TempDir,
}

impl Trial {
    fn new() -> Self {
        needs_root("it plants files in /root and /home and looks at what a root process could reach");
        let folder = TempDir::with_prefix("kilnbox-test-rootfs-").expect("a temporary folder can be made");
        Self {
            kilnbox: Kilnbox::new(),
            folder,
        }
    }

    fn start(&self, builder: &Json, provisioners: &Json) -> Running {
        let mut full = json!({ "type": "rootfs", "output": "image.tar" });
        full.as_object_mut()
            .expect("an object")
            .extend(builder.as_object().expect("an object").clone());
        let template = json!({ "builders": [full], "provisioners": provisioners });
        fs::write(self.folder.path().join("template.json"), template.to_string())
            .expect("a template can be written");
        let mut command = self.kilnbox.command(self.folder.path());
        command
            .env(SECRET.0, SECRET.1)
            .args(["build", "-color=false", "template.json"]);
        Running::start(command)
    }

    fn run(&self, provisioners: &Json) -> Finished {
        self.start(&json!({}), provisioners).finish()
    }

    /// Runs a script to its end and returns the files that it wrote to `/report`.
    fn report(&self, script: &str) -> BTreeMap<String, String> {
        self.report_of(&json!({}), script)
    }

    fn report_of(&self, builder: &Json, script: &str) -> BTreeMap<String, String> {
        // `set +e`: a trial that is refused is what the script is for.
        let inline = format!("set +e; mkdir /report; cd /report\n{script}\ntrue");
        self.start(builder, &json!([{ "type": "shell", "inline": [inline] }]))
            .finish()
            .succeeded();
        self.kilnbox.left_nothing();
        Image::read(&self.image())
            .newest_layer()
            .into_iter()
            .filter_map(|(name, entry)| {
                let name = name.strip_prefix("report/")?.to_owned();
                Some((name, String::from_utf8_lossy(&entry.content).into_owned()))
            })
            .collect()
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image.tar")
    }
}

/// A folder with a file in it, somewhere on this machine, gone when dropped.
fn planted(parent: &str) -> (TempDir, PathBuf) {
    fs::create_dir_all(parent).expect("root can make it");
    let folder = tempfile::Builder::new()
        .prefix("kilnbox-test-")
        .tempdir_in(parent)
        .expect("root can write anywhere");
    let file = folder.path().join("file");
    fs::write(&file, SECRET.1).expect("a file can be written");
    (folder, file)
}

#[test]
fn homes_cannot_be_read() {
    let trial = Trial::new();
    let homes = [
        planted("/root"),
        planted("/home"),
        planted("/var/tmp"),
        planted("/tmp"),
    ];
    let tries: String = homes
        .iter()
        .map(|(_, file)| format!("cat {} >> homes\n", file.display()))
        .collect();
    let report = trial.report(&format!(
        "touch homes\n{tries}ls -A /root > root; ls -A /home > home"
    ));
    assert_eq!(report["homes"], "");
    assert_eq!(report["root"], "", "in /root");
    assert_eq!(report["home"], "", "in /home");
}

#[test]
fn password_hashes_and_keys_cannot_be_read() {
    let trial = Trial::new();
    let report = trial.report(
        "for name in shadow shadow- gshadow sudoers machine-id; do cat /etc/$name > $name; done; find /etc/ssh -name '*_key' > keys",
    );
    for name in ["shadow", "shadow-", "gshadow", "sudoers", "machine-id"] {
        let ours = fs::read_to_string(Path::new("/etc").join(name)).unwrap_or_default();
        assert!(
            ours.is_empty() || report[name] != ours,
            "/etc/{name} of this machine was read"
        );
    }
    assert_eq!(report["keys"], "");
}

#[test]
fn environment_cannot_be_read() {
    let trial = Trial::new();
    let report =
        trial.report("env > env; cat /proc/[0-9]*/environ > environ; cat /proc/[0-9]*/cmdline > processes");
    for (name, text) in &report {
        assert!(
            !text.contains(SECRET.1) && !text.contains(SECRET.0),
            "{name}: {text}"
        );
        let state = trial.kilnbox.state();
        assert!(
            !text.contains(state.to_str().expect("a plain path")),
            "{name} names a folder of this machine: {text}"
        );
    }
    assert!(
        report["env"].contains("PACKER_BUILD_NAME=rootfs"),
        "{}",
        report["env"]
    );
}

#[test]
fn network_is_out_of_reach() {
    let trial = Trial::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let port = listener.local_addr().expect("bound").port();
    let call =
        format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' && echo reached > call || echo refused > call");
    let look = "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' > devices";
    let report = trial.report(&format!("{call}\n{look}"));
    assert_eq!(report["call"], "refused\n");
    assert_eq!(report["devices"], "lo\n");

    // The same call gets through on request, so the refusal above was not for another reason.
    let asked = Trial::new();
    assert_eq!(
        asked.report_of(&json!({ "network": "host" }), &call)["call"],
        "reached\n"
    );
}

#[test]
fn devices_cannot_be_used() {
    let trial = Trial::new();
    let report = trial.report(
        "touch tried; mknod disk b 7 0; mknod memory c 1 1; mknod kmsg c 1 11
         for device in disk memory kmsg; do [ -e $device ] && head -c 1 $device >> tried && echo read $device >> tried; done
         rm -f disk memory kmsg; ls /dev > dev",
    );
    assert_eq!(report["tried"], "");
    for name in ["sda", "vda", "loop0", "mem", "kmsg", "kvm"] {
        assert!(
            !report["dev"].lines().any(|line| line == name),
            "/dev/{name} is in the container"
        );
    }
}

#[test]
fn mounts_and_kernel_settings_cannot_be_changed() {
    let trial = Trial::new();
    let settings = [
        "/proc/sys/kernel/hostname",
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/proc/sys/vm/overcommit_memory",
    ];
    let before = settings.map(|name| fs::read_to_string(name).ok());
    let report = trial.report(&format!(
        "touch written
         for file in {}; do (echo 0 > $file) 2>/dev/null && echo $file >> written; done
         mount -t proc none /mnt && echo proc >> written; mount -t sysfs none /mnt && echo sysfs >> written
         mount -o remount,rw /sys && echo sys >> written; mount -o remount,rw /proc/sys && echo proc-sys >> written
         umount /proc/sys && echo unmasked >> written
         ls /sys/kernel/debug > debug; ls -A /proc/1/root/home > home-of-1
         find /sys/fs/cgroup -maxdepth 1 -name cgroup.procs -writable > cgroup",
        settings.join(" "),
    ));
    assert_eq!(report["written"], "");
    assert_eq!(report["home-of-1"], "");
    assert_eq!(report["cgroup"], "");
    assert_eq!(
        settings.map(|name| fs::read_to_string(name).ok()),
        before,
        "settings of this machine"
    );
}

#[test]
fn planted_links_lead_nowhere_outside() {
    let trial = Trial::new();
    let (folder, file) = planted("/srv");
    let at = folder.path().display();
    fs::write(trial.folder.path().join("evil"), "evil").expect("a file can be written");
    let link = |script: &str| json!({ "type": "shell", "inline": [script] });
    // Transfers through links, each in a run of its own, since one may be refused. What counts is this machine.
    for (plant, transfer) in [
        (
            format!("ln -s {at} /link"),
            json!({ "type": "file", "source": "evil", "destination": "/link/evil" }),
        ),
        (
            format!("ln -s {} /link", file.display()),
            json!({ "type": "file", "source": "evil", "destination": "/link" }),
        ),
        (
            format!("ln -s ../../../../../..{at} /link"),
            json!({ "type": "file", "source": "evil", "destination": "/link/evil" }),
        ),
        (
            format!("ln -s /proc/1/root{at} /link"),
            json!({ "type": "file", "source": "evil", "destination": "/link/evil" }),
        ),
        (
            format!("ln -s {} /link", file.display()),
            json!({ "type": "file", "direction": "download", "source": "/link", "destination": "got" }),
        ),
        (
            format!("mkdir /tree; ln -s {at} /tree/link"),
            json!({ "type": "file", "direction": "download", "source": "/tree/", "destination": "got-tree" }),
        ),
    ] {
        let run = trial.run(&json!([link(&plant), transfer]));
        assert_eq!(
            Tree::read(folder.path()).names(),
            ["file"],
            "after `{plant}`\n{}",
            run.both()
        );
        assert_eq!(
            fs::read_to_string(&file).expect("it is there"),
            SECRET.1,
            "after `{plant}`"
        );
        for name in ["got", "got-tree/link/file"] {
            let got = fs::read_to_string(trial.folder.path().join(name)).unwrap_or_default();
            assert!(
                !got.contains(SECRET.1),
                "a file of this machine was downloaded after `{plant}`"
            );
        }
        let _ = fs::remove_file(trial.image());
        trial.kilnbox.left_nothing();
    }
}

#[test]
fn image_holds_no_link_or_device_of_the_trial_outside_the_root() {
    let trial = Trial::new();
    trial.report("ln -s /etc/shadow link; mkfifo pipe");
    let layer = Image::read(&trial.image()).newest_layer();
    assert_eq!(
        layer["report/link"].target.as_deref(),
        Some(Path::new("/etc/shadow")),
        "kept as a link, not followed"
    );
    let absolute: Vec<_> = layer
        .keys()
        .filter(|name| name.starts_with('/') || name.split('/').any(|part| part == ".."))
        .collect();
    assert!(absolute.is_empty(), "{absolute:?}");
}

/// A duration that no other process sleeps, so that the step's processes can be told from all others.
fn unique_sleep(number: u32) -> String {
    format!("sleep 7{:06}{number}", process::id())
}

/// Starts a build that waits in its step, and returns when it does.
fn waiting(trial: &Trial, sleep: &str) -> Running {
    let build = trial.start(
        &json!({}),
        &json!([{ "type": "shell", "inline": ["touch /here", format!("{sleep} & {sleep}")] }]),
    );
    until("the step to wait", STARTED, || {
        (processes::with_command_line(sleep).len() >= 2).then_some(())
    });
    build
}

/// Asserts that nothing of the run is left on this machine.
fn nothing_is_left(trial: &Trial, sleep: &str) {
    until("the step's processes to end", STARTED, || {
        processes::with_command_line(sleep).is_empty().then_some(())
    });
    trial.kilnbox.left_nothing();
    assert_eq!(
        Tree::read(trial.folder.path()).names(),
        ["template.json"],
        "beside the template"
    );
}

#[test]
fn gc_finishes_what_kill_9_left() {
    let trial = Trial::new();
    let sleep = unique_sleep(1);
    let build = waiting(&trial, &sleep);
    build.signal(Signal::SIGKILL);
    drop(build);
    trial.kilnbox.run(trial.folder.path(), &["gc"]).succeeded();
    nothing_is_left(&trial, &sleep);
    // A second one finds nothing.
    trial.kilnbox.run(trial.folder.path(), &["gc"]).succeeded();
}

#[test]
fn gc_leaves_a_living_run_alone() {
    let trial = Trial::new();
    let sleep = unique_sleep(2);
    let build = waiting(&trial, &sleep);
    trial.kilnbox.run(trial.folder.path(), &["gc"]).succeeded();
    assert!(
        !processes::with_command_line(&sleep).is_empty(),
        "gc ended a run that lives"
    );
    build.signal(Signal::SIGINT);
    build.finish_within(STARTED).exited(1);
    nothing_is_left(&trial, &sleep);
}

#[test]
fn interrupt_leaves_nothing() {
    let trial = Trial::new();
    let sleep = unique_sleep(3);
    let build = waiting(&trial, &sleep);
    build.signal(Signal::SIGINT);
    build
        .finish_within(STARTED)
        .exited(1)
        .says("Cleanly cancelled builds after being interrupted.");
    nothing_is_left(&trial, &sleep);
}

#[test]
fn failure_leaves_nothing() {
    let trial = Trial::new();
    let sleep = unique_sleep(4);
    trial
        .run(&json!([{ "type": "shell", "inline": [format!("{sleep} & exit 9")] }]))
        .exited(1);
    nothing_is_left(&trial, &sleep);
}
