//! The command line as users and their scripts meet it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use kilnbox_tests::{Finished, Kilnbox, Running, repository};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A build that needs no machine: `file` makes its artifact here.
struct Project {
    kilnbox: Kilnbox,
    folder: TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self {
            kilnbox: Kilnbox::new(),
            folder: TempDir::new().expect("a temporary folder can be made"),
        };
        project.write(
            "template.json",
            &json!({
                "variables": { "greeting": "hello" },
                "builders": [
                    { "type": "file", "name": "one", "target": "one.txt", "content": "{{user `greeting`}}" },
                    { "type": "file", "name": "two", "target": "two.txt", "content": "two, with a comma" },
                ],
                "post-processors": [{ "type": "manifest" }],
            }),
        );
        project
    }

    fn write(&self, name: &str, content: &Json) {
        fs::write(self.folder.path().join(name), content.to_string()).expect("a file can be written");
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.path().join(name)).ok()
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        self.kilnbox.run(self.folder.path(), arguments)
    }
}

#[test]
fn help_names_every_command() {
    let run = Kilnbox::new().run(Path::new("/"), &["--help"]).succeeded();
    for command in [
        "build",
        "validate",
        "inspect",
        "plugin",
        "trust",
        "gc",
        "version",
        "completions",
    ] {
        assert!(
            run.stdout
                .lines()
                .any(|line| line.trim_start().starts_with(command)),
            "{command}:\n{}",
            run.both()
        );
    }
    assert_eq!(run.stderr, "");
}

#[test]
fn version_is_said_in_every_way() {
    for spelling in ["version", "--version", "-version", "-v"] {
        let run = Kilnbox::new().run(Path::new("/"), &[spelling]).succeeded();
        assert!(
            run.stdout.to_lowercase().contains("kilnbox") && run.stdout.contains("0.1.0"),
            "{}",
            run.both()
        );
    }
}

#[test]
fn completions_are_shell_code() {
    for shell in ["bash", "zsh", "fish"] {
        let run = Kilnbox::new()
            .run(Path::new("/"), &["completions", shell])
            .succeeded();
        assert!(run.stdout.contains("kilnbox"), "{}", run.both());
    }
    let bash = Kilnbox::new()
        .run(Path::new("/"), &["completions", "bash"])
        .succeeded();
    let folder = TempDir::new().expect("a temporary folder can be made");
    let file = folder.path().join("completions");
    fs::write(&file, bash.stdout).expect("a file can be written");
    let mut check = Command::new("bash");
    check.arg("-n").arg(&file);
    Running::start(check).finish().succeeded();
}

#[test]
fn wrong_command_line_has_an_exit_code_of_its_own() {
    let kilnbox = Kilnbox::new();
    for arguments in [
        &["nonsense"][..],
        &["build"],
        &["build", "-nonsense", "template.json"],
    ] {
        let run = kilnbox.run(Path::new("/"), arguments).exited(2);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{}", run.both());
    }
}

#[test]
fn validate_says_so_and_does_nothing() {
    let project = Project::new();
    let run = project.run(&["validate", "template.json"]).succeeded();
    assert_eq!(run.stdout, "The configuration is valid.\n");
    let run = project
        .run(&["validate", "-syntax-only", "template.json"])
        .succeeded();
    assert_eq!(run.stdout, "Syntax-only check passed. Everything looks okay.\n");
    assert_eq!(project.read("one.txt"), None);
    project.kilnbox.left_nothing();
}

#[test]
fn every_example_is_valid() {
    let kilnbox = Kilnbox::new();
    let examples = repository().join("examples");
    for (name, flags) in [
        ("quickstart", &[][..]),
        ("ssh-null", &["-var", "host=192.0.2.7", "-var", "key=key"]),
        ("shell-local", &["--trust"]),
    ] {
        let folder = TempDir::new().expect("a temporary folder can be made");
        // Stands for the user's key: `validate` reads it and connects nowhere.
        let mut make = Command::new("ssh-keygen");
        make.args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(folder.path().join("key"));
        Running::start(make).finish().succeeded();
        let template = examples.join(name).join("template.json");
        let mut arguments = vec!["validate"];
        arguments.extend(flags);
        arguments.push(template.to_str().expect("a plain path"));
        kilnbox.run(folder.path(), &arguments).succeeded();
    }
}

#[test]
fn inspect_shows_the_template() {
    let project = Project::new();
    let run = project.run(&["inspect", "template.json"]).succeeded();
    for part in ["greeting", "hello", "one", "two"] {
        assert!(run.stdout.contains(part), "`{part}` is not in\n{}", run.both());
    }
}

#[test]
fn variables_come_from_flags_and_files() {
    let project = Project::new();
    project.write("vars.json", &json!({ "greeting": "from a file" }));
    project
        .run(&["build", "-var-file=vars.json", "template.json"])
        .succeeded();
    assert_eq!(project.read("one.txt").as_deref(), Some("from a file"));
    project
        .run(&[
            "build",
            "-force",
            "-var-file",
            "vars.json",
            "-var",
            "greeting=a=b",
            "template.json",
        ])
        .succeeded();
    assert_eq!(project.read("one.txt").as_deref(), Some("a=b"));
}

#[test]
fn only_and_except_choose_builds() {
    let project = Project::new();
    project.run(&["build", "-only=two", "template.json"]).succeeded();
    assert_eq!(
        (project.read("one.txt"), project.read("two.txt").is_some()),
        (None, true)
    );
    project
        .run(&["build", "-except=two", "template.json"])
        .succeeded();
    assert!(project.read("one.txt").is_some());
    project.run(&["build", "-only=three", "template.json"]).exited(1);
}

#[test]
fn template_from_standard_input() {
    let project = Project::new();
    let mut shell = Command::new("sh");
    shell
        .current_dir(project.folder.path())
        .arg("-c")
        .arg("exec \"$0\" build -only=one - < template.json");
    shell
        .arg(Kilnbox::binary())
        .env("KILNBOX_STATE_DIR", project.kilnbox.state());
    Running::start(shell).finish().succeeded();
    assert_eq!(project.read("one.txt").as_deref(), Some("hello"));
}

#[test]
fn texts_are_those_that_packer_users_know() {
    let project = Project::new();
    let run = project.run(&["build", "-only=one", "template.json"]).succeeded();
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("Build 'file.one' finished after ") && line.ends_with('.')),
        "{lines:#?}"
    );
    assert!(
        lines.contains(&"==> file.one: Running post-processor: manifest"),
        "{lines:#?}"
    );
    let end = lines
        .iter()
        .position(|line| *line == "==> Builds finished. The artifacts of successful builds are:");
    let end = end.unwrap_or_else(|| panic!("no closing list: {lines:#?}"));
    assert!(
        lines[end - 2].starts_with("==> Wait completed after "),
        "{lines:#?}"
    );
    assert_eq!(lines[end + 1], "--> file.one: Stored file: one.txt");
}

#[test]
fn json_events_are_lines_without_a_gap() {
    let project = Project::new();
    let run = project
        .run(&["build", "--log-format", "json", "template.json"])
        .succeeded();
    let events: Vec<Json> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let mut run_id = None;
    for (number, event) in (1_u64..).zip(&events) {
        assert_eq!(event["seq"], number, "{event}");
        assert_eq!(event["v"], 1, "{event}");
        assert_eq!(
            event["run"],
            *run_id.get_or_insert_with(|| event["run"].clone()),
            "{event}"
        );
        assert!(
            ["host", "guest", "remote"]
                .map(Json::from)
                .contains(&event["speaker"]),
            "{event}"
        );
        assert!(
            event["time"].as_str().is_some_and(|time| time.ends_with('Z')),
            "{event}"
        );
    }
    let kinds: Vec<_> = events.iter().filter_map(|event| event["kind"].as_str()).collect();
    assert_eq!(kinds.first(), Some(&"run-started"), "{kinds:?}");
    assert_eq!(kinds.last(), Some(&"run-finished"), "{kinds:?}");
    let artifacts = events.iter().filter(|event| event["kind"] == "artifact").count();
    assert!(artifacts >= 2, "{kinds:?}");
}

#[test]
fn json_events_tell_why_a_build_did_not_succeed() {
    let project = Project::new();
    project.write(
        "bad.json",
        &json!({ "builders": [{ "type": "file", "target": "no/such/../../../proc/x", "content": "" }] }),
    );
    let run = project
        .run(&["build", "--log-format", "json", "bad.json"])
        .exited(1);
    let last: Json = serde_json::from_str(run.stdout.lines().last().expect("events")).expect("JSON");
    assert_eq!(last["kind"], "run-finished");
    assert_eq!(last["errors"].as_array().map(Vec::len), Some(1), "{last}");
}

#[test]
fn machine_readable_lines_are_packers() {
    let project = Project::new();
    let run = project
        .run(&["-machine-readable", "build", "template.json"])
        .succeeded();
    for line in run.stdout.lines() {
        let fields: Vec<_> = line.splitn(4, ',').collect();
        assert_eq!(fields.len(), 4, "{line}");
        assert!(
            fields[0].parse::<u64>().is_ok_and(|time| time > 1_700_000_000),
            "{line}"
        );
    }
    let has = |part: &str| assert!(run.stdout.contains(part), "`{part}` is not in\n{}", run.stdout);
    has(",file.one,artifact-count,");
    has(",file.one,artifact,0,builder-id,packer.file");
    has(",file.one,artifact,0,string,Stored file: one.txt");
    has(",file.one,artifact,0,file,0,one.txt");
    has(",file.one,artifact,0,end");
    assert!(!run.stdout.contains('\u{1b}'), "colours for a machine");
}

/// Runs the build with a terminal as its standard output, as util-linux's `script` makes one.
fn on_a_terminal(project: &Project, flags: &str, environment: &[(&str, &str)]) -> Finished {
    let mut command = Command::new("script");
    let build = format!(
        "{} build -force {flags} template.json",
        Kilnbox::binary().display()
    );
    command
        .args(["--quiet", "--return", "--command", &build, "/dev/null"])
        .current_dir(project.folder.path());
    command
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color")
        .env("KILNBOX_STATE_DIR", project.kilnbox.state());
    command.envs(environment.iter().copied());
    Running::start(command).finish().succeeded()
}

#[test]
fn colours_go_to_a_terminal_and_nowhere_else() {
    let project = Project::new();
    let piped = project.run(&["build", "template.json"]).succeeded();
    assert!(
        !piped.both().contains('\u{1b}'),
        "colours in a pipe: {:?}",
        piped.both()
    );

    let shown = on_a_terminal(&project, "", &[]);
    assert!(
        shown.stdout.contains("\u{1b}["),
        "no colours on a terminal: {:?}",
        shown.stdout
    );
    assert!(
        shown.stdout.contains("output will be in this color."),
        "{}",
        shown.stdout
    );

    for (flags, environment) in [
        ("-color=false", &[][..]),
        ("", &[("NO_COLOR", "1")]),
        ("", &[("PACKER_NO_COLOR", "1")]),
    ] {
        let plain = on_a_terminal(&project, flags, environment);
        assert!(
            !plain.stdout.contains("\u{1b}[1;3"),
            "colours despite {flags}{environment:?}: {:?}",
            plain.stdout
        );
    }
}

#[test]
fn gc_by_tag_needs_an_age_and_somebody_who_agrees() {
    let project = Project::new();
    project.run(&["gc", "--by-tag"]).exited(2).says("--older-than");
    for flag in [&["--yes"][..], &["--region", "here"]] {
        let line: Vec<&str> = ["gc", "--older-than", "1h"].iter().chain(flag).copied().collect();
        project.run(&line).exited(2).says("--by-tag");
    }
    project
        .run(&["gc", "--older-than", "soon"])
        .exited(2)
        .says("DURATION");
    project
        .run(&["gc", "--by-tag", "--older-than", "1day"])
        .exited(1)
        .says("nobody is there to agree")
        .says("--dry-run");
    for agreed in ["--yes", "--dry-run"] {
        let arguments = [
            "gc",
            "--by-tag",
            "--older-than",
            "1day",
            "--region",
            "here",
            agreed,
        ];
        let mut command = project.kilnbox.command(project.folder.path());
        command.args(arguments).env("AWS_EC2_METADATA_DISABLED", "true");
        Running::start(command)
            .finish()
            .exited(1)
            .says("`amazon` could not be looked at");
    }
}

#[test]
fn gc_leaves_what_is_younger_than_it_is_asked_for() {
    let project = Project::new();
    let folder = project.kilnbox.state().join("journal");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("dead.jsonl");
    let entry = json!({ "op": "record", "id": 1, "kind": "unheard-of", "data": {} });
    fs::write(&path, format!("{entry}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    project
        .run(&["gc", "--older-than", "2h"])
        .succeeded()
        .says("nothing to do, 1 younger and left alone");
    let journal = fs::File::options().append(true).open(&path).unwrap();
    journal
        .set_modified(SystemTime::now() - Duration::from_secs(3 * 3600))
        .unwrap();
    project
        .run(&["gc", "--older-than", "2h"])
        .exited(1)
        .says("this version knows no such kind");
}

#[test]
fn gc_has_nothing_to_do_after_a_good_run() {
    let project = Project::new();
    project.run(&["build", "template.json"]).succeeded();
    project.run(&["gc"]).succeeded();
    project.kilnbox.left_nothing();
}
