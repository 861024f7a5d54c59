//! One hostile component, as data: a file below `tests/evil`, by theme.
//!
//! A case says what the component is, what the user's template and folder have, and what must come of it. `$LOCAL`,
//! `$OUTSIDE` and `$INSTANCE` in its texts stand for the folders of the run: the template's, one beside it that no
//! template names, and one on the instance.

use std::{collections::BTreeMap, fs, path::Path};

use kilnbox_tests::repository;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::component::Wat;

/// Where the cases are.
const FOLDER: &str = "tests/evil";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Case {
    /// The folder's name.
    #[serde(skip)]
    pub(crate) theme: String,
    /// The file's name.
    #[serde(skip)]
    pub(crate) name: String,
    /// What is hostile about it.
    pub(crate) why: String,
    /// A guest written here; without one it is that of `tests/guests/evil` or `evil-post`.
    pub(crate) wat: Option<Wat>,
    /// A whole component, as text.
    pub(crate) component: Option<String>,
    /// A file that is no component.
    pub(crate) bytes: Option<Bytes>,
    #[serde(default)]
    pub(crate) kind: Kind,
    /// The options of each hostile step; one without options where there are none.
    #[serde(default)]
    pub(crate) steps: Vec<Json>,
    /// Of each hostile step, in the template.
    pub(crate) timeout: Option<String>,
    pub(crate) max_retries: Option<u32>,
    /// Limits in `kilnbox.toml`, where the default would take too long to reach.
    #[serde(default)]
    pub(crate) limits: BTreeMap<String, Json>,
    /// The template's variables. One of the name `secret` is sensitive.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    /// What is in the template's folder.
    #[serde(default)]
    pub(crate) local: BTreeMap<String, Node>,
    /// Output that is too much to look at goes nowhere.
    #[serde(default)]
    pub(crate) ignore_stdout: bool,
    pub(crate) expect: Expect,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    #[default]
    Provisioner,
    PostProcessor,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bytes {
    Empty,
    Text,
    Truncated,
    Nested,
    CoreModule,
    HundredMegabytes,
    Zeros,
    Pipe,
    Folder,
}

/// A file of the user's, or what stands where one is expected.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Node {
    Content(String),
    Special(Special),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(crate) enum Special {
    Folder,
    Pipe,
    Link {
        to: String,
    },
    /// Another name for a file.
    HardLink {
        to: String,
    },
    Program {
        text: String,
    },
}

/// What must come of a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// The program's exit code.
    pub(crate) exit: i32,
    /// Whether the other build of the same run did its work.
    pub(crate) good: bool,
    /// Whether the step after the hostile ones ran.
    pub(crate) after: bool,
    /// Longest time that the run may take, on a busy machine.
    pub(crate) seconds: u64,
    /// Most memory that the program may take.
    pub(crate) mib: u64,
    /// Names in the template's folder that are made or changed.
    #[serde(default)]
    pub(crate) changes: Vec<String>,
}

impl Case {
    /// All of them, by theme and name.
    pub(crate) fn all() -> Vec<Self> {
        let mut cases = Vec::new();
        for theme in names(&repository().join(FOLDER)) {
            let folder = repository().join(FOLDER).join(&theme);
            for file in names(&folder) {
                if let Some(name) = file.strip_suffix(".toml") {
                    cases.push(Self::read(&folder.join(&file), &theme, name));
                }
            }
        }
        cases
    }

    fn read(file: &Path, theme: &str, name: &str) -> Self {
        let text = fs::read_to_string(file).expect("it was listed");
        let case: Self = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Self {
            theme: theme.to_owned(),
            name: name.to_owned(),
            ..case
        }
    }

    pub(crate) fn title(&self) -> String {
        format!("{}/{}", self.theme, self.name)
    }

    /// The name of its component in the template.
    pub(crate) fn plugin(&self) -> &'static str {
        let own = self.wat.is_some() || self.component.is_some() || self.bytes.is_some();
        match (own, self.kind) {
            (true, _) => "guest",
            (false, Kind::Provisioner) => "evil",
            (false, Kind::PostProcessor) => "evil-post",
        }
    }
}

/// Sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a name").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
