//! Sensitive values in a build whose steps print them in every way: nobody who reads the run reads them.

use std::{fs, path::PathBuf, process::Command};

use kilnbox_tests::{Finished, Kilnbox, SshBed, guest};
use serde_json::{Value as Json, json};

/// Short, with characters that URLs, shells and JSON treat in their own ways.
const PASSWORD: &str = "p@ss w'rd/\"$x";

/// Lines as a private key has them, each a secret of its own.
const KEY: &str = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTU\nt9Us8cKjMzEfYyjiWA4R4ypbHqGC0H0\n-----END KEY-----\n";

/// Prints the file `$1`, raw and in the forms that tools give it, whole and broken into lines, coloured, as a trace,
/// in one long line, and in two writes with time between them.
const PRINTS: &str = r#"
cat "$1"; echo
tr '\n' ' ' < "$1"; echo
base64 "$1"
base64 -w 0 "$1"; echo
( printf 'user:'; cat "$1" ) | base64 -w 0; echo
od -An -v -tx1 "$1" | tr -d ' \n'; echo
od -An -v -tx1 "$1" | tr -d ' \n' | tr a-f A-F | fold -w 60; echo
od -An -v -tx1 "$1" | sed 's/ /%/g' | tr -d '\n'; echo
sed 's/"/\\"/g; s|/|\\/|g; s/.*/{"pw":"&"}/' "$1"; echo
sed "s/'/'\\\\''/g; s/.*/+ login '&'/" "$1"; echo
sed 's/./&\x1b[31m/3; s/./&\x1b[0m/9' "$1"; echo
head -c 65530 /dev/zero | tr '\0' x; cat "$1"; echo
head -c 5 "$1"; sleep 1; tail -c +6 "$1"; echo
echo 'printed everything'
"#;

/// A project whose steps know both secrets, and a user who trusts its plugins.
struct Project {
    bed: SshBed,
    kilnbox: Kilnbox,
}

impl Project {
    fn new() -> Self {
        let project = Self {
            bed: SshBed::start(),
            kilnbox: Kilnbox::new(),
        };
        fs::copy(guest("smuggler"), project.path("smuggler.wasm")).expect("build.rs built the guests");
        project.write(
            "kilnbox.toml",
            "[plugins.smuggler]\nsource = \"file:smuggler.wasm\"\n[plugins.shell-local]\ngrant = [\"host-exec\"]\n",
        );
        project.write("prints.sh", PRINTS);
        project.write("password", PASSWORD);
        project.write("key", KEY);
        project.write(
            "variables.json",
            &json!({ "password": PASSWORD, "key": KEY }).to_string(),
        );
        project.write("template.json", &project.template().to_string());
        project
    }

    fn template(&self) -> Json {
        let there = self.bed.instance();
        let at = |name: &str| there.join(name).to_string_lossy().into_owned();
        let print = |name: &str| format!("sh '{}' '{}'", at("prints.sh"), at(name));
        let upload = |name: &str| json!({ "type": "file", "source": name, "destination": at(name) });
        json!({
            "variables": { "password": null, "key": null },
            "sensitive-variables": ["password", "key"],
            "builders": [self.bed.builder()],
            "provisioners": [
                upload("prints.sh"),
                upload("password"),
                upload("key"),
                { "type": "shell", "inline": [print("password"), print("key"), format!("{} >&2", print("password"))] },
                { "type": "shell", "environment_vars": ["PASSWORD={{user `password`}}"],
                  "inline": ["set -x; printf 'login %s\\n' \"$PASSWORD\""] },
                { "type": "shell-local", "inline": ["sh prints.sh password", "sh prints.sh key"] },
            ],
            "post-processors": [[
                { "type": "smuggler", "secret": "{{user `password`}}" },
                { "type": "manifest", "output": "manifest.json" },
            ]],
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.bed.local().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file can be written");
    }

    fn command(&self, flags: &[&str]) -> Command {
        let mut command = self.kilnbox.command(&self.bed.local());
        command
            .args(["build", "--trust", "-color=false", "-var-file=variables.json"])
            .args(flags)
            .arg("template.json");
        command
    }

    fn run(&self, command: Command) -> Finished {
        let _ = self;
        kilnbox_tests::Running::start(command).finish().succeeded()
    }
}

/// What must not be there: each line of a secret, as it is and in the forms that have no other line end in them.
#[track_caller]
fn holds_none(what: &str, text: &str) {
    let lines = KEY
        .lines()
        .filter(|line| !line.starts_with("---"))
        .chain([PASSWORD]);
    for secret in lines {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let json = json!(secret).to_string();
        let forms = [
            secret.to_owned(),
            json.trim_matches('"').to_owned(),
            secret.replace('\'', r"'\''"),
            secret.replace('"', "\\\"").replace('/', "\\/"),
            hex.to_uppercase(),
            hex.bytes()
                .collect::<Vec<u8>>()
                .chunks(2)
                .map(|two| format!("%{}", String::from_utf8_lossy(two)))
                .collect(),
            hex,
        ];
        for form in forms {
            assert!(!text.contains(&form), "{what} holds {form:?}");
        }
    }
    // Of base64 no line: with other text before and after, no other part of it stays the same.
    for file in [PASSWORD, KEY] {
        for line in encoded(file).lines().filter(|line| line.len() >= 12) {
            assert!(!text.contains(line), "{what} holds {line}, which is base64");
        }
    }
}

/// What `base64` prints.
fn encoded(text: &str) -> String {
    let command = ["-c", "printf %s \"$1\" | base64", "sh", text];
    let done = Command::new("sh")
        .args(command)
        .output()
        .expect("there is a shell");
    String::from_utf8(done.stdout).expect("base64 is ASCII")
}

#[test]
fn neither_the_terminal_nor_a_log_file_shows_a_secret() {
    let project = Project::new();
    let done = project.run(project.command(&["--log-dir", "logs", "-timestamp-ui", "-vvv"]));
    assert_eq!(
        done.stdout.matches("printed everything").count(),
        5,
        "{}",
        done.stdout
    );
    assert!(done.stdout.matches("<sensitive>").count() > 60, "{}", done.stdout);
    holds_none("standard output", &done.stdout);
    holds_none("standard error", &done.stderr);
    let logs: Vec<PathBuf> = fs::read_dir(project.path("logs"))
        .expect("there are log files")
        .map(|entry| entry.expect("a folder can be read").path())
        .collect();
    assert!(!logs.is_empty());
    for log in logs {
        let text = fs::read_to_string(&log).expect("a log file can be read");
        assert!(text.contains("printed everything"), "{text}");
        holds_none("the log file", &text);
    }
}

#[test]
fn no_event_holds_a_secret() {
    let project = Project::new();
    let done = project.run(project.command(&["--log-format", "json"]));
    let mut shown = String::new();
    for line in done.stdout.lines() {
        let event: Json = serde_json::from_str(line).expect("a line is an event");
        collect(&event, &mut shown);
    }
    assert!(shown.contains("printed everything"));
    holds_none("an event", &shown);
    holds_none("the lines", &done.stdout);
    holds_none("standard error", &done.stderr);
}

/// Every text of an event.
fn collect(value: &Json, texts: &mut String) {
    match value {
        Json::String(text) => {
            texts.push_str(text);
            texts.push('\n');
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Json::Object(members) => members.values().for_each(|member| collect(member, texts)),
        _ => {}
    }
}

#[test]
fn the_lines_for_programs_hold_no_secret() {
    let project = Project::new();
    let done = project.run(project.command(&["-machine-readable"]));
    assert!(done.stdout.contains("printed everything"), "{}", done.stdout);
    holds_none("the lines", &done.stdout);
}

#[test]
fn records_for_finding_faults_hold_no_secret() {
    let project = Project::new();
    let mut command = project.command(&[]);
    command.env("KILNBOX_LOG", "trace");
    let done = project.run(command);
    assert!(done.stderr.contains("TRACE"), "{}", done.stderr);
    holds_none("the records", &done.stderr);

    let mut command = project.command(&["-force"]);
    command
        .env("PACKER_LOG", "1")
        .env("PACKER_LOG_PATH", project.path("packer.log"));
    project.run(command);
    let log = fs::read_to_string(project.path("packer.log")).expect("there is a log");
    assert!(log.contains("printed everything"), "{log}");
    holds_none("the log", &log);
}

#[test]
fn a_manifest_holds_no_secret_that_a_step_hid_in_its_artifact() {
    let project = Project::new();
    let done = project.run(project.command(&[]));
    let manifest = fs::read_to_string(project.path("manifest.json")).expect("there is a manifest");
    let read: Json = serde_json::from_str(&manifest).expect("it is JSON");
    assert_eq!(read["builds"][0]["artifact_id"], "ami-<sensitive>");
    holds_none("the manifest", &manifest);
    holds_none("the closing list", &done.stdout);
    assert!(!done.stdout.contains('\u{1b}'), "{}", done.stdout);
}

/// A message about a template quotes lines of it; a small template has everything in one line.
#[test]
fn a_message_about_a_template_covers_its_secrets() {
    let project = Project::new();
    let line = json!({
        "variables": { "password": "hunter2222", "x": "{{nothing}}" },
        "sensitive-variables": ["password"],
        "builders": [{ "type": "null", "communicator": "none", "surprise\u{202e}\u{1b}[2J": 1 }],
    });
    project.write("template.json", &line.to_string());
    for (argument, told) in [
        ("-syntax-only=false", "Failed to interpolate"),
        ("-var=x=1", "unknown option"),
    ] {
        let done = project
            .kilnbox
            .run(
                &project.bed.local(),
                &["validate", "--trust", argument, "template.json"],
            )
            .exited(1);
        assert!(done.stderr.contains(told), "{}", done.stderr);
        assert!(!done.stderr.contains("hunter2222"), "{}", done.stderr);
        assert!(done.stderr.contains("**********"), "{}", done.stderr);
        assert!(!done.stderr.contains(['\u{202e}', '\u{1b}']), "{}", done.stderr);
    }
}

#[test]
fn a_secret_too_short_to_hide_is_announced() {
    let project = Project::new();
    let template = json!({
        "variables": { "pin": "123" },
        "sensitive-variables": ["pin"],
        "builders": [{ "type": "null", "communicator": "none" }],
        "provisioners": [{ "type": "shell-local", "inline": ["echo {{user `pin`}}"] }],
    });
    project.write("template.json", &template.to_string());
    let mut command = project.kilnbox.command(&project.bed.local());
    command.args(["build", "--trust", "template.json"]);
    project
        .run(command)
        .says("1 sensitive value(s) shorter than 4 characters cannot be hidden in the output");
}
