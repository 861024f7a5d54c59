//! What a step may do, and what becomes of one that wants more: the components of `tests/guests` on real builds.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use kilnbox_tests::{Finished, Kilnbox, SshBed, guest};
use serde_json::{Value as Json, json};

/// What the template gives the hostile step. The stopping itself may take the grace of a second and a busy machine.
const ALLOWED: Duration = Duration::from_secs(3);
const STOPPED: Duration = Duration::from_secs(40);

/// A project with the test guests as plugins, and a server to build on.
struct Project {
    bed: SshBed,
    kilnbox: Kilnbox,
}

impl Project {
    fn new(manifest: &str, template: impl FnOnce(&SshBed) -> Json) -> Self {
        let project = Self {
            bed: SshBed::start(),
            kilnbox: Kilnbox::new(),
        };
        for name in ["hostile", "nosy"] {
            fs::copy(guest(name), project.bed.local().join(format!("{name}.wasm")))
                .expect("build.rs built the guests");
        }
        project.write("kilnbox.toml", manifest);
        let template = template(&project.bed);
        project.write("template.json", &template.to_string());
        project
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.bed.local().join(name), text).expect("a file can be written");
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        self.kilnbox.run(&self.bed.local(), arguments)
    }

    fn build(&self, flags: &[&str]) -> Finished {
        let mut arguments = vec!["build", "-color=false"];
        arguments.extend(flags);
        arguments.push("template.json");
        self.run(&arguments)
    }

    /// Whether a step made the file `name` on the instance.
    fn made(&self, name: &str) -> bool {
        self.bed.instance().join(name).exists()
    }
}

/// Two builds on one server: `bad` runs the hostile step, `good` a shell step.
fn bad_and_good(bed: &SshBed, act: &str) -> Json {
    let builder = |name: &str| {
        let mut builder = bed.builder();
        builder["name"] = json!(name);
        builder
    };
    json!({
        "builders": [builder("bad"), builder("good")],
        "provisioners": [
            { "type": "hostile", "only": ["bad"], "act": act, "timeout": format!("{}s", ALLOWED.as_secs()) },
            { "type": "shell", "only": ["bad"], "inline": [touch(bed, "after-bad")] },
            { "type": "shell", "only": ["good"], "inline": [touch(bed, "good")] },
        ],
    })
}

fn touch(bed: &SshBed, name: &str) -> String {
    format!("touch {}", bed.instance().join(name).display())
}

/// Runs `act` in one build and a shell step in another, asserts that the first is stopped and the second succeeds.
fn stopped(act: &str) -> (Project, Finished) {
    let project = Project::new("[plugins.hostile]\nsource = \"file:hostile.wasm\"\n", |bed| {
        bad_and_good(bed, act)
    });
    let started = Instant::now();
    let run = project.build(&[]).exited(1);
    assert!(
        started.elapsed() < STOPPED,
        "stopped after {:?} only",
        started.elapsed()
    );
    run.stdout
        .find("Build 'null.good' finished after ")
        .unwrap_or_else(|| panic!("no good build in\n{}", run.both()));
    assert!(project.made("good"), "the other build's step did not run");
    assert!(!project.made("after-bad"), "the bad build went on");
    assert!(
        run.both().contains("Build 'null.bad' errored after "),
        "{}",
        run.both()
    );
    project.kilnbox.left_nothing();
    // The host is as good as new: what it could build before, it still can.
    project.run(&["build", "-only=good", "template.json"]).succeeded();
    (project, run)
}

/// The names after `kilnbox:plugin/` or alone on a line, as `plugin inspect` lists them.
fn capabilities(run: &Finished) -> BTreeSet<String> {
    const ALL: [&str; 12] = [
        "types",
        "ui",
        "template",
        "assets",
        "exec",
        "upload",
        "download",
        "reconnect",
        "outputs",
        "connection",
        "host-exec",
        "prompt",
    ];
    run.stdout
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| ALL.contains(word))
        .map(str::to_owned)
        .collect()
}

// ---- looking

#[test]
fn inspect_lists_exactly_what_shell_imports() {
    let kilnbox = Kilnbox::new();
    let run = kilnbox
        .run(Path::new("/"), &["plugin", "inspect", "shell"])
        .succeeded();
    let expected = ["types", "ui", "template", "assets", "exec", "upload", "reconnect"];
    assert_eq!(
        capabilities(&run),
        expected.map(str::to_owned).into(),
        "{}",
        run.both()
    );
}

#[test]
fn inspect_shows_what_is_not_granted_by_default() {
    let kilnbox = Kilnbox::new();
    let run = kilnbox
        .run(Path::new("/"), &["plugin", "inspect", "shell-local"])
        .succeeded();
    let found = capabilities(&run);
    assert!(found.contains("host-exec"), "{}", run.both());
    assert!(
        !found.contains("exec"),
        "shell-local runs nothing on the instance\n{}",
        run.both()
    );
}

#[test]
fn inspect_reads_a_file() {
    let kilnbox = Kilnbox::new();
    let file = guest("nosy");
    let run = kilnbox
        .run(
            Path::new("/"),
            &["plugin", "inspect", file.to_str().expect("a plain path")],
        )
        .succeeded();
    assert_eq!(
        capabilities(&run),
        ["types", "ui", "connection"].map(str::to_owned).into(),
        "{}",
        run.both()
    );
}

// ---- asking for more

fn nosy(bed: &SshBed) -> Json {
    json!({
        "builders": [bed.builder()],
        "provisioners": [
            { "type": "shell", "inline": [touch(bed, "ran")] },
            { "type": "nosy" },
        ],
    })
}

const NOSY: &str = "[plugins.nosy]\nsource = \"file:nosy.wasm\"\n";

#[test]
fn ungranted_import_is_refused_before_anything_runs() {
    let project = Project::new(NOSY, nosy);
    for command in ["build", "validate"] {
        let run = project.run(&[command, "template.json"]).exited(1);
        run.says("connection")
            .says("[plugins.nosy]")
            .says("grant = [\"connection\"]");
    }
    assert!(!project.made("ran"), "an earlier step ran");
    assert!(
        !project.bed.log().contains("Accepted publickey"),
        "kilnbox connected"
    );
    project.kilnbox.left_nothing();
}

#[test]
fn grant_counts_only_when_the_user_accepted_it() {
    let granted = format!("{NOSY}grant = [\"connection\"]\n");
    let project = Project::new(&granted, nosy);
    project.build(&[]).exited(1).says("kilnbox trust").says("--trust");
    assert!(!project.made("ran"), "an earlier step ran");

    let port = project.bed.port();
    project
        .build(&["--trust"])
        .succeeded()
        .says(&format!("knows 127.0.0.1:{port} with its key"));
    project.build(&[]).exited(1).says("kilnbox trust");

    project.run(&["trust", "--yes"]).succeeded().says("connection");
    project.build(&[]).succeeded().says("knows 127.0.0.1");

    // Another word in the file, and it is another file.
    project.write("kilnbox.toml", &format!("{granted}# changed\n"));
    project.build(&[]).exited(1).says("changed");
}

#[test]
fn shell_local_needs_a_grant() {
    let template = |bed: &SshBed| {
        json!({
            "builders": [{ "type": "null", "communicator": "none" }],
            "provisioners": [{ "type": "shell-local", "inline": [touch(bed, "local")] }],
        })
    };
    let project = Project::new("", template);
    let run = project.build(&[]).exited(1);
    run.says("host-exec")
        .says("[plugins.shell-local]")
        .says("grant = [\"host-exec\"]");
    assert!(!project.made("local"));

    // The lines that the refusal shows are the ones that help.
    project.write("kilnbox.toml", "[plugins.shell-local]\ngrant = [\"host-exec\"]\n");
    project.build(&[]).exited(1).says("kilnbox trust");
    assert!(!project.made("local"));
    project.build(&["--trust"]).succeeded();
    assert!(project.made("local"));
    project.kilnbox.left_nothing();
}

#[test]
fn first_party_names_cannot_be_redefined() {
    let project = Project::new(
        "[plugins.shell]\nsource = \"file:hostile.wasm\"\n",
        |bed| json!({ "builders": [bed.builder()], "provisioners": [{ "type": "shell", "inline": ["true"] }] }),
    );
    project
        .build(&["--trust"])
        .exited(1)
        .says("`shell` is part of Kilnbox and cannot be redefined");
}

// ---- using everything up

#[test]
fn endless_loop_is_stopped() {
    stopped("loop");
}

#[test]
fn endless_sleep_is_stopped() {
    stopped("sleep");
}

#[test]
fn endless_memory_is_stopped() {
    let (_project, run) = stopped("memory");
    run.says("memory");
}

#[test]
fn endless_log_is_bounded_and_stopped() {
    let (_project, run) = stopped("log");
    let lines = run
        .stdout
        .lines()
        .filter(|line| line.contains("flood flood"))
        .count();
    // A burst of 2,000 and 1,000 a second; twice the time allowed leaves room for a busy machine.
    let most = 2000 + 1000 * 2 * usize::try_from(ALLOWED.as_secs()).expect("seconds");
    assert!(
        lines <= most,
        "{lines} lines of a flood reached the terminal, at most {most} may"
    );
    run.says("suppressed");
}

#[test]
fn endless_output_of_the_instance_is_stopped() {
    let (project, _run) = stopped("output");
    let left: Vec<_> = project
        .bed
        .commands()
        .into_iter()
        .filter(|(_, line)| line.contains("yes flood"))
        .collect();
    assert!(left.is_empty(), "still running on the instance: {left:?}");
}

#[test]
fn panic_is_an_error_and_its_temporary_file_goes() {
    stopped("panic");
    let file = Path::new("/tmp/kilnbox-test-hostile-temporary");
    assert!(!file.exists(), "`{}` is still on the instance", file.display());
}

#[test]
fn text_of_a_guest_cannot_steer_the_terminal_or_pass_for_kilnbox() {
    let project = Project::new(
        "[plugins.hostile]\nsource = \"file:hostile.wasm\"\n",
        |bed| json!({ "builders": [bed.builder()], "provisioners": [{ "type": "hostile", "act": "escape" }] }),
    );
    let run = project.build(&[]).succeeded();
    for forbidden in ['\u{1b}', '\u{7}', '\r', '\u{202e}'] {
        assert!(
            !run.stdout.contains(forbidden),
            "{forbidden:?} reached the terminal: {:?}",
            run.stdout
        );
    }
    let lines: Vec<_> = run
        .stdout
        .lines()
        .filter(|line| line.contains("all is well"))
        .collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("==> null [hostile]: "), "{lines:?}");
}

#[test]
fn timeout_of_the_template_stops_a_loop_too() {
    let project = Project::new("[plugins.hostile]\nsource = \"file:hostile.wasm\"\n", |bed| {
        json!({
            "builders": [bed.builder()],
            "provisioners": [{ "type": "hostile", "act": "loop", "timeout": "1s", "max_retries": 1 }],
        })
    });
    let started = Instant::now();
    project.build(&[]).exited(1);
    assert!(
        started.elapsed() < STOPPED,
        "stopped after {:?} only",
        started.elapsed()
    );
    project.kilnbox.left_nothing();
}

#[test]
fn damaged_component_is_refused() {
    let project = Project::new(
        "[plugins.broken]\nsource = \"file:broken.wasm\"\n",
        |bed| json!({ "builders": [bed.builder()], "provisioners": [{ "type": "broken" }] }),
    );
    let whole = fs::read(guest("nosy")).expect("build.rs built the guests");
    for damaged in [
        &b"not wasm"[..],
        &whole[..whole.len() / 2],
        b"",
        b"\0asm\x01\0\0\0",
    ] {
        fs::write(project.bed.local().join("broken.wasm"), damaged).expect("a file can be written");
        project.build(&[]).exited(1).says("broken");
    }
}
