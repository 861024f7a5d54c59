//! One case, a file of `tests/differential`: a template, what lies around it, and how it is run.
//!
//! `@INSTANCE@` in a text is the folder on the "instance" that the case may write to, `@LOCAL@` that of the template. A
//! `null` builder that names no host connects to the suite's server. Where a `shell` step does not say where its script
//! goes, it goes to a folder of the case: cases run side by side, and the random number in its default name might meet
//! itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use kilnbox_tests::repository;
use serde::Deserialize;
use serde_json::Value as Json;

/// What is run, on what ground, and where the two programs may differ.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The file's name without its ending.
    #[serde(skip)]
    pub(crate) name: String,
    /// What it shows, in a sentence.
    pub(crate) about: String,
    /// The template; a string is a template that is no JSON.
    pub(crate) template: Json,
    /// Files beside the template, by path; `.sh` can be executed.
    #[serde(default)]
    pub(crate) local: BTreeMap<String, Content>,
    /// Files on the instance, by path below its folder.
    #[serde(default)]
    pub(crate) remote: BTreeMap<String, Content>,
    /// Environment variables for both programs.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// Command lines without the program and the template, run one after the other on the same ground.
    #[serde(default = "one_build")]
    pub(crate) runs: Vec<Vec<String>>,
    /// The exit code of each run; 0 where nothing is said.
    #[serde(default)]
    pub(crate) codes: Vec<i32>,
    /// For templates that are refused: texts that both programs must say. Such messages are laid out differently, and
    /// only these are compared.
    pub(crate) refused: Option<Vec<String>>,
    /// Files beside the template that only have to be there: archives, whose bytes depend on the compressor.
    #[serde(default)]
    pub(crate) opaque: BTreeSet<String>,
    /// What only one of the two says or does, and why.
    #[serde(default)]
    pub(crate) differs: Vec<Differs>,
}

/// Lines that only one program gives, for a reason that has a row in `docs/packer-differences.md`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Differs {
    /// First cell of the row.
    pub(crate) topic: String,
    /// Lines of Packer alone.
    #[serde(default)]
    pub(crate) packer: Vec<String>,
    /// Lines of Kilnbox alone.
    #[serde(default)]
    pub(crate) kilnbox: Vec<String>,
}

/// A file's text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Content {
    /// As it is.
    Text(String),
    /// Each with a line end.
    Lines(Vec<String>),
}

fn one_build() -> Vec<Vec<String>> {
    vec![vec!["build".to_owned()]]
}

impl Content {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Lines(lines) => lines.iter().map(|line| format!("{line}\n")).collect(),
        }
    }
}

impl Case {
    /// Every case, by name.
    pub(crate) fn all() -> Vec<Self> {
        let folder = repository().join("tests/differential");
        let mut cases: Vec<Self> = fs::read_dir(&folder)
            .expect("the templates are there")
            .map(|entry| {
                let path = entry.expect("the folder can be read").path();
                let text = fs::read_to_string(&path).expect("a case can be read");
                let mut case: Self =
                    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                case.name = path
                    .file_stem()
                    .expect("a file has a name")
                    .to_string_lossy()
                    .into();
                assert!(!case.about.is_empty(), "{}: what does it show?", case.name);
                case
            })
            .collect();
        cases.sort_by(|one, two| one.name.cmp(&two.name));
        cases
    }

    /// The exit code that the run at `index` must end with.
    pub(crate) fn code(&self, index: usize) -> i32 {
        self.codes.get(index).copied().unwrap_or(0)
    }

    /// Names of the builders, as the template has them.
    pub(crate) fn builders(&self) -> impl Iterator<Item = &Json> {
        self.template["builders"].as_array().into_iter().flatten()
    }

    /// What the template is made of, such as `provisioner shell`.
    pub(crate) fn components(&self) -> BTreeSet<String> {
        let named = |kind: &str, block: &Json| {
            let name = block["type"].as_str().or(block.as_str()).unwrap_or_default();
            format!("{kind} {name}")
        };
        let template = &self.template;
        let mut found: BTreeSet<String> = self.builders().map(|block| named("builder", block)).collect();
        if self.builders().any(connects_here) {
            found.insert("builder null over ssh".to_owned());
        }
        let provisioners = template["provisioners"].as_array();
        found.extend(
            provisioners
                .into_iter()
                .flatten()
                .map(|block| named("provisioner", block)),
        );
        if let Some(block) = template.get("error-cleanup-provisioner") {
            found.insert(named("error-cleanup-provisioner", block));
        }
        for entry in template["post-processors"].as_array().into_iter().flatten() {
            let chain = entry
                .as_array()
                .map_or(std::slice::from_ref(entry), Vec::as_slice);
            found.extend(chain.iter().map(|block| named("post-processor", block)));
        }
        found
    }
}

/// Whether a builder is one that connects to the suite's server.
pub(crate) fn connects_here(builder: &Json) -> bool {
    builder["type"] == "null" && builder.get("communicator").is_none() && builder.get("ssh_host").is_none()
}
