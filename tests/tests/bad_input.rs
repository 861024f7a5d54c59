//! What a user reads after a mistake: one message, the place, the way out; and nothing is left behind.
//!
//! The whole of standard error is a snapshot, with this run's folders and ports replaced by words.

use std::fs;

use kilnbox_tests::{Kilnbox, SshBed, Tree};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A template with a mistake, and what it needs around it.
struct Mistake {
    folder: TempDir,
    kilnbox: Kilnbox,
    replaced: Vec<(String, &'static str)>,
}

impl Mistake {
    fn in_text(template: &str) -> Self {
        let mistake = Self {
            folder: TempDir::with_prefix("kilnbox-test-mistake-").expect("a temporary folder can be made"),
            kilnbox: Kilnbox::new(),
            replaced: Vec::new(),
        };
        fs::write(mistake.folder.path().join("template.json"), template).expect("a template can be written");
        mistake
    }

    fn in_template(template: &Json) -> Self {
        Self::in_text(&serde_json::to_string_pretty(template).expect("JSON is text"))
    }

    /// Replaces what differs from run to run.
    fn replacing(mut self, what: impl ToString, with: &'static str) -> Self {
        self.replaced.push((what.to_string(), with));
        self
    }

    /// What `build` says to standard error; asserts the exit code and that nothing is left.
    fn message(self) -> String {
        let build = self.said("build");
        assert_eq!(
            Tree::read(self.folder.path()).names(),
            ["template.json"],
            "left beside the template"
        );
        self.kilnbox.left_nothing();
        build
    }

    /// As [`Self::message`], and asserts that `validate` says the same.
    fn message_of_both(self) -> String {
        let validate = self.said("validate");
        let build = self.message();
        assert_eq!(validate, build, "`validate` and `build` differ");
        build
    }

    fn said(&self, command: &str) -> String {
        let run = self
            .kilnbox
            .run(self.folder.path(), &[command, "template.json"])
            .exited(1);
        let mut text = run
            .stderr
            .replace(self.folder.path().to_str().expect("a plain path"), "[folder]");
        for (what, with) in &self.replaced {
            text = text.replace(what, with);
        }
        text.lines().map(without_duration).collect::<Vec<_>>().join("\n")
    }
}

/// `errored after 3 seconds 12 milliseconds: …` without the time, which differs from run to run.
fn without_duration(line: &str) -> String {
    const BEFORE: &str = " errored after ";
    let parts = line
        .split_once(BEFORE)
        .and_then(|(build, rest)| Some((build, rest.split_once(": ")?.1)));
    parts.map_or_else(
        || line.to_owned(),
        |(build, why)| format!("{build}{BEFORE}[duration]: {why}"),
    )
}

/// A template whose only builder needs no machine.
fn offline(provisioner: Json) -> Json {
    json!({ "builders": [{ "type": "null", "communicator": "none" }], "provisioners": [provisioner] })
}

#[test]
fn broken_json() {
    insta::assert_snapshot!(
        Mistake::in_text(
            "{\n  \"builders\": [\n    { \"type\": \"null\" }\n  ]\n  \"provisioners\": []\n}\n"
        )
        .message_of_both()
    );
}

#[test]
fn truncated_json() {
    insta::assert_snapshot!(Mistake::in_text("{\n  \"builders\": [\n    { \"type\": \"nu").message_of_both());
}

#[test]
fn unknown_option_of_a_provisioner() {
    let template = offline(json!({ "type": "shell", "inlines": ["true"], "inline": ["true"] }));
    insta::assert_snapshot!(Mistake::in_template(&template).message_of_both());
}

#[test]
fn unknown_option_of_a_builder() {
    let template = json!({ "builders": [{ "type": "null", "communicator": "none", "ssh_hots": "a" }] });
    insta::assert_snapshot!(Mistake::in_template(&template).message_of_both());
}

#[test]
fn unknown_provisioner() {
    insta::assert_snapshot!(
        Mistake::in_template(&offline(json!({ "type": "shel", "inline": ["true"] }))).message_of_both()
    );
}

#[test]
fn unknown_builder() {
    insta::assert_snapshot!(
        Mistake::in_template(&json!({ "builders": [{ "type": "nul" }] })).message_of_both()
    );
}

#[test]
fn wrong_type_of_an_option() {
    let template = offline(json!({ "type": "shell", "inline": ["true"], "valid_exit_codes": { "a": 1 } }));
    insta::assert_snapshot!(Mistake::in_template(&template).message_of_both());
}

#[test]
fn missing_script() {
    insta::assert_snapshot!(
        Mistake::in_template(&offline(json!({ "type": "shell", "script": "none.sh" }))).message_of_both()
    );
}

#[test]
fn missing_source() {
    let template = offline(json!({ "type": "file", "source": "none", "destination": "/tmp/none" }));
    insta::assert_snapshot!(Mistake::in_template(&template).message_of_both());
}

#[test]
fn missing_variable() {
    let mut template = offline(json!({ "type": "shell", "inline": ["true"] }));
    template["variables"] = json!({ "needed": null });
    insta::assert_snapshot!(Mistake::in_template(&template).message_of_both());
}

#[test]
fn unknown_function() {
    insta::assert_snapshot!(
        Mistake::in_template(&offline(
            json!({ "type": "shell", "inline": ["echo {{nonsense}}"] })
        ))
        .message_of_both()
    );
}

#[test]
fn several_mistakes_at_once() {
    let template = json!({
        "builders": [{ "type": "null", "communicator": "none", "nonsense": 1 }],
        "provisioners": [
            { "type": "shell" },
            { "type": "file", "destination": "/tmp/x" },
        ],
    });
    insta::assert_snapshot!(Mistake::in_template(&template).message_of_both());
}

#[test]
fn missing_template() {
    let kilnbox = Kilnbox::new();
    let folder = TempDir::new().expect("a temporary folder can be made");
    let run = kilnbox.run(folder.path(), &["build", "none.json"]).exited(1);
    insta::assert_snapshot!(run.stderr);
    kilnbox.left_nothing();
}

/// A builder that gives up soon, so that the test need not wait for a machine that is booting.
fn impatient(mut builder: Json) -> Json {
    builder["ssh_timeout"] = json!("3s");
    builder["ssh_handshake_attempts"] = json!(2);
    json!({ "builders": [builder], "provisioners": [{ "type": "shell", "inline": ["true"] }] })
}

#[test]
fn refused_connection() {
    let bed = SshBed::start();
    let builder = bed.builder();
    let port = bed.port();
    let key = fs::read(bed.key()).expect("the bed made a key");
    drop(bed); // Nobody listens there any more.
    let keys = TempDir::new().expect("a temporary folder can be made");
    let path = keys.path().join("key");
    fs::write(&path, key).expect("a key can be written");
    let mut builder = builder;
    builder["ssh_private_key_file"] = json!(path);
    let message = Mistake::in_template(&impatient(builder))
        .replacing(port, "[port]")
        .message();
    insta::assert_snapshot!(message);
}

#[test]
fn wrong_key() {
    let bed = SshBed::start();
    let mut builder = bed.builder();
    builder["ssh_private_key_file"] = json!(bed.stranger_key());
    let message = Mistake::in_template(&impatient(builder))
        .replacing(bed.port(), "[port]")
        .message();
    insta::assert_snapshot!(message);
}

#[test]
fn missing_key() {
    let template = json!({ "builders": [{
        "type": "null", "ssh_host": "127.0.0.1", "ssh_username": "root", "ssh_private_key_file": "none",
    }] });
    insta::assert_snapshot!(Mistake::in_template(&template).message_of_both());
}

#[test]
fn script_that_fails() {
    let bed = SshBed::start();
    let template =
        json!({ "builders": [bed.builder()], "provisioners": [{ "type": "shell", "inline": ["exit 7"] }] });
    insta::assert_snapshot!(Mistake::in_template(&template).message());
}

#[test]
fn provisioner_without_a_machine() {
    insta::assert_snapshot!(
        Mistake::in_template(&offline(json!({ "type": "shell", "inline": ["true"] }))).message()
    );
}
