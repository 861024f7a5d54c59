//! A step that does not listen when its time is over: it is gone a second later with all it left running, and the next
//! try starts on a machine where nothing of it is left.

use std::{fs, path::Path, time::Duration};

use kilnbox_tests::{Finished, Kilnbox, SshBed, guest, needs_root, processes};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// What the template gives a try.
const TIMEOUT: Duration = Duration::from_secs(2);
/// What a step has beyond that, to end by itself.
const GRACE: Duration = Duration::from_secs(1);
/// What a busy machine may add. A step that is not ended takes for ever.
const BUSY: Duration = Duration::from_secs(5);

/// A try of the first step, as its events tell.
#[derive(Debug)]
struct Try {
    number: u64,
    took: Duration,
    error: Option<String>,
}

/// The tries of the first step, in the order they ended. Each begins after the one before has ended.
fn tries(run: &Finished) -> Vec<Try> {
    let events: Vec<Json> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is an event"))
        .filter(|event: &Json| event["step"]["kind"] == "provisioner" && event["step"]["index"] == 0)
        .collect();
    let mut tries: Vec<Try> = Vec::new();
    let mut begun = 0;
    for event in &events {
        match event["kind"].as_str() {
            Some("step-started") => {
                assert_eq!(
                    begun,
                    tries.len(),
                    "a try begins before the last has ended\n{}",
                    run.both()
                );
                begun += 1;
            }
            Some("step-finished") => tries.push(Try {
                number: event["step"]["try"].as_u64().expect("tries are counted"),
                took: Duration::from_secs_f64(event["took"].as_f64().expect("a try takes time")),
                error: event["error"].as_str().map(str::to_owned),
            }),
            _ => {}
        }
    }
    tries
}

/// Asserts that a try was ended when its time and its grace were over.
#[track_caller]
fn was_ended(attempt: &Try) {
    assert_eq!(
        attempt.error.as_deref(),
        Some("timed out after 2s"),
        "{attempt:?}"
    );
    let most = TIMEOUT + GRACE + BUSY;
    assert!(TIMEOUT <= attempt.took && attempt.took <= most, "{attempt:?}");
}

/// Asserts that the first try was ended, and that the second did its work.
#[track_caller]
fn second_try_works(run: &Finished) {
    let tries = tries(run);
    let [first, second] = tries.as_slice() else {
        panic!("{} tries\n{}", tries.len(), run.both());
    };
    assert_eq!((first.number, second.number), (1, 2));
    was_ended(first);
    assert_eq!(second.error, None, "{second:?}");
}

/// A step whose first try ignores every signal it can, in a loop of its own and in one that it leaves in the
/// background. The second says in `report` which processes of the first it finds.
fn deaf(folder: &Path) -> Json {
    let at = folder.display();
    let ignore = "trap '' TERM INT HUP QUIT PIPE";
    json!({
        "type": "shell",
        "timeout": "2s",
        "max_retries": 1,
        "inline": [
            format!("if test ! -e {at}/pids; then"),
            format!("{ignore}; (while :; do sleep 0.1; done) & echo $$ $! > {at}/pids; while :; do :; done"),
            "fi",
            format!("set +e; touch {at}/report"),
            // A process that has ended and that nobody has asked about yet is still listed, as `Z`.
            format!("for pid in $(cat {at}/pids); do grep -v ') Z ' /proc/$pid/stat 2> /dev/null >> {at}/report; done"),
            "true",
        ],
    })
}

/// Builds a template with events as JSON.
fn build(kilnbox: &Kilnbox, folder: &Path, template: &Json) -> Finished {
    fs::write(folder.join("template.json"), template.to_string()).expect("a template can be written");
    kilnbox.run(folder, &["build", "--log-format", "json", "template.json"])
}

#[test]
fn deaf_command_over_ssh_is_gone_before_the_next_try() {
    let (bed, kilnbox) = (SshBed::start(), Kilnbox::new());
    let template = json!({ "builders": [bed.builder()], "provisioners": [deaf(&bed.instance())] });
    let run = build(&kilnbox, &bed.local(), &template).succeeded();
    second_try_works(&run);
    let report = fs::read_to_string(bed.instance().join("report")).expect("the second try writes it");
    assert_eq!(report, "", "processes of the first try beside the second");
    let pids = fs::read_to_string(bed.instance().join("pids")).expect("the first try writes it");
    assert_eq!(pids.split_whitespace().count(), 2, "{pids}");
    let left: Vec<_> = bed
        .commands()
        .into_iter()
        .filter(|(id, _)| pids.split_whitespace().any(|pid| pid == id.to_string()))
        .collect();
    assert!(left.is_empty(), "still running on the instance: {left:?}");
    kilnbox.left_nothing();
}

#[test]
fn deaf_command_in_a_container_is_gone_before_the_next_try() {
    needs_root("an ordinary user's container is another one");
    let kilnbox = Kilnbox::new();
    let folder = TempDir::with_prefix("kilnbox-test-timeouts-").expect("a temporary folder can be made");
    let mut deaf = deaf(Path::new("/srv"));
    // Its command line tells it from everything else on this machine.
    let mark = format!("deaf-of-{}", std::process::id());
    deaf["inline"][1] = json!(
        deaf["inline"][1]
            .as_str()
            .expect("a line")
            .replace("sleep 0.1", &format!("sh -c 'sleep 0.1; : {mark}'"))
    );
    let fetch = |name: &str| {
        let source = format!("/srv/{name}");
        json!({ "type": "file", "direction": "download", "source": source, "destination": name })
    };
    let template = json!({
        "builders": [{ "type": "rootfs", "output": "image.tar" }],
        "provisioners": [deaf, fetch("pids"), fetch("report")],
    });
    let run = build(&kilnbox, folder.path(), &template).succeeded();
    second_try_works(&run);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("it was downloaded");
    assert_eq!(read("pids").split_whitespace().count(), 2);
    assert_eq!(read("report"), "", "processes of the first try beside the second");
    let left = processes::with_command_line(&mark);
    assert!(left.is_empty(), "still running: {left:?}");
    kilnbox.left_nothing();
}

#[test]
fn deaf_component_is_gone_before_the_next_try() {
    let (bed, kilnbox) = (SshBed::start(), Kilnbox::new());
    fs::copy(guest("hostile"), bed.local().join("hostile.wasm")).expect("build.rs built the guests");
    fs::write(
        bed.local().join("kilnbox.toml"),
        "[plugins.hostile]\nsource = \"file:hostile.wasm\"\n",
    )
    .expect("a file can be written");
    // It computes for ever and asks the host for nothing, so that no refusal could reach it.
    let template = json!({
        "builders": [bed.builder()],
        "provisioners": [{ "type": "hostile", "act": "loop", "timeout": "2s", "max_retries": 1 }],
    });
    let run = build(&kilnbox, &bed.local(), &template).exited(1);
    let tries = tries(&run);
    assert_eq!(
        tries.iter().map(|attempt| attempt.number).collect::<Vec<_>>(),
        [1, 2],
        "{}",
        run.both()
    );
    tries.iter().for_each(was_ended);
    kilnbox.left_nothing();
}
