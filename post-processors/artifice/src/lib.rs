//! The `artifice` post-processor: puts other local files in place of the artifact's, for the rest of the chain.
//!
//! It touches no file. What it names was made by somebody else, so it is never removed with the artifact.

use kilnbox_guest::{
    Artifact, Diagnostic, Error, FilePattern, Job, JsonSchema, PostProcessor, Processed, outputs, ui,
};
use serde::{Deserialize, Serialize};

const BUILDER_ID: &str = "packer.post-processor.artifice";

/// Puts other local files in place of the artifact's, for the rest of the chain.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(
    deny_unknown_fields,
    extend("examples" = [{ "type": "artifice", "files": ["output/*.img"] }])
)]
pub struct Options {
    /// Must be set: the files. What matches nothing is left out.
    pub files: Vec<FilePattern>,
}

/// The post-processor.
#[derive(Debug)]
pub struct Artifice;

impl PostProcessor for Artifice {
    type Options = Options;
    const NAME: &'static str = "artifice";

    fn validate(options: &Options) -> Vec<Diagnostic> {
        if options.files.is_empty() {
            let nothing = Diagnostic::error("/files", "No files specified in artifice configuration");
            return vec![nothing.hint("add `\"files\": [\"output/*.img\"]`")];
        }
        Vec::new()
    }

    fn run(options: Options, input: &Artifact, _job: &Job) -> Result<Processed, Error> {
        let discarded = input.files();
        if !discarded.is_empty() {
            ui::say(&format!(
                "Discarding files from artifact: {}",
                discarded.join(", ")
            ));
        }
        let mut files: Vec<String> = Vec::new();
        for pattern in &options.files {
            files.extend(outputs::matching(pattern)?);
        }
        ui::say(&format!("Using these artifact files: {}", files.join(", ")));
        let made = Processed::artifact(
            BUILDER_ID,
            "",
            &format!("Created artifact from files: {}", files.join(", ")),
        );
        for file in &files {
            made.add_file(file)?;
        }
        made.keep_input(true);
        Ok(made)
    }
}

kilnbox_guest::post_processor!(Artifice);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_what_users_are_checked_with() {
        let schema: serde_json::Value = serde_json::from_str(&kilnbox_guest::schema_of::<Options>()).unwrap();
        insta::assert_json_snapshot!(schema);
    }

    #[test]
    fn files_must_be_named() {
        let problems = Artifice::validate(&Options::default());
        assert_eq!(problems.len(), 1);
        let some = Options {
            files: vec!["*.img".into()],
        };
        assert!(Artifice::validate(&some).is_empty());
    }
}
