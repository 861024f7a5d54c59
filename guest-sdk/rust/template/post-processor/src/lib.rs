//! Writes a list of the artifact's files with their SHA-256, as `sha256sum` does.

use kilnbox_guest::{
    Artifact, Context, Diagnostic, Error, Job, JsonSchema, OutputPath, PostProcessor, Processed,
    outputs, ui,
};
use serde::Deserialize;

/// Writes a list of the artifact's files with their SHA-256.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [{ "type": "{{ name }}", "output": "SHA256SUMS" }]))]
struct Options {
    /// The file to write.
    output: OutputPath,
    /// Text before the name of each file.
    #[serde(default)]
    prefix: String,
}

impl Options {
    fn line(&self, digest: &str, file: &str) -> String {
        format!("{digest}  {}{file}\n", self.prefix)
    }

    fn problems(&self) -> Vec<Diagnostic> {
        if self.prefix.contains('\n') {
            return vec![Diagnostic::error("/prefix", "has a line break in it")];
        }
        Vec::new()
    }
}

struct Step;

impl PostProcessor for Step {
    type Options = Options;
    const NAME: &'static str = "{{ name }}";

    fn validate(options: &Options) -> Vec<Diagnostic> {
        options.problems()
    }

    fn run(options: Options, input: &Artifact, _job: &Job) -> Result<Processed, Error> {
        ui::say(&format!("Writing {}", options.output));
        let mut list = String::new();
        for file in input.files() {
            let digests = outputs::open(&file)
                .and_then(|content| content.digest(&["sha256".to_owned()]))
                .with_context(|| format!("reading {file}"))?;
            list.extend(digests.iter().map(|digest| options.line(digest, &file)));
        }
        outputs::open(&options.output)?.replace(list.as_bytes(), Some(0o644))?;
        Ok(Processed::unchanged())
    }
}

kilnbox_guest::post_processor!(Step);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_sha256sum_writes_it() {
        let options: Options =
            serde_json::from_str(r#"{ "output": "SHA256SUMS", "prefix": "./" }"#).unwrap();
        assert_eq!(options.line("ab12", "disk.raw"), "ab12  ./disk.raw\n");
        assert_eq!(options.problems(), []);
    }

    #[test]
    fn a_line_break_would_break_the_list() {
        let options: Options =
            serde_json::from_str(r#"{ "output": "SHA256SUMS", "prefix": "\n" }"#).unwrap();
        assert_eq!(
            options.problems(),
            [Diagnostic::error("/prefix", "has a line break in it")]
        );
    }
}
