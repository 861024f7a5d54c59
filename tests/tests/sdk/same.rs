//! The same step in every language is the same step: on a transcript, on a real sshd and in a container it does the same
//! things, says the same and leaves the same behind.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use kilnbox_tests::{Image, Kilnbox, SshBed, needs_root, repository};
use regex::Regex;
use serde_json::{Value as Json, json};
use similar::TextDiff;
use tempfile::TempDir;

use super::languages::{Language, turn};

/// What a step did, by occasion: what was told of it, line by line, and what it left.
type Behaviour = BTreeMap<String, String>;

const ON_A_SERVER: &str = "harden-sshd on a server";
const IN_A_CONTAINER: &str = "harden-sshd in a container";

const SSHD_CONFIG: &str = "50-hardening.conf";

#[test]
fn every_language_behaves_the_same() {
    needs_root("steps are tried in a container and with a server that runs as root");
    let _turn = turn();
    let behaviours = Language::ALL.map(|language| (language, behaviour(language)));
    let [(_, first), others @ ..] = &behaviours;
    for (language, other) in others {
        for (occasion, expected) in first {
            let found = &other[occasion];
            assert!(
                expected == found,
                "{language:?} behaves otherwise than Rust, {occasion}:\n{}",
                TextDiff::from_lines(expected, found).unified_diff()
            );
        }
    }
    for (occasion, told) in first
        .iter()
        .filter(|(occasion, _)| !tells_of_this_machine(occasion))
    {
        insta::assert_snapshot!(occasion.replace(' ', "-"), told);
    }
}

/// What is told on a machine names its addresses and what its kernel can do.
fn tells_of_this_machine(occasion: &str) -> bool {
    [ON_A_SERVER, IN_A_CONTAINER].contains(&occasion)
}

fn behaviour(language: Language) -> Behaviour {
    let harden = language.build("harden-sshd");
    let note = language.build("release-note");
    let trial = Trial {
        kilnbox: Kilnbox::new(),
        project: repository()
            .join("examples/plugins")
            .join(language.name())
            .join("harden-sshd"),
    };
    let mut behaviour = Behaviour::new();
    for name in transcripts() {
        let told = trial.on_a_transcript(&harden, &name);
        behaviour.insert(format!("on the transcript {name}"), told);
    }
    behaviour.insert(ON_A_SERVER.into(), trial.on_a_server(&harden));
    behaviour.insert(IN_A_CONTAINER.into(), trial.in_a_container(&harden));
    behaviour.insert("release-note".into(), trial.on_an_artifact(&note));
    for (name, component) in [("harden-sshd", &harden), ("release-note", &note)] {
        behaviour.insert(format!("plugin docs of {name}"), trial.docs(component));
        behaviour.insert(format!("plugin check of {name}"), trial.check(component));
    }
    trial.kilnbox.left_nothing();
    behaviour
}

/// The transcripts for `harden-sshd`.
fn transcripts() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(repository().join("examples/plugins/transcripts"))
        .expect("there are transcripts")
        .filter_map(|entry| {
            let name = entry.expect("a folder can be read").file_name();
            Some(name.to_str()?.strip_suffix(".toml")?.to_owned())
        })
        .collect();
    names.sort();
    names
}

struct Trial {
    kilnbox: Kilnbox,
    /// Where the example is run.
    project: PathBuf,
}

impl Trial {
    fn on_a_transcript(&self, component: &Path, name: &str) -> String {
        let component = component.to_str().expect("a plain name");
        let options = format!("../../transcripts/{name}.json");
        let transcript = format!("../../transcripts/{name}.toml");
        let run = self.kilnbox.run(
            &self.project,
            &[
                "plugin",
                "run",
                component,
                "--config",
                &options,
                "--against",
                &transcript,
                "--log-format",
                "json",
            ],
        );
        let told = told(&run.stdout, &self.project);
        match fs::read_to_string(self.project.join(format!("../../transcripts/{name}.error"))) {
            Ok(error) => {
                let run = run.exited(1);
                assert!(run.both().contains(error.trim()), "{}", run.both());
            }
            Err(_) => drop(run.succeeded()),
        }
        told
    }

    fn on_a_server(&self, component: &Path) -> String {
        let bed = SshBed::start();
        let path = bed.instance().join(SSHD_CONFIG);
        fs::write(bed.local().join("banner"), "Authorised people only.\n").expect("a file can be written");
        let step = json!({
            "type": "harden-sshd",
            "allow_users": ["admin", "build"],
            "permit_root_login": "prohibit-password",
            "banner": "banner",
            "path": path,
        });
        let template = json!({ "builders": [bed.builder()], "provisioners": [step] });
        let mut told = self.build("harden-sshd", component, &bed.local(), &template);
        for name in [SSHD_CONFIG.to_owned(), format!("{SSHD_CONFIG}.banner")] {
            let text = fs::read_to_string(bed.instance().join(&name)).expect("the step made it");
            left(&mut told, &name, &text);
        }
        // The place is another in every run, and so are the size and digest of a file that names it; what the file says
        // is above.
        let digest = Regex::new(r#"\{"size":\d+,"sha256":"[0-9a-f]{64}"\}"#).expect("a pattern");
        told = digest.replace_all(&told, "\"CONTENT\"").into_owned();
        told = told.replace(bed.instance().to_str().expect("a plain name"), "INSTANCE");
        told.replace(&format!("\"{}\"", bed.port()), "PORT")
    }

    fn in_a_container(&self, component: &Path) -> String {
        let folder = TempDir::with_prefix("kilnbox-test-sdk-").expect("a temporary folder can be made");
        let step = json!({
            "type": "harden-sshd",
            "password_authentication": true,
            // A container without a boot has neither the folder nor keys.
            "check": "mkdir -p /run/sshd && ssh-keygen -A && /usr/sbin/sshd -t -f {{.Path}}",
        });
        let builder = json!({ "type": "rootfs", "from": "host", "output": "image.tar" });
        let template = json!({ "builders": [builder], "provisioners": [step] });
        let mut told = self.build("harden-sshd", component, folder.path(), &template);
        let layer = Image::read(&folder.path().join("image.tar")).newest_layer();
        for (name, entry) in layer.iter().filter(|(name, _)| name.contains("hardening")) {
            let text = format!(
                "mode {:o}\n{}",
                entry.mode,
                String::from_utf8_lossy(&entry.content)
            );
            left(&mut told, name, &text);
        }
        assert!(
            layer.keys().all(|name| !name.starts_with("tmp/harden-sshd")),
            "a temporary file is left"
        );
        told
    }

    fn on_an_artifact(&self, component: &Path) -> String {
        let folder = TempDir::with_prefix("kilnbox-test-sdk-").expect("a temporary folder can be made");
        let template = json!({
            "builders": [{ "type": "file", "content": "the bytes of a disk\n", "target": "disk.raw" }],
            "post-processors": [[
                { "type": "release-note", "output": "RELEASE.md", "algorithms": ["md5", "sha512"] },
            ]],
        });
        let mut told = self.build("release-note", component, folder.path(), &template);
        let text = fs::read_to_string(folder.path().join("RELEASE.md")).expect("the step made it");
        left(&mut told, "RELEASE.md", &text);
        told
    }

    fn docs(&self, component: &Path) -> String {
        let component = component.to_str().expect("a plain name");
        let run = self.kilnbox.run(&self.project, &["plugin", "docs", component]);
        run.succeeded().stdout
    }

    /// What is found, without sizes and times.
    fn check(&self, component: &Path) -> String {
        let component = component.to_str().expect("a plain name");
        let run = self
            .kilnbox
            .run(&self.project, &["plugin", "check", "--format", "json", component])
            .succeeded();
        let mut found: Json = serde_json::from_str(&run.stdout).expect("JSON");
        let fields = found.as_object_mut().expect("an object");
        for key in ["wasi", "size", "compile_ms", "memory"] {
            fields.shift_remove(key);
        }
        format!("{found:#}\n")
    }

    /// Builds a template with the component as a plugin, and returns what was told.
    fn build(&self, name: &str, component: &Path, folder: &Path, template: &Json) -> String {
        let manifest = format!("[plugins.{name}]\nsource = \"file:step.wasm\"\n");
        fs::copy(component, folder.join("step.wasm")).expect("the component was built");
        fs::write(folder.join("kilnbox.toml"), manifest).expect("a file can be written");
        fs::write(folder.join("template.json"), template.to_string()).expect("a file can be written");
        let run = self
            .kilnbox
            .run(folder, &["build", "--log-format", "json", "template.json"])
            .succeeded();
        told(&run.stdout, folder)
    }
}

fn left(told: &mut String, name: &str, text: &str) {
    let _ = write!(told, "left {name}:\n{text}");
}

/// The events of a run, one a line, without what is different in every run.
fn told(events: &str, folder: &Path) -> String {
    let random = Regex::new("harden-sshd-[0-9a-f]{8}").expect("a pattern");
    let image = Regex::new("sha256:[0-9a-f]{64}").expect("a pattern");
    let folder = folder.to_str().expect("a plain name");
    let mut told = String::new();
    for line in events.lines() {
        let mut event: Json = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let fields = event.as_object_mut().expect("an event is an object");
        for key in ["v", "run", "seq", "time", "took"] {
            fields.shift_remove(key);
        }
        if fields.get("act") == Some(&json!("component")) {
            fields.shift_remove("sha256");
        }
        let line = event.to_string().replace(folder, "FOLDER");
        let line = random.replace_all(&line, "harden-sshd-RANDOM");
        told += &image.replace_all(&line, "sha256:IMAGE");
        told.push('\n');
    }
    told
}
