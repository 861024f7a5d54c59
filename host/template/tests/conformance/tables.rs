//! The tables: how they are read, and the world their cases are read with.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use kilnbox_template::{Inputs, SecretSource, Source, Variables};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table<C> {
    pub(crate) section: String,
    /// Keys all templates of the table have, or the variables all its texts may use.
    #[serde(default)]
    pub(crate) base: Map<String, Json>,
    pub(crate) cases: Vec<C>,
}

/// A text and what it expands to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextCase {
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) data: Option<BTreeMap<String, String>>,
    /// Values of a build that runs.
    #[serde(default)]
    pub(crate) generated: Option<BTreeMap<String, String>>,
    /// `false`: outside of a build.
    #[serde(default)]
    pub(crate) build: Option<bool>,
    #[serde(default)]
    pub(crate) expect: Option<String>,
    #[serde(default)]
    pub(crate) sensitive: bool,
    /// Variables that are not defined.
    #[serde(default)]
    pub(crate) warns: Vec<String>,
    #[serde(default)]
    pub(crate) error: Option<String>,
    /// The part of the text that the error points at.
    #[serde(default)]
    pub(crate) at: Option<String>,
}

/// A template and what is seen in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateCase {
    #[serde(default)]
    pub(crate) template: Map<String, Json>,
    /// The text itself, instead of `template` and what all cases have.
    #[serde(default)]
    pub(crate) raw: Option<String>,
    /// Texts of `-var-file`.
    #[serde(default)]
    pub(crate) files: Vec<String>,
    /// `-var`
    #[serde(default)]
    pub(crate) given: Vec<String>,
    /// Facts that must hold, see [`seen`]; others are not looked at.
    #[serde(default)]
    pub(crate) sees: Map<String, Json>,
    /// Message, text pointed at, hint; the last two only if they are there.
    #[serde(default)]
    pub(crate) errors: Vec<Vec<Option<String>>>,
}

impl TemplateCase {
    /// The template's text; `pretty` has a line for every value.
    pub(crate) fn text(&self, base: &Map<String, Json>, pretty: bool) -> String {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let mut template = base.clone();
        template.extend(self.template.clone());
        let template = Json::Object(template);
        if pretty {
            serde_json::to_string_pretty(&template).expect("JSON")
        } else {
            template.to_string()
        }
    }

    /// What its user says on the command line.
    pub(crate) fn variables(&self) -> Variables {
        let file = |(at, text): (usize, &String)| Source::new(format!("{}.json", at + 1), text.as_str());
        Variables {
            files: self.files.iter().enumerate().map(file).collect(),
            given: self
                .given
                .iter()
                .filter_map(|given| given.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }
}

/// What all cases are read with.
pub(crate) fn inputs() -> Inputs {
    Inputs {
        env: Arc::new(|name| (name == "HOME").then(|| "/home/kiln".to_owned())),
        now: "2024-03-07T09:05:02.12Z".parse().expect("a time"),
        working_dir: "/work".into(),
        template_dir: Some("/templates".into()),
        secrets: Some(Arc::new(Secrets)),
    }
}

struct Secrets;

impl SecretSource for Secrets {
    fn aws_secret(&self, name: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
        match name {
            "plain" => Ok("s3cret".to_owned()),
            "one" => Ok(r#"{"k": "v"}"#.to_owned()),
            "many" => Ok(r#"{"one": "1st", "two": "2nd", "number": 12345678901}"#.to_owned()),
            _ => Err("there is no such secret".into()),
        }
    }
}

pub(crate) fn table<C: for<'de> Deserialize<'de>>(name: &str) -> Table<C> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance");
    let text = fs::read_to_string(folder.join(name).with_extension("json")).expect("a table");
    serde_json::from_str(&text).expect("a table as described here")
}

/// Runs all cases of a table.
pub(crate) fn check<C: Debug + for<'de> Deserialize<'de>>(
    name: &str,
    run: impl Fn(&Table<C>, &C) -> Result<(), String>,
) {
    let table = table::<C>(name);
    assert!(table.cases.len() >= 15, "`{}` has too few cases", table.section);
    let failed: Vec<String> = table
        .cases
        .iter()
        .enumerate()
        .filter_map(|(at, case)| {
            Some(format!(
                "case {}: {case:?}\n  {}",
                at + 1,
                run(&table, case).err()?
            ))
        })
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {}:\n{}",
        failed.len(),
        table.section,
        failed.join("\n")
    );
}

pub(crate) fn same<T: PartialEq + Debug>(what: &str, got: &T, expected: &T) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?}, got {got:?}"))
}
