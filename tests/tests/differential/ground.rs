//! Where a case is run: folders of its own, made anew for each program under the same names.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use kilnbox_tests::{SshBed, Tree};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::case::{Case, Content, connects_here};

/// The folders of one case.
#[derive(Debug)]
pub(crate) struct Ground<'c> {
    case: &'c Case,
    folder: TempDir,
    template: String,
}

impl<'c> Ground<'c> {
    /// Folders for `case`, with its template as it will be run against `bed`.
    pub(crate) fn new(case: &'c Case, bed: &SshBed) -> Self {
        let folder = TempDir::with_prefix("kilnbox-test-case-").expect("a temporary folder can be made");
        let template = match &case.template {
            Json::String(text) => text.clone(),
            template => {
                let mut template = template.clone();
                connect(&mut template, bed);
                place_scripts(&mut template, &folder.path().join("scripts"));
                format!("{template:#}")
            }
        };
        let mut ground = Self {
            case,
            folder,
            template: String::new(),
        };
        ground.template = ground.filled(&template);
        ground
    }

    /// The folder of the template, in which both programs are started.
    pub(crate) fn local(&self) -> PathBuf {
        self.folder.path().join("local")
    }

    fn instance(&self) -> PathBuf {
        self.folder.path().join("instance")
    }

    /// Brings everything to the start.
    pub(crate) fn reset(&self) {
        for name in ["local", "instance", "scripts"] {
            let folder = self.folder.path().join(name);
            if folder.exists() {
                fs::remove_dir_all(&folder).expect("it was made here");
            }
            fs::create_dir(&folder).expect("a folder can be made");
        }
        write(&self.local().join("template.json"), &self.template);
        // Packer does not read it.
        write(
            &self.local().join("kilnbox.toml"),
            "[plugins.shell-local]\ngrant = [\"host-exec\"]\n[plugins.breakpoint]\ngrant = [\"prompt\"]\n",
        );
        self.plant(&self.local(), &self.case.local);
        self.plant(&self.instance(), &self.case.remote);
    }

    fn plant(&self, below: &Path, files: &BTreeMap<String, Content>) {
        for (name, content) in files {
            write(&below.join(name), &self.filled(&content.text()));
        }
    }

    /// `text` with this ground's folders in it.
    pub(crate) fn filled(&self, text: &str) -> String {
        text.replace("@INSTANCE@", self.instance().to_str().expect("a plain path"))
            .replace("@LOCAL@", self.local().to_str().expect("a plain path"))
    }

    /// What is there now, as lines.
    pub(crate) fn state(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (whose, folder) in [("instance", self.instance()), ("local", self.local())] {
            let tree = Tree::read(&folder);
            for name in tree.names() {
                let node = match tree.get(&name) {
                    Some(_) if whose == "local" && self.case.opaque.contains(&name) => "a file".to_owned(),
                    node => format!("{:?}", node.expect("it was just named")),
                };
                lines.push(format!("{whose}/{name}: {node}"));
            }
        }
        lines
    }
}

/// Lets the `null` builders that name no host connect to the bed.
fn connect(template: &mut Json, bed: &SshBed) {
    for builder in blocks(template, "builders").filter(|builder| connects_here(builder)) {
        let connection = bed.builder();
        for (key, value) in connection.as_object().expect("a builder is an object") {
            builder[key.as_str()] = value.clone();
        }
    }
}

/// Sends the scripts of `shell` steps to `folder`, unless the template says where they go.
fn place_scripts(template: &mut Json, folder: &Path) {
    let mut steps: Vec<&mut Json> = Vec::new();
    let Some(root) = template.as_object_mut() else {
        return;
    };
    for (key, value) in root.iter_mut() {
        match key.as_str() {
            "provisioners" => steps.extend(value.as_array_mut().into_iter().flatten()),
            "error-cleanup-provisioner" => steps.push(value),
            _ => {}
        }
    }
    for step in steps {
        let placed = step
            .as_object()
            .is_some_and(|step| step.keys().any(|key| key.starts_with("remote_")));
        if step["type"] == "shell" && !placed {
            step["remote_folder"] = folder.to_str().expect("a plain path").into();
        }
    }
}

fn blocks<'t>(template: &'t mut Json, key: &str) -> impl Iterator<Item = &'t mut Json> {
    template
        .get_mut(key)
        .and_then(Json::as_array_mut)
        .into_iter()
        .flatten()
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("below a folder")).expect("a folder can be made");
    fs::write(path, content).expect("a file can be written");
    let mode = if path.extension().is_some_and(|ending| ending == "sh") {
        0o755
    } else {
        0o644
    };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode can be set");
}
