//! The communicator against a real OpenSSH server.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "clippy knows tests by their attribute, and the bed's functions have none"
)]

mod bed;
mod instance;
mod transfers;

use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
    process::{Command as Program, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bed::{Bed, keygen, run, until};
use cap_std::{ambient_authority, fs::Dir};
use kilnbox_engine::{Command, Communicator, CommunicatorError, Exit, NoProgress, Output, Process, Upload};
use kilnbox_ssh::{AgentAuth, ConnectError, SshCommunicator, SshOptions};
use serde_json::json;

fn dir(path: &Path) -> Dir {
    Dir::open_ambient_dir(path, ambient_authority()).unwrap()
}

async fn refusal(options: Arc<SshOptions>) -> ConnectError {
    SshCommunicator::connect("127.0.0.1", options).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_end_as_they_end() {
    let bed = Bed::start();
    let ssh = bed.connect().await;
    let (out, err, exit) = run(&ssh, Command::line("echo out; echo err >&2; exit 7")).await;
    assert_eq!(
        (out.as_slice(), err.as_slice(), exit),
        (&b"out\n"[..], &b"err\n"[..], Exit::Code(7))
    );
    let (_, _, exit) = run(&ssh, Command::line("kill -SEGV $$")).await;
    assert_eq!(exit, Exit::Signal("SEGV".to_owned()));
    let env = vec![("A".to_owned(), "it's $HOME\n".to_owned())];
    let (out, ..) = run(
        &ssh,
        Command {
            line: "printf %s \"$A\"".to_owned(),
            env,
            ..Command::default()
        },
    )
    .await;
    assert_eq!(out, b"it's $HOME\n");
    let (out, ..) = run(
        &ssh,
        Command {
            line: "tty".to_owned(),
            pty: true,
            ..Command::default()
        },
    )
    .await;
    assert!(out.starts_with(b"/dev/pts/"), "{out:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn input_reaches_the_command() {
    let bed = Bed::start();
    let ssh = bed.connect().await;
    let command = Command {
        line: "wc -c".to_owned(),
        stdin: true,
        ..Command::default()
    };
    let mut process = ssh.start(command).await.unwrap();
    let mut left = bytes::Bytes::from(vec![b'x'; 3_000_000]);
    while !left.is_empty() {
        let taken = process.write_stdin(left.clone()).await.unwrap();
        left = left.slice(taken..);
    }
    process.close_stdin().await.unwrap();
    assert_eq!(process.next().await.unwrap(), Output::Stdout("3000000\n".into()));
    assert_eq!(process.next().await.unwrap(), Output::Exited(Exit::Code(0)));

    // A command that ends early must not leave the writer waiting for room.
    let command = Command {
        line: "true".to_owned(),
        stdin: true,
        ..Command::default()
    };
    let mut process = ssh.start(command).await.unwrap();
    let chunk = bytes::Bytes::from(vec![b'x'; 32 * 1024]);
    let begun = Instant::now();
    while process.write_stdin(chunk.clone()).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    assert_eq!(process.next().await.unwrap(), Output::Exited(Exit::Code(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_session_is_lost_and_the_next_command_connects_again() {
    let bed = Bed::start();
    let ssh = bed.connect().await;
    let mut process = ssh.start(Command::line("echo ready; sleep 60")).await.unwrap();
    assert_eq!(process.next().await.unwrap(), Output::Stdout("ready\n".into()));
    bed.kill_sessions();
    assert_eq!(process.next().await.unwrap(), Output::Exited(Exit::Lost));
    let (out, ..) = run(&ssh, Command::line("echo back")).await;
    assert_eq!(out, b"back\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn output_nobody_reads_holds_up_the_command_and_nothing_else() {
    let bed = Bed::start();
    let ssh = bed.connect().await;
    let done = bed.path("done");
    let line = format!("head -c 67108864 /dev/zero; touch {}", done.display());
    let mut process = ssh.start(Command::line(line)).await.unwrap();
    assert!(matches!(process.next().await.unwrap(), Output::Stdout(_)));
    // Another command and a transfer pass by the one that stands still.
    for _ in 0..3 {
        assert_eq!(run(&ssh, Command::line("echo by")).await.0, b"by\n");
        ssh.remove(bed.path("missing").to_str().unwrap()).await.unwrap();
    }
    assert!(
        !done.exists(),
        "64 MiB fit nowhere, so the command cannot be through"
    );
    let mut total = 0;
    loop {
        match process.next().await.unwrap() {
            Output::Stdout(bytes) => total += bytes.len(),
            Output::Stderr(bytes) => panic!("{bytes:?}"),
            Output::Exited(exit) => break assert_eq!(exit, Exit::Code(0)),
        }
    }
    assert!(total > 60 * 1024 * 1024 && done.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_process_ends_the_command() {
    let bed = Bed::start();
    let ssh = bed.connect().await;
    let mut process = ssh
        .start(Command::line("echo $$; while echo tick; do sleep 0.05; done"))
        .await
        .unwrap();
    let Output::Stdout(first) = process.next().await.unwrap() else {
        panic!()
    };
    let id = String::from_utf8(first.to_vec())
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    let alive = || Path::new("/proc").join(&id).exists();
    assert!(alive());
    drop(process);
    until("the command ended", || !alive());
}

/// Starts `script`, which says its process id first, and returns that with the command.
async fn started(ssh: &SshCommunicator, script: &str) -> (String, Box<dyn Process>) {
    let mut process = ssh.start(Command::line(script)).await.unwrap();
    let Output::Stdout(first) = process.next().await.unwrap() else {
        panic!()
    };
    (
        String::from_utf8(first.to_vec()).unwrap().trim().to_owned(),
        process,
    )
}

fn alive(id: &str) -> bool {
    Path::new("/proc").join(id).exists()
}

/// Neither reads nor writes, so that the server alone would let it go on.
#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_silent_process_ends_it_and_no_other() {
    let bed = Bed::start();
    let ssh = bed.connect().await;
    let (other, kept) = started(&ssh, "echo $$; exec sleep 1000").await;
    let (left, mut daemon) = started(&ssh, "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!").await;
    assert_eq!(daemon.next().await.unwrap(), Output::Exited(Exit::Code(0)));
    drop(daemon);
    for script in [
        "echo $$; exec sleep 1000",
        "echo $$; trap '' TERM; while :; do sleep 1000; done",
        "sleep 1000 & echo $!; wait",
    ] {
        let (id, process) = started(&ssh, script).await;
        assert!(alive(&id));
        drop(process);
        until("the command ended", || !alive(&id));
    }
    assert!(alive(&other), "the sweep ended another command");
    assert!(
        alive(&left),
        "the sweep ended what a finished command left running"
    );
    drop(kept);
    ssh.close().await;
    assert!(!alive(&other), "closing waits for the end");
    std::process::Command::new("kill").arg(&left).status().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_paths_arrive_as_they_are() {
    for bed in [Bed::start(), Bed::with("")] {
        let ssh = bed.connect().await;
        for name in [
            "a b",
            "it's",
            "$HOME",
            "two\nlines",
            "-rf",
            "`id`",
            "back\\slash",
            "é",
            "\"q\"",
        ] {
            let path = bed.path(name);
            let to = path.to_str().unwrap();
            let content = name.repeat(1000);
            let upload = Upload {
                content: &mut content.as_bytes(),
                size: None,
                mode: None,
            };
            assert_eq!(
                ssh.upload(to, upload, &NoProgress).await.unwrap(),
                content.len() as u64
            );
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o644);
            let upload = Upload {
                content: &mut &b"new"[..],
                size: Some(3),
                mode: Some(0o4750),
            };
            ssh.upload(to, upload, &NoProgress).await.unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o4750);
            let mut back = Vec::new();
            assert_eq!(ssh.download(to, &mut back, &NoProgress).await.unwrap(), 3);
            assert_eq!(back, b"new");
            ssh.remove(to).await.unwrap();
            assert!(!path.exists());
            ssh.remove(to).await.unwrap();
        }
        let missing = bed.path("no/such/folder");
        let upload = Upload {
            content: &mut &b"x"[..],
            size: None,
            mode: None,
        };
        let error = ssh
            .upload(missing.to_str().unwrap(), upload, &NoProgress)
            .await
            .unwrap_err();
        assert!(matches!(error, CommunicatorError::Remote { .. }), "{error:?}");
        let error = ssh.remove("a\0b").await.unwrap_err();
        assert!(error.to_string().contains("NUL"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_survives_both_ways() {
    let bed = Bed::start();
    let ssh = bed.connect().await;
    let content: Vec<u8> = (0..20_000_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let path = bed.path("large");
    let upload = Upload {
        content: &mut content.as_slice(),
        size: None,
        mode: None,
    };
    ssh.upload(path.to_str().unwrap(), upload, &NoProgress)
        .await
        .unwrap();
    assert!(fs::read(&path).unwrap() == content);
    let mut back = Vec::new();
    ssh.download(path.to_str().unwrap(), &mut back, &NoProgress)
        .await
        .unwrap();
    assert!(back == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn trees_survive_both_ways() {
    let bed = Bed::start();
    let ssh = bed.connect().await;
    let odd = std::ffi::OsStr::from_bytes(b"bad\xff name\n");
    let from = bed.path("from");
    fs::create_dir_all(from.join("deep/er")).unwrap();
    fs::write(from.join("deep/er").join(odd), "content").unwrap();
    fs::write(from.join("tool"), "#!/bin/sh").unwrap();
    fs::set_permissions(from.join("tool"), PermissionsExt::from_mode(0o750)).unwrap();
    fs::set_permissions(from.join("deep"), PermissionsExt::from_mode(0o711)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", from.join("out")).unwrap();
    assert!(
        Program::new("mkfifo")
            .arg(from.join("pipe"))
            .status()
            .unwrap()
            .success()
    );

    let there = bed.path("the're/a b");
    let bytes = ssh
        .upload_tree(there.to_str().unwrap(), &dir(&from), "from", &NoProgress)
        .await
        .unwrap();
    assert_eq!(bytes, 16);
    let back = bed.path("back");
    fs::create_dir(&back).unwrap();
    let bytes = ssh
        .download_tree(there.to_str().unwrap(), &dir(&back), &NoProgress)
        .await
        .unwrap();
    assert_eq!(bytes, 16);
    for copy in [&there, &back] {
        assert_eq!(
            fs::read_to_string(copy.join("deep/er").join(odd)).unwrap(),
            "content"
        );
        assert_eq!(
            fs::metadata(copy.join("tool")).unwrap().permissions().mode() & 0o7777,
            0o750
        );
        assert_eq!(
            fs::metadata(copy.join("deep")).unwrap().permissions().mode() & 0o7777,
            0o711
        );
        assert_eq!(fs::read_link(copy.join("out")).unwrap(), Path::new("/etc/passwd"));
        assert!(!copy.join("pipe").exists());
        let seconds = |path: &Path| {
            let modified = fs::metadata(path).unwrap().modified().unwrap();
            modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
        };
        assert_eq!(seconds(&copy.join("tool")), seconds(&from.join("tool")));
    }
    let error = ssh
        .download_tree("/no/such", &dir(&back), &NoProgress)
        .await
        .unwrap_err();
    assert!(matches!(error, CommunicatorError::Remote { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_logins_say_what_was_tried() {
    let bed = Bed::start();
    keygen(&bed.path("other"), "");
    let more = json!({ "ssh_private_key_file": bed.path("other"), "ssh_password": "wrong-pass", "ssh_handshake_attempts": 1 });
    let error = refusal(bed.options(more)).await.to_string();
    for part in [
        "authentication error",
        &format!("root@127.0.0.1:{}", bed.port),
        "publickey",
        "password",
    ] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains("wrong-pass"), "{error}");
}

#[test]
fn an_encrypted_key_is_a_problem_of_the_template() {
    let folder = tempfile::tempdir().unwrap();
    keygen(&folder.path().join("locked"), "passphrase");
    let options = kilnbox_engine::Options {
        json: json!({ "ssh_username": "root", "ssh_private_key_file": "locked" }),
        build_name: "test".to_owned(),
        working_dir: folder.path().to_owned(),
        template_dir: None,
        force: false,
        templates: Arc::new(kilnbox_engine::NoTemplates),
    };
    let problems = SshOptions::prepare(&options).unwrap_err();
    assert!(
        problems[0].message.contains("encrypted with a passphrase"),
        "{problems:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_ends_within_its_timeout() {
    let mut bed = Bed::start();
    bed.stop();
    let begun = Instant::now();
    let error = refusal(bed.options(json!({ "ssh_timeout": "3s" }))).await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(
        error.to_string().starts_with("Timeout waiting for SSH."),
        "{error}"
    );
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_logs_in() {
    let bed = Bed::start();
    let socket = bed.path("agent");
    let mut agent = Program::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("the agent listens", || socket.exists());
    let mut options = SshOptions::clone(&bed.options(json!({ "ssh_handshake_attempts": 1 })));
    options.private_key = None;
    options.agent = AgentAuth::Socket(socket.clone());
    let error = refusal(Arc::new(options.clone())).await.to_string();
    assert!(error.contains("holds no keys"), "{error}");
    let added = Program::new("ssh-add")
        .arg("-q")
        .arg(bed.path("key"))
        .env("SSH_AUTH_SOCK", &socket)
        .status();
    assert!(added.unwrap().success());
    let connected = SshCommunicator::connect("127.0.0.1", Arc::new(options)).await;
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(
        run(&connected.unwrap(), Command::line("echo in")).await.0,
        b"in\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_sessions_run_at_once() {
    let bed = Bed::start();
    let ssh = Arc::new(bed.connect().await);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let ssh = ssh.clone();
        tasks.spawn(async move {
            (
                n,
                run(&*ssh, Command::line(format!("sleep 0.2; echo {n}"))).await.0,
            )
        });
    }
    let mut ended = 0;
    while let Some(task) = tasks.join_next().await {
        let (n, out) = task.unwrap();
        assert_eq!(out, format!("{n}\n").into_bytes());
        ended += 1;
    }
    assert_eq!(ended, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn reconnects_after_a_reboot() {
    let mut bed = Bed::start();
    let ssh = bed.connect().await;
    bed.restart();
    ssh.reconnect(Duration::from_secs(20)).await.unwrap();
    assert_eq!(run(&ssh, Command::line("echo up")).await.0, b"up\n");
    ssh.close().await;
    assert!(ssh.start(Command::line("true")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_key_is_refused() {
    let mut bed = Bed::start();
    let ssh = bed.connect().await;
    bed.change_host_key();
    let error = ssh
        .reconnect(Duration::from_secs(20))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("host key") && error.contains("changed"), "{error}");
}
