//! What the user writes, and Packer's checks of it.

use kilnbox_guest::{Diagnostic, JsonSchema};
use serde::{Deserialize, Serialize};

/// Copies files and folders to the instance and back. One of `source`, `sources` and `content` must be set.
// Which of the paths are local depends on the direction, so the formats stand in conditions.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(
    deny_unknown_fields,
    extend(
        "if" = { "properties": { "direction": { "const": "download" } }, "required": ["direction"] },
        "then" = { "properties": { "destination": { "format": "output-path" } } },
        "else" = { "properties": {
            "source": { "format": "asset-path" },
            "sources": { "items": { "format": "asset-path" } },
        } },
        "examples" = [{ "type": "file", "source": "motd", "destination": "/etc/motd" }],
    )
)]
pub struct Options {
    /// The file or folder to copy. A folder with a trailing slash means its content.
    pub source: Option<String>,
    /// Files and folders to copy, one after the other.
    pub sources: Option<Vec<String>>,
    /// Text of a file to make on the instance, that its owner alone can read.
    pub content: Option<String>,
    /// Must be set: where to copy to. With a trailing slash it is a folder to put the file into.
    pub destination: String,
    /// Which way to copy.
    pub direction: Direction,
    /// Whether the sources are made later in the build, so that they need not be there when the template is checked.
    pub generated: bool,
}

/// Which way to copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Direction {
    /// To the instance.
    #[default]
    Upload,
    /// From the instance.
    Download,
}

impl Options {
    /// `content`, where there is text in it.
    pub(crate) fn content(&self) -> Option<&str> {
        self.content.as_deref().filter(|content| !content.is_empty())
    }

    /// `sources`, then `source`, in Packer's order.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &str> {
        let single = self.source.as_deref().filter(|source| !source.is_empty());
        self.sources.iter().flatten().map(String::as_str).chain(single)
    }

    /// The sources with their JSON pointers.
    fn places(&self) -> impl Iterator<Item = (String, &str)> {
        let several = self.sources.iter().flatten().enumerate();
        let several = several.map(|(index, source)| (format!("/sources/{index}"), source.as_str()));
        let single = self
            .source
            .as_deref()
            .map(|source| ("/source".to_owned(), source));
        several.chain(single)
    }

    pub(crate) fn problems(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        let sources: Vec<_> = self.sources().collect();
        match (self.content(), sources.is_empty()) {
            (Some(_), false) => {
                problems.push(Diagnostic::error("/content", "source(s) conflicts with content."));
            }
            (None, true) => problems.push(Diagnostic::error("", "Source must be specified.")),
            _ => {}
        }
        if self.destination.is_empty() {
            problems.push(Diagnostic::error(
                "/destination",
                "Destination must be specified.",
            ));
        }
        if self.content().is_some() {
            if self.direction == Direction::Download {
                problems.push(Diagnostic::error("/content", "`content` can only be uploaded"));
            }
            if self.destination.ends_with('/') {
                problems.push(
                    Diagnostic::error("/destination", "`content` has no name to keep in a folder")
                        .hint("name the file, without a trailing slash"),
                );
            }
        }
        if self.direction == Direction::Download {
            problems.extend(
                self.places()
                    .filter(|(_, source)| source.contains(['*', '?', '[']))
                    .map(|(at, source)| {
                        Diagnostic::error(at, format!("cannot download by a pattern: `{source}`"))
                            .hint("name the files in `sources`, or a whole folder with a trailing slash")
                    }),
            );
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_packers() {
        let check = |options: &str, expect: &[&str]| {
            let options: Options = serde_json::from_str(options).unwrap();
            let problems: Vec<_> = options
                .problems()
                .into_iter()
                .map(|problem| problem.message)
                .collect();
            assert_eq!(problems, expect);
        };
        check(r#"{"source": "a", "destination": "/b"}"#, &[]);
        check(r#"{"content": "a", "destination": "/b"}"#, &[]);
        check(
            r#"{"source": "/var/log/", "destination": "b", "direction": "download"}"#,
            &[],
        );
        check(
            "{}",
            &["Source must be specified.", "Destination must be specified."],
        );
        check(
            r#"{"source": "a", "content": "b", "destination": "/c"}"#,
            &["source(s) conflicts with content."],
        );
        check(
            r#"{"content": "b", "destination": "/c/"}"#,
            &["`content` has no name to keep in a folder"],
        );
        check(
            r#"{"source": "/var/*.log", "destination": "b/", "direction": "download"}"#,
            &["cannot download by a pattern: `/var/*.log`"],
        );
    }

    #[test]
    fn sources_come_before_source() {
        let options: Options = serde_json::from_str(r#"{"source": "z", "sources": ["a", "b"]}"#).unwrap();
        assert_eq!(options.sources().collect::<Vec<_>>(), ["a", "b", "z"]);
    }

    #[test]
    fn the_schema_is_what_users_are_checked_with() {
        let schema: serde_json::Value = serde_json::from_str(&kilnbox_guest::schema_of::<Options>()).unwrap();
        insta::assert_json_snapshot!(schema);
    }
}
