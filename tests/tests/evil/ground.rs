//! Where a case is run: a folder with a template, one beside it that no template names, and one on the instance.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use kilnbox_tests::{Kilnbox, SshBed, Tree};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::{
    case::{Case, Kind, Node, Special},
    component,
    user::User,
};

/// What no step may ever see.
pub(crate) const OUTSIDE: &str = "the secret outside";

/// The folders of one run.
#[derive(Debug)]
pub(crate) struct Ground<'b> {
    folder: TempDir,
    bed: &'b SshBed,
    instance: PathBuf,
    user: User,
    pub(crate) kilnbox: Kilnbox,
}

impl<'b> Ground<'b> {
    /// `title` names it among those of the same bed.
    pub(crate) fn new(title: &str, bed: &'b SshBed, user: User) -> Self {
        let folder = TempDir::with_prefix("kilnbox-test-evil-").expect("a temporary folder can be made");
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("it was made here");
        let instance = bed
            .instance()
            .join(format!("{}-{}", user.name(), title.replace('/', "-")));
        for made in [
            folder.path().join("local"),
            folder.path().join("outside"),
            instance.clone(),
        ] {
            fs::create_dir(made).expect("a folder can be made");
        }
        fs::write(folder.path().join("outside/secret.txt"), OUTSIDE).expect("a file can be written");
        fs::copy(bed.key(), folder.path().join("key")).expect("a key can be copied");
        Self {
            folder,
            bed,
            instance,
            user,
            kilnbox: Kilnbox::new(),
        }
    }

    pub(crate) fn local(&self) -> PathBuf {
        self.folder.path().join("local")
    }

    pub(crate) fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }

    /// A builder that connects to the bed.
    pub(crate) fn builder(&self, name: &str) -> Json {
        let mut builder = self.bed.builder();
        builder["name"] = json!(name);
        builder["ssh_private_key_file"] = json!(self.folder.path().join("key"));
        builder
    }

    /// A step that leaves `name` on the instance.
    pub(crate) fn mark(&self, name: &str, only: &str) -> Json {
        let touch = format!("touch {}", self.instance.join(name).display());
        json!({ "type": "shell", "only": [only], "inline": [touch] })
    }

    /// Whether a step left `name` on the instance.
    pub(crate) fn marked(&self, name: &str) -> bool {
        self.instance.join(name).exists()
    }

    /// Puts the component of a case in place, as the plugin `name`.
    pub(crate) fn component(&self, case: &Case, name: &str) {
        component::write(case, &self.local().join(format!("{name}.wasm")));
    }

    /// Writes a file beside the template; all of it is the user's from now on.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.local().join(name), text).expect("a file can be written");
        self.user.own(self.folder.path());
    }

    /// Puts the case's component, files and template in place.
    pub(crate) fn prepare(&self, case: &Case) {
        let plugin = case.plugin();
        self.component(case, plugin);
        let limits: Vec<String> = case
            .limits
            .iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        let manifest = format!(
            "[plugins.{plugin}]\nsource = \"file:{plugin}.wasm\"\nlimits = {{ {} }}\n",
            limits.join(", ")
        );
        fs::write(self.local().join("kilnbox.toml"), manifest).expect("a file can be written");
        for (name, node) in &case.local {
            self.plant(&self.local().join(name), node);
        }
        let template = self.filled(&format!("{:#}", self.template(case)));
        fs::write(self.local().join("template.json"), template).expect("a file can be written");
        self.user.own(self.folder.path());
    }

    /// Two builds: `bad` has the hostile steps and one after them, `good` a step of its own.
    fn template(&self, case: &Case) -> Json {
        let none = [json!({})];
        let options = if case.steps.is_empty() {
            &none[..]
        } else {
            &case.steps[..]
        };
        let hostile = options.iter().map(|options| {
            let mut step = options.clone();
            let settings = [
                ("type", Some(json!(case.plugin()))),
                ("timeout", case.timeout.as_ref().map(|timeout| json!(timeout))),
                ("max_retries", case.max_retries.map(|retries| json!(retries))),
            ];
            for (key, value) in settings {
                // A step may be another than the case's.
                if let Some(value) = value.filter(|_| options.get("type").is_none()) {
                    step[key] = value;
                }
            }
            step
        });
        let mut template = json!({ "variables": case.variables });
        if case.variables.contains_key("secret") {
            template["sensitive-variables"] = json!(["secret"]);
        }
        let good = self.builder("good");
        match case.kind {
            Kind::Provisioner => {
                template["builders"] = json!([self.builder("bad"), good]);
                let only = |mut step: Json| {
                    step["only"] = json!(["bad"]);
                    step
                };
                let mut steps: Vec<Json> = hostile.map(only).collect();
                steps.extend([self.mark("after", "bad"), self.mark("good", "good")]);
                template["provisioners"] = json!(steps);
            }
            Kind::PostProcessor => {
                let file =
                    json!({ "type": "file", "name": "bad", "target": "artifact.txt", "content": "made" });
                template["builders"] = json!([file, good]);
                template["provisioners"] = json!([self.mark("good", "good")]);
                let mut chain: Vec<Json> = hostile.collect();
                chain.push(json!({ "type": "manifest", "output": "after.json" }));
                for step in &mut chain {
                    step["only"] = json!(["bad"]);
                }
                template["post-processors"] = json!([chain]);
            }
        }
        template
    }

    fn plant(&self, path: &Path, node: &Node) {
        let parent = path.parent().expect("it lies in the folder");
        fs::create_dir_all(parent).expect("a folder can be made");
        match node {
            Node::Content(text) => fs::write(path, self.filled(text)).expect("a file can be written"),
            Node::Special(Special::Folder) => fs::create_dir_all(path).expect("a folder can be made"),
            Node::Special(Special::Pipe) => {
                let made = Command::new("mkfifo")
                    .arg(path)
                    .status()
                    .expect("mkfifo is there");
                assert!(made.success());
            }
            Node::Special(Special::Link { to }) => {
                std::os::unix::fs::symlink(self.filled(to), path).expect("a link can be made");
            }
            Node::Special(Special::HardLink { to }) => {
                fs::hard_link(self.filled(to), path).expect("a link can be made");
            }
            Node::Special(Special::Program { text }) => {
                fs::write(path, text).expect("a file can be written");
                fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("it was made here");
            }
        }
    }

    fn filled(&self, text: &str) -> String {
        let folders = [
            ("$LOCAL", self.local()),
            ("$OUTSIDE", self.outside()),
            ("$INSTANCE", self.instance.clone()),
        ];
        folders.iter().fold(text.to_owned(), |text, (name, folder)| {
            text.replace(name, &folder.display().to_string())
        })
    }

    /// `kilnbox` as the user, with compiled code kept in `cache`.
    pub(crate) fn command(&self, cache: &Path, arguments: &[&str]) -> Command {
        let mut command = self.user.command(&self.kilnbox, &self.local());
        // A secret of the host that a step might find.
        command
            .env("KILNBOX_CACHE_DIR", cache)
            .env("EVIL_SECRET", "a secret of the environment")
            .args(arguments);
        command
    }

    /// What is in the template's folder and beside it.
    pub(crate) fn trees(&self) -> [Tree; 2] {
        [Tree::read(&self.local()), Tree::read(&self.outside())]
    }

    /// What a run said, without what differs from run to run.
    pub(crate) fn told(&self, text: &str) -> String {
        let names = [
            (self.local(), "$LOCAL"),
            (self.instance.clone(), "$INSTANCE"),
            (self.folder.path().to_owned(), "$FOLDER"),
        ];
        let text = names.iter().fold(text.to_owned(), |text, (folder, name)| {
            text.replace(&folder.display().to_string(), name)
        });
        text.replace(&format!("127.0.0.1:{}", self.bed.port()), "$INSTANCE_ADDRESS")
    }
}
