//! A case as it stands in a table.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// What there is, what is done, what must come of it. Every text may hold the words of [`crate::ground::Ground::fill`];
/// in what must come of it, `…` stands for anything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What it shows.
    pub(crate) name: String,

    /// Keys of `template.json`, over those that all templates of the table have. A builder of the type `bed` is a
    /// `null` builder on the table's SSH server.
    #[serde(default)]
    pub(crate) template: Map<String, Json>,
    /// The text of `template.json`, instead.
    #[serde(default)]
    pub(crate) raw: Option<String>,
    /// Files beside it, over those of the table.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, Given>,

    /// Command lines that are run before and succeed.
    #[serde(default)]
    pub(crate) before: Vec<Vec<String>>,
    /// The command line, unless it is the table's.
    #[serde(default)]
    pub(crate) run: Option<Vec<String>>,
    /// What comes from a pipe.
    #[serde(default)]
    pub(crate) stdin: Option<String>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// Signals, each with the text of the output after which it is sent.
    #[serde(default)]
    pub(crate) signals: Vec<(String, String)>,
    /// Runs on a terminal: texts on the screen, each with the keys that are then pressed.
    #[serde(default)]
    pub(crate) person: Vec<(String, String)>,

    /// Command lines that are run after it, before anybody looks.
    #[serde(default)]
    pub(crate) then: Vec<Vec<String>>,

    #[serde(default)]
    pub(crate) exit: i32,
    /// Lines of standard output (or the screen) in this order; others may stand between them.
    #[serde(default)]
    pub(crate) out: Vec<String>,
    /// All lines of standard output.
    #[serde(default)]
    pub(crate) exactly: Option<Vec<String>>,
    /// Lines of standard error in this order. Without them and without `errors`, nothing may stand there.
    #[serde(default)]
    pub(crate) err: Vec<String>,
    /// Texts that stand in neither stream.
    #[serde(default)]
    pub(crate) never: Vec<String>,
    /// All reports on standard error: message, text pointed at, hint; the last two only where they matter.
    #[serde(default)]
    pub(crate) errors: Vec<Vec<Option<String>>>,
    /// All files beside the template that are new, changed, or gone.
    #[serde(default)]
    pub(crate) makes: BTreeMap<String, Made>,
    /// The same on the instance.
    #[serde(default)]
    pub(crate) instance: BTreeMap<String, Made>,
}

/// A file that is there before.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Given {
    Text(String),
    File { text: String, mode: String },
    Link { link: String },
}

/// A file afterwards.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Made {
    Text(String),
    Facts(Facts),
    /// `null`: it was there, and is not any more.
    Gone(()),
}

/// What is known of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Facts {
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// A shell command and what it says of the file, which is its `$1`.
    #[serde(default)]
    pub(crate) shown: Option<(String, String)>,
    /// In octal.
    #[serde(default)]
    pub(crate) mode: Option<String>,
    /// In hexadecimal.
    #[serde(default)]
    pub(crate) begins: Option<String>,
}
