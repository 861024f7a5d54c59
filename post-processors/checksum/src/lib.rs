//! The `checksum` post-processor: writes digests of the artifact's files.
//!
//! The host digests each file once for all types. A line that stands in the file already is not written again, so a
//! second run of the same build changes nothing; lines of other builds stay, since several may share one file.

mod lines;

use kilnbox_guest::{
    Artifact, Context, Diagnostic, Error, Job, JsonSchema, OutputTemplate, PostProcessor, Processed, outputs,
};
use serde::{Deserialize, Serialize};

use lines::Lines;

const BUILDER_ID: &str = "packer.post-processor.checksum";
const TYPES: [&str; 6] = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

/// Writes digests of the artifact's files. A line that is in the file already is not added again.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(
    deny_unknown_fields,
    extend("examples" = [{
        "type": "checksum",
        "checksum_types": ["sha256"],
        "output": "{{.BuildName}}.{{.ChecksumType}}"
    }])
)]
pub struct Options {
    /// What to compute, of `md5`, `sha1`, `sha224`, `sha256`, `sha384` and `sha512`.
    pub checksum_types: Vec<String>,
    /// The file to add lines to, each a digest, a tab and a file's name. A template of `{{.BuildName}}`,
    /// `{{.BuilderType}}` and `{{.ChecksumType}}`.
    pub output: OutputTemplate,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            checksum_types: vec!["md5".to_owned()],
            output: "packer_{{.BuildName}}_{{.BuilderType}}_{{.ChecksumType}}.checksum".into(),
        }
    }
}

/// The post-processor.
#[derive(Debug)]
pub struct Checksum;

impl PostProcessor for Checksum {
    type Options = Options;
    const NAME: &'static str = "checksum";

    fn validate(options: &Options) -> Vec<Diagnostic> {
        let unknown = |(index, kind): (usize, &String)| {
            (!TYPES.contains(&kind.as_str())).then(|| {
                let at = format!("/checksum_types/{index}");
                Diagnostic::error(at, format!("Unrecognized checksum type: {kind}"))
                    .hint(format!("there are {}", TYPES.join(", ")))
            })
        };
        options
            .checksum_types
            .iter()
            .enumerate()
            .filter_map(unknown)
            .collect()
    }

    fn run(options: Options, input: &Artifact, job: &Job) -> Result<Processed, Error> {
        let types = if options.checksum_types.is_empty() {
            Options::default().checksum_types
        } else {
            options.checksum_types
        };
        let mut files = input.files();
        let mut sums = vec![Lines::default(); types.len()];
        for file in &files {
            let digests = outputs::open(file)?.digest(&types)?;
            for (sums, digest) in sums.iter_mut().zip(digests) {
                sums.add(&digest, base_name(file));
            }
        }
        // An artifact without files, such as a machine image, has nothing to be written of.
        if !files.is_empty() {
            for (kind, sums) in types.iter().zip(&sums) {
                let output = outputs::open_rendered("/output", &fields(job, kind))?;
                let path = output.path();
                add(&output, sums).with_context(|| format!("unable to write `{path}`"))?;
                if !files.contains(&path) {
                    files.push(path);
                }
            }
        }
        let description = format!("Created artifact from files: {}", files.join(", "));
        let made = Processed::artifact(BUILDER_ID, "", &description);
        for file in &files {
            made.add_file(file)?;
        }
        made.keep_input(true);
        made.must_keep_input(true);
        Ok(made)
    }
}

fn fields(job: &Job, kind: &str) -> Vec<(String, String)> {
    vec![
        ("BuildName".to_owned(), job.build_name()),
        ("BuilderType".to_owned(), job.build_type()),
        ("ChecksumType".to_owned(), kind.to_owned()),
    ]
}

/// Adds lines to what other builds have written.
fn add(output: &outputs::Output, lines: &Lines) -> Result<(), Error> {
    let _guard = output.lock()?;
    let before = kilnbox_guest::read_all(output, LIMIT)?;
    if let Some(after) = lines.after(&String::from_utf8_lossy(&before)) {
        output.replace(after.as_bytes(), None)?;
    }
    Ok(())
}

/// Largest file of checksums that is added to, in bytes.
const LIMIT: usize = 16 * 1024 * 1024;

/// The last component of a path.
fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

kilnbox_guest::post_processor!(Checksum);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_what_users_are_checked_with() {
        let schema: serde_json::Value = serde_json::from_str(&kilnbox_guest::schema_of::<Options>()).unwrap();
        insta::assert_json_snapshot!(schema);
    }

    #[test]
    fn unknown_types_are_named_where_they_stand() {
        let options = Options {
            checksum_types: vec!["md5".into(), "crc".into()],
            ..Options::default()
        };
        let problems = Checksum::validate(&options);
        let found: Vec<_> = problems
            .iter()
            .map(|problem| (problem.at.as_str(), problem.message.as_str()))
            .collect();
        assert_eq!(found, [("/checksum_types/1", "Unrecognized checksum type: crc")]);
    }

    #[test]
    fn the_base_name_is_the_last_component() {
        assert_eq!(base_name("a/b.img"), "b.img");
        assert_eq!(base_name("b.img"), "b.img");
    }
}
