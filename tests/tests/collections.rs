//! Templates in the style of the public collections: what Packer's `validate` accepts, Kilnbox's accepts, and what it
//! refuses is refused.
//!
//! Each folder of `tests/collections` is a template of the size people write, with its scripts and files, and
//! `broken.json`: the mistakes that are then made in it, each with a text that both programs must tell.

use std::{
    fs,
    path::{Path, PathBuf},
};

use kilnbox_tests::{Finished, Kilnbox, Packer, Running, repository, side_by_side};
use serde::Deserialize;
use serde_json::Value as Json;
use tempfile::TempDir;

/// A folder of `tests/collections`.
#[derive(Debug)]
struct Template {
    name: String,
    template: Json,
    /// Flags that `validate` needs, such as a variable file.
    arguments: Vec<String>,
    broken: Vec<Variation>,
}

#[derive(Debug, Deserialize)]
struct Broken {
    variations: Vec<Variation>,
}

/// A mistake.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variation {
    /// What is wrong, in words.
    about: String,
    /// Values to put into the template, by JSON pointer.
    #[serde(default)]
    set: serde_json::Map<String, Json>,
    /// JSON pointers of what is taken out.
    #[serde(default)]
    remove: Vec<String>,
    /// Flags instead of the template's own.
    arguments: Option<Vec<String>>,
    /// What both programs must tell.
    says: String,
}

fn folder() -> PathBuf {
    repository().join("tests/collections")
}

fn all() -> Vec<Template> {
    let mut templates: Vec<Template> = fs::read_dir(folder())
        .expect("the templates are there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.join("template.json").exists())
        .map(|path| {
            let read = |name: &str| {
                fs::read_to_string(path.join(name)).unwrap_or_else(|error| panic!("{path:?}: {error}"))
            };
            let broken: Broken = serde_json::from_str(&read("broken.json"))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let arguments = path
                .join("arguments.json")
                .exists()
                .then(|| read("arguments.json"));
            Template {
                name: path
                    .file_name()
                    .expect("a folder has a name")
                    .to_string_lossy()
                    .into(),
                template: serde_json::from_str(&read("template.json")).expect("a template is JSON"),
                arguments: arguments
                    .map(|text| serde_json::from_str(&text).expect("a list of flags"))
                    .unwrap_or_default(),
                broken: broken.variations,
            }
        })
        .collect();
    templates.sort_by(|one, two| one.name.cmp(&two.name));
    templates
}

impl Variation {
    /// The template with this mistake in it.
    fn made_in(&self, template: &Json) -> Json {
        let mut broken = template.clone();
        for (pointer, value) in &self.set {
            match place(&mut broken, pointer) {
                (Json::Array(items), key) => items[key.parse::<usize>().expect("an index")] = value.clone(),
                (block, key) => block[key] = value.clone(),
            }
        }
        for pointer in &self.remove {
            let (block, key) = place(&mut broken, pointer);
            let taken = block.as_object_mut().and_then(|block| block.remove(key));
            assert!(taken.is_some(), "there is no {pointer}");
        }
        broken
    }
}

/// The value that holds what `pointer` means, and its key there.
fn place<'t>(template: &'t mut Json, pointer: &'t str) -> (&'t mut Json, &'t str) {
    let (above, key) = pointer.rsplit_once('/').expect("a pointer");
    let holder = template
        .pointer_mut(above)
        .unwrap_or_else(|| panic!("there is no {above}"));
    (holder, key)
}

/// In a module, so that `make test` can leave out all of it by name, and say so, where no Packer can be installed.
mod compared_with_packer {
    use super::*;

    /// Both programs, in a copy of the folder that broken templates can be written to.
    struct Both {
        copy: TempDir,
        packer: Packer,
        kilnbox: Kilnbox,
    }

    impl Both {
        fn new() -> Self {
            let copy =
                TempDir::with_prefix("kilnbox-test-collections-").expect("a temporary folder can be made");
            copy_tree(&folder(), copy.path());
            Self {
                copy,
                packer: Packer::new(),
                kilnbox: Kilnbox::new(),
            }
        }

        /// `validate` of `name` by each.
        fn validate(
            &self,
            template: &Template,
            arguments: &[String],
            name: &str,
        ) -> [(&'static str, Finished); 2] {
            let folder = self.copy.path().join(&template.name);
            let mut packer = self.packer.command(&folder);
            packer.arg("validate");
            let mut kilnbox = self.kilnbox.command(&folder);
            kilnbox.args(["validate", "--trust"]);
            [("packer", packer), ("kilnbox", kilnbox)].map(|(who, mut command)| {
                command.args(arguments).arg(name);
                (who, Running::start(command).finish())
            })
        }

        /// What is wrong about a template and its variations.
        fn problems(&self, template: &Template) -> Option<String> {
            let mut problems = String::new();
            for (who, run) in self.validate(template, &template.arguments, "template.json") {
                if !run.status.success() {
                    problems.push_str(&format!("{who} refuses {}:\n{}", template.name, run.both()));
                }
            }
            for (index, variation) in template.broken.iter().enumerate() {
                let name = format!("broken-{index}.json");
                let text = format!("{:#}", variation.made_in(&template.template));
                fs::write(self.copy.path().join(&template.name).join(&name), text)
                    .expect("a file can be written");
                let arguments = variation.arguments.as_ref().unwrap_or(&template.arguments);
                for (who, run) in self.validate(template, arguments, &name) {
                    let what = format!("{who} and {} with {}", template.name, variation.about);
                    if run.status.success() {
                        problems.push_str(&format!("{what}: it is accepted\n"));
                    } else if !run.tells(&variation.says) {
                        problems.push_str(&format!("{what}: no `{}` in\n{}", variation.says, run.both()));
                    }
                }
            }
            (!problems.is_empty()).then_some(problems)
        }
    }

    fn copy_tree(from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("a folder can be made");
        for entry in fs::read_dir(from).expect("a folder can be read").flatten() {
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if from.is_dir() {
                copy_tree(&from, &to);
            } else {
                fs::copy(from, to).expect("a file can be copied");
            }
        }
    }

    #[test]
    fn what_packer_accepts_is_accepted_and_what_it_refuses_refused() {
        let templates = all();
        let both = Both::new();
        let problems = side_by_side(&templates, |template| both.problems(template));
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn there_are_thirty_templates_each_with_something_to_break() {
        let templates = all();
        assert!(templates.len() >= 30, "{} templates", templates.len());
        for template in &templates {
            assert!(!template.broken.is_empty(), "{}", template.name);
        }
    }
}
