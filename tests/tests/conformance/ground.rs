//! Where a case is played: a folder with its files, a user's home, and a folder of the instance if it has one.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use kilnbox_tests::{Kilnbox, Tree};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::{
    case::{Case, Given},
    table::Table,
};

/// The name of a case's template.
pub(crate) const TEMPLATE: &str = "template.json";

/// A case's place.
pub(crate) struct Ground<'t> {
    table: &'t Table,
    at: usize,
    folder: TempDir,
    pub(crate) kilnbox: Kilnbox,
    /// What was there before.
    pub(crate) given: Tree,
}

impl<'t> Ground<'t> {
    pub(crate) fn new(table: &'t Table, at: usize, case: &Case) -> Self {
        let mut ground = Self {
            table,
            at,
            folder: TempDir::with_prefix("kilnbox-test-case-").expect("a temporary folder can be made"),
            kilnbox: Kilnbox::new(),
            given: Tree::default(),
        };
        let mut files = table.files.clone();
        files.extend(case.files.clone());
        let text = case.raw.clone().unwrap_or_else(|| ground.template(case));
        files.insert(TEMPLATE.to_owned(), Given::Text(text));
        for (name, file) in &files {
            ground.write(name, file);
        }
        ground.given = Tree::read(ground.folder());
        ground
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The words a case uses for what differs from run to run: `[folder]` is its folder, `[instance]` its folder on the
    /// instance, `[port]` and `[key]` lead to the SSH server.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut text = text.replace("[folder]", &self.folder().to_string_lossy());
        if text.contains("[instance]") {
            text = text.replace("[instance]", &self.instance().to_string_lossy());
        }
        if text.contains("[port]") {
            text = text.replace("[port]", &self.table.bed().port().to_string());
        }
        if text.contains("[key]") {
            text = text.replace("[key]", &self.table.bed().key().to_string_lossy());
        }
        text
    }

    /// What is in the case's folder on the instance.
    pub(crate) fn on_the_instance(&self) -> Tree {
        match self.uses_the_bed() {
            true => Tree::read(&self.instance()),
            false => Tree::default(),
        }
    }

    fn uses_the_bed(&self) -> bool {
        self.table.has_bed()
    }

    fn instance(&self) -> PathBuf {
        let folder = self.table.bed().instance().join(self.at.to_string());
        fs::create_dir_all(&folder).expect("a folder can be made");
        folder
    }

    /// Every value on a line of its own, so that places tell values apart.
    fn template(&self, case: &Case) -> String {
        let mut template = self.table.template.clone();
        template.extend(case.template.clone());
        let builders = template.get_mut("builders").and_then(Json::as_array_mut);
        for builder in builders.into_iter().flatten() {
            if builder["type"] == "bed" {
                let on_the_bed = self.table.bed().builder();
                let members = on_the_bed.as_object().expect("a builder is an object").clone();
                let builder = builder.as_object_mut().expect("it has a type");
                builder.remove("type");
                for (key, value) in members {
                    builder.entry(key).or_insert(value);
                }
            }
        }
        serde_json::to_string_pretty(&json!(template)).expect("JSON is text")
    }

    fn write(&self, name: &str, file: &Given) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
        match file {
            Given::Text(text) => fs::write(&path, self.fill(text)).expect("a file can be written"),
            Given::File { text, mode } => {
                fs::write(&path, self.fill(text)).expect("a file can be written");
                let mode = u32::from_str_radix(mode, 8).expect("a mode is octal");
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode can be set");
            }
            Given::Link { link } => symlink(link, &path).expect("a link can be made"),
        }
    }
}
