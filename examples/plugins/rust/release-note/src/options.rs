//! What the user writes in the template, and what the schema cannot say of it.

use std::fmt;

use kilnbox_guest::{Diagnostic, JsonSchema, OutputPath};
use serde::{Deserialize, Serialize};

/// Writes a release note with the digests of the artifact's files.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    { "type": "release-note", "output": "RELEASE.md", "algorithms": ["sha256", "sha512"] }
]))]
pub(crate) struct Options {
    /// The file to write.
    pub(crate) output: OutputPath,
    /// The headline.
    #[serde(default = "default_title")]
    pub(crate) title: String,
    /// Digests to list.
    #[serde(default = "default_algorithms")]
    pub(crate) algorithms: Vec<Algorithm>,
}

// No comments on the values: they would make the schema a list of constants, each with its description.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// As the contract has it.
impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

fn default_title() -> String {
    "Release".to_owned()
}

fn default_algorithms() -> Vec<Algorithm> {
    vec![Algorithm::Sha256]
}

impl Options {
    pub(crate) fn problems(&self) -> Vec<Diagnostic> {
        if self.algorithms.is_empty() {
            return vec![Diagnostic::error("/algorithms", "at least one is needed")];
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn options(text: &str) -> Options {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn only_the_output_must_be_written() {
        let options = options(r#"{ "output": "note.md" }"#);
        assert_eq!(options.title, "Release");
        let algorithms: Vec<_> = options.algorithms.iter().map(ToString::to_string).collect();
        assert_eq!(algorithms, ["sha256"]);
        assert_eq!(options.problems(), []);
    }

    #[test]
    fn no_digest_at_all_is_an_error() {
        let options = options(r#"{ "output": "note.md", "algorithms": [] }"#);
        assert_eq!(
            options.problems(),
            [Diagnostic::error("/algorithms", "at least one is needed")]
        );
    }
}
