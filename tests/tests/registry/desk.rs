//! A user with a project, and what is said to them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use kilnbox_tests::{Finished, Kilnbox, Running, registry::Registry};
use regex::Regex;
use tempfile::TempDir;

use crate::component::component;

/// A build of nothing, with one step.
const TEMPLATE: &str = r#"{
  "builders": [{"type": "null", "communicator": "none"}],
  "provisioners": [{"type": "tool"}]
}
"#;

/// A user of Kilnbox, with a folder that has a template and a `kilnbox.toml`.
pub(crate) struct Desk {
    pub(crate) kilnbox: Kilnbox,
    folder: TempDir,
}

impl Desk {
    /// With a template whose step is `tool`, and this `kilnbox.toml`.
    pub(crate) fn new(project: &str) -> Self {
        let desk = Self {
            kilnbox: Kilnbox::new(),
            folder: TempDir::with_prefix("kilnbox-test-desk-").expect("a temporary folder can be made"),
        };
        desk.write("template.json", TEMPLATE);
        desk.write("kilnbox.toml", project);
        desk
    }

    /// With the plugin `tool` from a repository of that name.
    pub(crate) fn with_tool(registry: &Registry, version: &str) -> Self {
        Self::new(&tool(&registry.host(), version))
    }

    pub(crate) fn at(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.at().join(name), content).expect("a file can be written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The user's own configuration.
    pub(crate) fn configure(&self, config: &str) {
        let folder = self.home().join("config");
        fs::write(folder.join("config.toml"), config).expect("a file can be written");
    }

    fn home(&self) -> PathBuf {
        let state = self.kilnbox.state();
        state.parent().expect("it is in the home").to_owned()
    }

    /// Where the bytes of plugins are kept.
    pub(crate) fn stored(&self) -> Vec<PathBuf> {
        let folder = self.home().join("cache/plugins/sha256");
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }

    /// Forgets all that was downloaded, as a fresh machine has it.
    pub(crate) fn forget(&self) {
        fs::remove_dir_all(self.home().join("cache/plugins")).expect("something was downloaded");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.kilnbox.command(self.at());
        command.args(arguments);
        command
    }

    /// Runs without any registry in reach.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        Running::start(self.command(arguments)).finish()
    }

    /// Runs as who is known to the registry.
    pub(crate) fn ask(&self, registry: &Registry, arguments: &[&str]) -> Finished {
        let mut command = self.command(arguments);
        registry.known_to(&mut command);
        Running::start(command).finish()
    }

    /// Publishes a component under its version.
    pub(crate) fn publish(&self, registry: &Registry, version: &str, interfaces: &[&str]) -> Finished {
        self.publish_as(registry, version, &component("tool", version, interfaces), &[])
    }

    /// Publishes bytes under a tag.
    pub(crate) fn publish_as(&self, registry: &Registry, tag: &str, bytes: &[u8], more: &[&str]) -> Finished {
        self.write("published.wasm", bytes);
        let target = format!("oci://{}/acme/tool:{tag}", registry.host());
        let mut arguments = vec!["plugin", "publish", "published.wasm", &target];
        arguments.extend(more);
        self.ask(registry, &arguments)
    }

    /// What was said, without what differs from run to run.
    pub(crate) fn words(&self, run: &Finished) -> String {
        let said = self.without_chance(&run.stdout);
        // Errors are wrapped, and where depends on the names of temporary folders.
        let wrap = "\n  │ |\n {8}";
        let path = |path: &Path| {
            let letters = path.to_str().expect("a plain name").chars();
            let letters: Vec<String> = letters.map(|letter| regex::escape(&letter.to_string())).collect();
            letters.join(&format!("(?:{wrap})?"))
        };
        let errors = replace(&run.stderr, &path(self.at()), "[project]");
        let errors = replace(&errors, &path(&self.home()), "[home]");
        let errors = replace(&errors, &format!("([/-])(?:{wrap})"), "$1");
        said + &self.without_chance(&replace(&errors, wrap, " "))
    }

    /// A text without digests, times, ports and folders of this run.
    pub(crate) fn without_chance(&self, text: &str) -> String {
        let text = text.replace(&self.at().display().to_string(), "[project]");
        let text = text.replace(&self.home().display().to_string(), "[home]");
        [
            (r"(localhost|127\.0\.0\.1):\d+", "$1:[port]"),
            (r"[0-9a-f]{64}", "[digest]"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[time]"),
            (r"\d+ (milli|micro)?seconds?( \d+ microseconds?)?", "[while]"),
        ]
        .into_iter()
        .fold(text, |text, (pattern, with)| replace(&text, pattern, with))
    }
}

fn replace(text: &str, pattern: &str, with: &str) -> String {
    let pattern = Regex::new(pattern).expect("a pattern");
    pattern.replace_all(text, with).into_owned()
}

/// `kilnbox.toml` with the plugin `tool` of a registry.
pub(crate) fn tool(host: &str, version: &str) -> String {
    format!("[plugins.tool]\nsource = \"oci://{host}/acme/tool\"\nversion = \"{version}\"\n")
}
