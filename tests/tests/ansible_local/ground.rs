//! A machine and a folder for a template, with a note of every command line that the machine is given.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use kilnbox_tests::{Finished, Kilnbox, SshBed, Tree};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A play of all hosts with these tasks, each a line of YAML.
pub(crate) fn play(tasks: &[&str]) -> String {
    let tasks: String = tasks.iter().map(|task| format!("    - {task}\n")).collect();
    format!("- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}")
}

/// What a test stands on.
pub(crate) struct Ground {
    pub(crate) bed: SshBed,
    pub(crate) kilnbox: Kilnbox,
    pub(crate) notes: TempDir,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let notes = TempDir::with_prefix("kilnbox-test-notes-").expect("a temporary folder can be made");
        let spy = notes.path().join("spy");
        let script = format!(
            "#!/bin/sh\n\
             printf '%s\\n' \"$SSH_ORIGINAL_COMMAND\" >> {}/lines\n\
             [ \"$SSH_ORIGINAL_COMMAND\" != internal-sftp ] || exec /usr/lib/openssh/sftp-server\n\
             exec \"$SHELL\" -c \"$SSH_ORIGINAL_COMMAND\"\n",
            notes.path().display()
        );
        fs::write(&spy, script).expect("a file can be written");
        fs::set_permissions(&spy, fs::Permissions::from_mode(0o755)).expect("its mode can be set");
        Self {
            bed: SshBed::with(&format!("ForceCommand {}\n", spy.display())),
            kilnbox: Kilnbox::new(),
            notes,
        }
    }

    /// A path on the instance, as text for a template.
    pub(crate) fn at(&self, name: &str) -> String {
        let path = self.bed.instance().join(name);
        path.to_str().expect("a plain path").to_owned()
    }

    /// Writes a file beside the template. `@` is the instance's folder.
    pub(crate) fn local(&self, name: &str, text: &str) {
        write(&self.bed.local().join(name), &text.replace('@', &self.at("")));
    }

    /// What a file on the instance says.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.bed.instance().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Builds with one `ansible-local` step, whose staging folder is `staging` unless it says another.
    pub(crate) fn build(&self, step: Json) -> Finished {
        self.build_with(&[], step)
    }

    pub(crate) fn build_with(&self, flags: &[&str], step: Json) -> Finished {
        let folder = self.template(step);
        let mut arguments = vec!["build", "-color=false"];
        arguments.extend(flags);
        arguments.push("template.json");
        self.kilnbox.run(&folder, &arguments)
    }

    /// Writes the template, and returns its folder.
    pub(crate) fn template(&self, mut step: Json) -> PathBuf {
        step["type"] = "ansible-local".into();
        if step.get("staging_directory").is_none() {
            step["staging_directory"] = self.at("staging").into();
        }
        let template = json!({
            "variables": { "token": "" },
            "sensitive-variables": ["token"],
            "builders": [self.bed.builder()],
            "provisioners": [step],
        });
        self.local("template.json", &template.to_string());
        self.bed.local()
    }

    /// The command lines that a user could name: those that are no transfer of files.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.notes.path().join("lines")).unwrap_or_default();
        text.lines()
            .filter(|line| {
                !line.contains(" && tar ")
                    && ["mkdir -p ", "cd ", "rm -rf "]
                        .iter()
                        .any(|begin| line.starts_with(begin))
            })
            .map(str::to_owned)
            .collect()
    }

    /// What is in the staging folder.
    pub(crate) fn staged(&self) -> Vec<String> {
        Tree::read(&self.bed.instance().join("staging")).files()
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("below a folder")).expect("a folder can be made");
    fs::write(path, text).expect("a file can be written");
}
