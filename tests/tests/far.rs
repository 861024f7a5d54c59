//! An instance that is far away gets the same as one that is near.
//!
//! How bytes travel depends on the round trip: over SFTP, as a command's input, or in a command line. None of that may
//! be seen in what arrives.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use kilnbox_tests::{Finished, Kilnbox, Node, SshBed, Tree, relay};
use serde_json::{Value as Json, json};

const ROUND_TRIP: Duration = Duration::from_millis(40);

/// Files by what is special about them; with their modes.
const FILES: [(&str, &[u8], u32); 9] = [
    ("plain", b"plain\n", 0o644),
    (
        "script",
        b"#!/bin/sh\necho \"$HOME\" 'it''s' `id` %s %d \\n !!\n",
        0o755,
    ),
    ("dashes", b"-n -e", 0o644),
    ("white", b"\t\r\n\n  ", 0o644),
    ("empty", b"", 0o644),
    ("latin", b"\xe9t\xe9\n", 0o644),
    ("zero", b"a\0b\n", 0o644),
    ("secret", b"password\n", 0o600),
    ("setuid", b"program\n", 0o4755),
];

#[test]
fn files_arrive_as_over_a_near_connection() {
    let bed = SshBed::start();
    let far = relay(bed.port(), ROUND_TRIP);
    let local = bed.local();
    for (name, content, mode) in FILES {
        write(&local.join(name), content, mode);
    }
    let text = "a line of text\n".repeat(1 << 20);
    for (name, size) in [("16 KiB", 16 << 10), ("32 KiB", 32 << 10), ("33 KiB", 33 << 10)] {
        write(&local.join(name), &text.as_bytes()[..size], 0o644);
    }
    let provisioners: Vec<Json> = Tree::read(&local)
        .names()
        .into_iter()
        .map(|name| json!({ "type": "file", "source": name, "destination": bed.instance().join(&name) }))
        .collect();

    let [near, far] = [bed.port(), far].map(|port| {
        fs::remove_dir_all(bed.instance()).expect("the bed made it");
        fs::create_dir(bed.instance()).expect("a folder can be made");
        // What stands there is replaced.
        write(&bed.instance().join("plain"), b"something longer", 0o640);
        build(&bed, port, &provisioners);
        Tree::read(&bed.instance())
    });

    assert_eq!(near.differences(&far), Vec::<String>::new());
    for (name, content, mode) in FILES {
        let expected = Node::File {
            mode,
            content: content.to_vec(),
        };
        assert_eq!(far.get(name), Some(&expected), "{name}");
    }
}

#[test]
fn an_account_without_a_shell_gets_files_too() {
    let bed = SshBed::with("ForceCommand internal-sftp\n");
    write(&bed.local().join("plain"), b"plain\n", 0o644);
    write(&bed.local().join("secret"), b"x", 0o600);
    let steps = ["plain", "secret"]
        .map(|name| json!({ "type": "file", "source": name, "destination": bed.instance().join(name) }));
    build(&bed, relay(bed.port(), ROUND_TRIP), &steps);
    assert_eq!(
        Tree::read(&bed.instance()).differences(&Tree::read(&bed.local())),
        Vec::<String>::new()
    );
}

#[test]
fn what_cannot_be_written_is_told_as_over_a_near_connection() {
    let bed = SshBed::start();
    write(&bed.local().join("plain"), b"plain\n", 0o644);
    write(&bed.instance().join("file"), b"in the way\n", 0o644);
    let step = json!({ "type": "file", "source": "plain", "destination": bed.instance().join("file/plain") });
    let [near, far] = [bed.port(), relay(bed.port(), ROUND_TRIP)].map(|port| {
        let run = attempt(&bed, port, std::slice::from_ref(&step)).exited(1);
        let told = run.stderr.lines().find(|line| line.starts_with("--> null: "));
        told.unwrap_or_else(|| panic!("no error in\n{}", run.both()))
            .to_owned()
    });
    assert_eq!(near, far);
    assert!(
        near.ends_with("on the instance: no such file or directory"),
        "{near}"
    );
}

#[test]
fn a_script_runs_and_its_secrets_are_in_no_command_line() {
    let bed = SshBed::start();
    let instance = bed.instance();
    let lines = instance.join("lines").display().to_string();
    let answer = instance.join("answer").display().to_string();
    let stop = instance.join("stop").display().to_string();
    let stopped = instance.join("stopped").display().to_string();
    // Looks at every command line there is until it is told to stop.
    let watch = format!(
        "(until [ -e {stop} ]; do cat /proc/[0-9]*/cmdline; done 2>/dev/null | tr '\\0' ' ' >{lines}
         touch {stopped}) </dev/null >/dev/null 2>&1 &"
    );
    write(&bed.local().join("watch.sh"), watch.as_bytes(), 0o755);
    let script = json!({
        "type": "shell",
        "inline": [format!("printf %s \"$TOKEN\" > {answer}")],
        "environment_vars": ["TOKEN=it's a $ecret"],
        "use_env_var_file": true,
    });
    let watch = json!({ "type": "shell", "script": "watch.sh" });
    let wait = format!("touch {stop}; until [ -e {stopped} ]; do sleep 0.02; done");
    let wait = json!({ "type": "shell", "inline": [wait] });
    build(&bed, relay(bed.port(), ROUND_TRIP), &[watch, script, wait]);

    let read = |path: &str| fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(read(&answer), "it's a $ecret");
    let seen =
        String::from_utf8_lossy(&fs::read(&lines).expect("the watcher wrote what it saw")).into_owned();
    assert!(seen.contains("varfile_"), "the watcher saw no upload:\n{seen}");
    assert!(
        !seen.contains("a $ecret"),
        "the secret was in a command line:\n{seen}"
    );
}

fn build(bed: &SshBed, port: u16, provisioners: &[Json]) {
    attempt(bed, port, provisioners).succeeded();
}

fn attempt(bed: &SshBed, port: u16, provisioners: &[Json]) -> Finished {
    let mut builder = bed.builder();
    builder["ssh_port"] = json!(port);
    let template = json!({ "builders": [builder], "provisioners": provisioners });
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("template.json");
    write(&path, template.to_string().as_bytes(), 0o644);
    let path = path.to_str().expect("plain names");
    let kilnbox = Kilnbox::new();
    let run = kilnbox.run(&bed.local(), &["build", path]);
    kilnbox.left_nothing();
    run
}

fn write(path: &Path, content: &[u8], mode: u32) {
    fs::write(path, content).expect("a file can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode can be set");
}
