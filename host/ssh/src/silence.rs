//! Servers that say nothing any more, at every stage: each is left after a while, and the error says what was waited
//! for. A test of this crate, since the limits are shorter here than in the program.

#[path = "../tests/hostile_server/packets.rs"]
#[expect(dead_code, reason = "most of it is for the suite `hostile_server`")]
mod packets;
#[path = "../tests/hostile_server/server.rs"]
#[expect(dead_code, reason = "most of it is for the suite `hostile_server`")]
mod server;

use std::{future::pending, sync::Arc, time::Duration};

use cap_std::{ambient_authority, fs::Dir};
use kilnbox_engine::{Command, Communicator, CommunicatorError, Exit, NoProgress, Options, Output, Upload};
use packets::{FILE, FSTAT, OPEN, READ, READDIR, WRITE, attrs, lying};
use serde_json::json;
use server::{Behaviour, Running, Server, Silence};
use tokio::time::timeout;

use crate::{SshCommunicator, SshOptions};

const CLOSE: u8 = 4;
/// Longer than any limit here.
const WITHIN: Duration = Duration::from_secs(20);

async fn connect(server: &Server) -> Result<SshCommunicator, crate::ConnectError> {
    let options = Options {
        json: json!({
            "ssh_host": "127.0.0.1", "ssh_port": server.port, "ssh_username": "root", "ssh_password": "secret",
            "ssh_timeout": "6s",
        }),
        build_name: "test".to_owned(),
        working_dir: std::env::temp_dir(),
        template_dir: None,
        force: false,
        templates: Arc::new(kilnbox_engine::NoTemplates),
    };
    let options = Arc::new(SshOptions::prepare(&options).unwrap());
    SshCommunicator::connect("127.0.0.1", options).await
}

/// Connects to a server that behaves so, does `work` with it, and compares what comes of it.
async fn says<T: std::fmt::Debug>(
    behaviour: Behaviour,
    work: impl AsyncFnOnce(&SshCommunicator) -> Result<T, CommunicatorError>,
    expect: &str,
) {
    let server = Server::start(behaviour).await;
    let ssh = connect(&server).await.unwrap();
    let result = timeout(WITHIN, work(&ssh)).await.expect("it takes too long");
    assert_eq!(result.unwrap_err().to_string(), expect);
}

async fn run(ssh: &SshCommunicator) -> Result<Output, CommunicatorError> {
    ssh.start(Command::line("true")).await?.next().await
}

async fn download(ssh: &SshCommunicator) -> Result<u64, CommunicatorError> {
    ssh.download("/data", &mut Vec::new(), &NoProgress).await
}

async fn download_tree(ssh: &SshCommunicator) -> Result<u64, CommunicatorError> {
    let to = tempfile::tempdir().unwrap();
    let to = Dir::open_ambient_dir(to.path(), ambient_authority()).unwrap();
    ssh.download_tree("/data", &to, &NoProgress).await
}

async fn upload(ssh: &SshCommunicator) -> Result<u64, CommunicatorError> {
    let upload = Upload {
        content: &mut &[7; 20_000_000][..],
        size: None,
        mode: Some(0o600),
    };
    ssh.upload("/data", upload, &NoProgress).await
}

/// A program that neither reads nor writes.
async fn hang(running: Running) {
    let _kept = running;
    pending::<()>().await;
}

#[tokio::test]
async fn at_the_login() {
    let behaviour = Behaviour {
        silent: Silence::AtLogin,
        ..Behaviour::default()
    };
    let server = Server::start(behaviour).await;
    let error = timeout(WITHIN, connect(&server)).await.unwrap().unwrap_err();
    // The first attempt ended before the time was up.
    let text = error.to_string();
    assert!(text.contains("2 attempts were made"), "{text}");
    assert!(
        text.ends_with("the last cause is: the server did not answer the login"),
        "{text}"
    );
}

#[tokio::test]
async fn at_the_opening_of_a_channel() {
    let behaviour = Behaviour {
        silent: Silence::AtOpen,
        ..Behaviour::default()
    };
    let expect = "timed out after 2s while opening a session on the instance";
    says(behaviour, run, expect).await;
}

#[tokio::test]
async fn at_a_command() {
    let behaviour = Behaviour {
        silent: Silence::AtExec,
        ..Behaviour::default()
    };
    let expect = "timed out after 2s while waiting for the instance to run a command";
    says(behaviour, run, expect).await;
}

#[tokio::test]
async fn a_command_that_runs_may_be_silent() {
    let slow = Behaviour::default().exec(async |running: Running| {
        tokio::time::sleep(Duration::from_secs(6)).await;
        running.exit(0).await;
    });
    let server = Server::start(slow).await;
    let ssh = connect(&server).await.unwrap();
    assert_eq!(run(&ssh).await.unwrap(), Output::Exited(Exit::Code(0)));
}

#[tokio::test]
async fn at_the_greeting_of_sftp() {
    let mute = Behaviour::default().sftp(lying(|asked| (asked.kind == 1).then(Vec::new)));
    let expect = "timed out after 2s while opening a session on the instance";
    says(mute, download, expect).await;
}

#[tokio::test]
async fn at_a_request_about_a_file() {
    let expect = "timed out after 3s while waiting for an answer about `/data`";
    for kind in [OPEN, READ, CLOSE] {
        let mute = Behaviour::default().sftp(lying(move |asked| (asked.kind == kind).then(Vec::new)));
        says(mute, download, expect).await;
    }
    let mute = Behaviour::default().sftp(lying(|asked| (asked.kind == WRITE).then(Vec::new)));
    says(mute, upload, expect).await;
}

#[tokio::test]
async fn at_a_request_and_not_at_others_that_there_were_not() {
    let beside = Behaviour::default().sftp(lying(|asked| {
        (asked.kind == FSTAT).then(|| attrs(asked.id + 1000, FILE, 10))
    }));
    let expect = "timed out after 3s while waiting for an answer about `/data`";
    says(beside, download, expect).await;
}

#[tokio::test]
async fn at_a_listing() {
    let without_tar = Behaviour::default().exec(|running| running.exit(127));
    let mute = without_tar.sftp(lying(|asked| (asked.kind == READDIR).then(Vec::new)));
    let expect = "timed out after 3s while waiting for an answer about `/data`";
    says(mute, download_tree, expect).await;
}

#[tokio::test]
async fn at_a_transfer_by_a_program() {
    let expect =
        "timed out after 4s while waiting for the program on the instance that takes part in a transfer";
    says(Behaviour::default().exec(hang), download_tree, expect).await;
    // There is no room for the input of `cat`, ever.
    let full = Behaviour {
        window: Some(0),
        ..Behaviour::default()
    };
    says(full.exec(hang), upload, expect).await;
    // There is, but it does not end.
    says(
        Behaviour::default().exec(hang),
        async |ssh| {
            let upload = Upload {
                content: &mut &b"content"[..],
                size: None,
                mode: None,
            };
            ssh.upload("/data", upload, &NoProgress).await
        },
        expect,
    )
    .await;
}

#[tokio::test]
async fn at_the_end() {
    // Neither the command ends nor the script that is to end it.
    let behaviour = Behaviour {
        deaf: true,
        ..Behaviour::default()
    };
    let server = Server::start(behaviour.exec(hang)).await;
    let ssh = connect(&server).await.unwrap();
    drop(ssh.start(Command::line("true")).await.unwrap());
    timeout(Duration::from_secs(10), ssh.close())
        .await
        .expect("it takes too long");
}
