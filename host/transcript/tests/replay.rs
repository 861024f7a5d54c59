//! What a step does against a transcript, and what it is told when it goes another way.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and what they share has none"
)]

use std::time::Duration;

use bytes::Bytes;
use cap_std::{ambient_authority, fs::Dir};
use kilnbox_engine::{Command, Communicator, CommunicatorError, Exit, NoProgress, Output, Process, Upload};
use kilnbox_transcript::{Recorder, Replay, Transcript, parse};

fn transcript(text: &str) -> Transcript {
    parse(&format!("version = 1\n{text}")).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn replay(text: &str) -> Replay {
    Replay::new(transcript(text))
}

async fn upload(
    on: &dyn Communicator,
    to: &str,
    content: &str,
    mode: Option<u32>,
) -> Result<u64, CommunicatorError> {
    let mut content = content.as_bytes();
    let upload = Upload {
        size: Some(content.len() as u64),
        content: &mut content,
        mode,
    };
    on.upload(to, upload, &NoProgress).await
}

/// Runs a command to its end: its output, and how it ended.
async fn run(on: &dyn Communicator, command: Command) -> Result<(String, Exit), CommunicatorError> {
    end(on.start(command).await?).await
}

async fn end(mut process: Box<dyn Process>) -> Result<(String, Exit), CommunicatorError> {
    let mut said = String::new();
    loop {
        match process.next().await? {
            Output::Stdout(bytes) => said += &format!("out:{}", String::from_utf8_lossy(&bytes)),
            Output::Stderr(bytes) => said += &format!("err:{}", String::from_utf8_lossy(&bytes)),
            Output::Exited(exit) => return Ok((said, exit)),
        }
    }
}

/// The verdict as a person reads it, with the line of the file that it is about.
fn verdict(replay: &Replay, text: &str) -> String {
    let departure = replay.verdict().unwrap_err();
    let text = format!("version = 1\n{text}");
    let place = departure.at.map_or("at the end".to_owned(), |at| {
        format!("at `{}`", text[at].lines().nth(1).unwrap_or_default())
    });
    format!(
        "{place}: {}\n{}",
        departure.message,
        departure.hint.unwrap_or_default()
    )
}

#[tokio::test]
async fn a_step_that_does_what_is_expected() {
    let replay = replay(
        r#"
        [instance]
        user = "admin"
        arch = "aarch64"
        [[expect]]
        command = "uname -r"
        stdout = "6.1\n"
        stderr = "careful\n"
        exit = 3
        [[expect]]
        upload-matches = '^/tmp/x-\d+$'
        mode = "0600"
        content = "secret"
        [[expect]]
        download = "/etc/motd"
        content = { base64 = "AP8=" }
        [[expect]]
        command = "cat"
        stdin = "all of it"
        [[expect]]
        command = "reboot"
        lost = true
        [[expect]]
        reconnect = true
        [[expect]]
        remove = "/tmp/x-7"
        "#,
    );
    assert_eq!(replay.facts().user, "admin");
    assert_eq!(replay.facts().arch.as_deref(), Some("aarch64"));
    assert_eq!(
        run(&replay, Command::line("uname -r")).await.unwrap(),
        ("out:6.1\nerr:careful\n".to_owned(), Exit::Code(3))
    );
    assert_eq!(
        upload(&replay, "/tmp/x-7", "secret", Some(0o600)).await.unwrap(),
        6
    );
    let mut got = Vec::new();
    replay.download("/etc/motd", &mut got, &NoProgress).await.unwrap();
    assert_eq!(got, [0, 255]);
    let mut process = replay
        .start(Command {
            stdin: true,
            ..Command::line("cat")
        })
        .await
        .unwrap();
    process.write_stdin(Bytes::from_static(b"all of")).await.unwrap();
    process.write_stdin(Bytes::from_static(b" it")).await.unwrap();
    process.close_stdin().await.unwrap();
    assert_eq!(end(process).await.unwrap().1, Exit::Code(0));
    assert_eq!(run(&replay, Command::line("reboot")).await.unwrap().1, Exit::Lost);
    replay.reconnect(Duration::from_secs(1)).await.unwrap();
    replay.remove("/tmp/x-7").await.unwrap();
    assert_eq!(replay.verdict(), Ok(()));
}

#[tokio::test]
async fn another_command_is_shown_beside_the_expected_one() {
    let text = "[[expect]]\ncommand = \"install -m 0644 a b\"\n";
    let replay = replay(text);
    let error = run(&replay, Command::line("install -m 0600 a b"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not in the transcript"), "{error}");
    insta::assert_snapshot!(verdict(&replay, text));
}

#[tokio::test]
async fn an_upload_of_other_content_is_shown_line_by_line() {
    let text = "[[expect]]\nupload = \"/etc/x\"\ncontent = \"a\\nb\\n\"\n";
    let replay = replay(text);
    upload(&replay, "/etc/x", "a\nc", None).await.unwrap_err();
    insta::assert_snapshot!(verdict(&replay, text));
}

#[tokio::test]
async fn a_wrong_mode_is_said() {
    let text = "[[expect]]\nupload = \"/etc/x\"\nmode = 0o600\n";
    let replay = replay(text);
    upload(&replay, "/etc/x", "", Some(0o644)).await.unwrap_err();
    insta::assert_snapshot!(verdict(&replay, text));
}

#[tokio::test]
async fn something_else_entirely() {
    let text = "[[expect]]\nreconnect = true\n";
    let replay = replay(text);
    replay.remove("/etc/passwd").await.unwrap_err();
    insta::assert_snapshot!(verdict(&replay, text));
}

#[tokio::test]
async fn what_comes_after_the_end() {
    let replay = replay("");
    run(&replay, Command::line("id")).await.unwrap_err();
    insta::assert_snapshot!(verdict(&replay, ""));
}

#[tokio::test]
async fn what_does_not_come() {
    let text = "[[expect]]\ncommand-matches = \"^id\"\n";
    insta::assert_snapshot!(verdict(&replay(text), text));
}

#[tokio::test]
async fn wrong_standard_input_is_found_at_the_end_of_the_command() {
    let text = "[[expect]]\ncommand = \"cat\"\nstdin = \"yes\"\n";
    let replay = replay(text);
    let mut process = replay
        .start(Command {
            stdin: true,
            ..Command::line("cat")
        })
        .await
        .unwrap();
    process.write_stdin(Bytes::from_static(b"no")).await.unwrap();
    end(process).await.unwrap_err();
    insta::assert_snapshot!(verdict(&replay, text));
}

#[tokio::test]
async fn a_departure_that_the_step_swallows_is_found_out() {
    let text = "[[expect]]\ncommand = \"a\"\n[[expect]]\ncommand = \"b\"\n";
    let replay = replay(text);
    run(&replay, Command::line("c")).await.unwrap_err();
    run(&replay, Command::line("a")).await.unwrap();
    run(&replay, Command::line("b")).await.unwrap();
    assert!(
        replay
            .verdict()
            .unwrap_err()
            .message
            .contains("the command `c` is different")
    );
}

#[tokio::test]
async fn a_refusal_of_the_instance_is_played() {
    let replay = replay("[[expect]]\nupload = \"/etc/x\"\nerror = \"permission denied\"\n");
    let error = upload(&replay, "/etc/x", "", None).await.unwrap_err();
    assert_eq!(error.to_string(), "`/etc/x` on the instance: permission denied");
    assert_eq!(replay.verdict(), Ok(()));
}

#[tokio::test]
async fn folders_go_both_ways() {
    let replay = replay(
        r#"
        [[expect]]
        upload-tree = "/opt/app"
        files = { "bin/run" = "x", "note" = "y" }
        [[expect]]
        download-tree = "/var/log"
        files = { "app/log" = "line\n" }
        "#,
    );
    let folder = tempfile::tempdir().unwrap();
    let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
    dir.create_dir("bin").unwrap();
    dir.write("bin/run", "x").unwrap();
    dir.write("note", "y").unwrap();
    assert_eq!(
        replay
            .upload_tree("/opt/app", &dir, "app", &NoProgress)
            .await
            .unwrap(),
        2
    );
    replay.download_tree("/var/log", &dir, &NoProgress).await.unwrap();
    assert_eq!(dir.read_to_string("app/log").unwrap(), "line\n");
    assert_eq!(replay.verdict(), Ok(()));
}

/// What was recorded of one transcript is the same transcript.
#[tokio::test]
async fn a_recording_plays_what_was_recorded() {
    let text = r#"
        [instance]
        user = "admin"
        [[expect]]
        command = "sh -c 'id'"
        env = { LANG = "C" }
        stdin = "in\n"
        exit = 2
        stdout = "0\n"
        stderr = { base64 = "/w==" }
        [[expect]]
        upload = "/tmp/x"
        mode = "0600"
        content = "two\nlines\n"
        [[expect]]
        upload-tree = "/opt"
        files = { "a" = "b" }
        [[expect]]
        download = "/etc/motd"
        content = "hello"
        [[expect]]
        upload = "/root/x"
        content = ""
        error = "permission denied"
        [[expect]]
        reconnect = true
        [[expect]]
        remove = "/tmp/x"
    "#;
    let mut wanted = transcript(text);
    let recorder = Recorder::default();
    let on = recorder.listen(std::sync::Arc::new(Replay::new(wanted.clone())));
    let command = Command {
        env: vec![("LANG".to_owned(), "C".to_owned())],
        stdin: true,
        ..Command::line("sh -c 'id'")
    };
    let mut process = on.start(command).await.unwrap();
    process.write_stdin(Bytes::from_static(b"in\n")).await.unwrap();
    end(process).await.unwrap();
    upload(&on, "/tmp/x", "two\nlines\n", Some(0o600)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
    dir.write("a", "b").unwrap();
    on.upload_tree("/opt", &dir, "opt", &NoProgress).await.unwrap();
    on.download("/etc/motd", &mut Vec::new(), &NoProgress)
        .await
        .unwrap();
    upload(&on, "/root/x", "", None).await.unwrap_err();
    on.reconnect(Duration::from_secs(1)).await.unwrap();
    on.remove("/tmp/x").await.unwrap();

    let recorded = recorder.transcript(wanted.job).unwrap();
    let written = recorded.to_toml().map_err(|error| error.to_string()).unwrap();
    insta::assert_snapshot!(written);
    let mut read = parse(&written).unwrap();
    for expectation in read.expect.iter_mut().chain(&mut wanted.expect) {
        expectation.at = 0..0;
    }
    assert_eq!(read, wanted);
}

#[test]
fn mistakes_are_shown_at_their_places() {
    let text = r#"version = 1
[[expect]]
command = "a"
mode = "0600"
[[expect]]
upload = "b"
upload-tree = "c"
[[expect]]
stdout = "d"
[[expect]]
download = "e"
content = { sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
[[expect]]
command = "f"
exit = 1
lost = true
[[expect]]
command-matches = "("
[[expect]]
download-tree = "g"
files = { "../h" = "" }
"#;
    let problems = parse(text).unwrap_err();
    let shown: Vec<String> = problems
        .iter()
        .map(|problem| {
            let place = text[problem.at.clone()].lines().nth(1).unwrap_or_default();
            format!(
                "{place}\n    {}\n    {}",
                problem.message,
                problem.hint.clone().unwrap_or_default()
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn what_is_no_transcript_is_refused() {
    for (text, message) in [
        ("", "missing field `version`"),
        ("version = 2", "version 2 is not known"),
        ("version = 1\n[[expect]]\nrun = \"x\"", "unknown field `run`"),
        (
            "version = 1\n[[expect]]\nupload = \"x\"\nmode = \"rw\"",
            "no octal number",
        ),
        (
            "version = 1\n[[expect]]\nupload = \"x\"\ncontent = { sha256 = \"0\" }",
            "64 hexadecimal digits",
        ),
    ] {
        let problems = parse(text).unwrap_err();
        assert!(problems[0].message.contains(message), "{text}: {:?}", problems[0]);
    }
    assert_eq!(parse("version = 1").unwrap().expect, []);
}
