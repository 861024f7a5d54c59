//! The `compress` post-processor: writes the artifact's files as one archive.
//!
//! What kind of archive is read from the output's name, or from `format`. The host reads, packs and compresses with
//! all cores; the bytes never come through here.

mod format;
mod names;

use kilnbox_guest::{
    Artifact, Context, Error, Job, JsonSchema, OutputTemplate, PostProcessor, Processed, outputs, ui,
};
use serde::{Deserialize, Serialize};

use format::Format;

const BUILDER_ID: &str = "packer.post-processor.compress";

/// Writes the artifact's files as one archive.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(
    deny_unknown_fields,
    extend("examples" = [{ "type": "compress", "output": "{{.BuildName}}.tar.zst", "compression_level": 9 }])
)]
pub struct Options {
    /// The file to write, a template of `{{.BuildName}}` and `{{.BuilderType}}`. Its extension says what it is: `.tar`,
    /// `.zip`, and `.gz`, `.bgzf`, `.lz4`, `.zst`, `.xz`, `.bz2`, alone or after `.tar`. Any other is a tar with gzip.
    pub output: OutputTemplate,
    /// What the file is, such as `tar.xz`, whatever its extension says.
    pub format: String,
    /// From 1, fast, to 9, small; 0 is the usual one of the format.
    pub compression_level: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            output: "packer_{{.BuildName}}_{{.BuilderType}}".into(),
            format: String::new(),
            compression_level: 0,
        }
    }
}

/// The post-processor.
#[derive(Debug)]
pub struct Compress;

impl PostProcessor for Compress {
    type Options = Options;
    const NAME: &'static str = "compress";

    fn run(options: Options, input: &Artifact, job: &Job) -> Result<Processed, Error> {
        let data = [
            ("BuildName".to_owned(), job.build_name()),
            ("BuilderType".to_owned(), job.build_type()),
        ];
        let output = outputs::open_rendered("/output", &data)?;
        let target = output.path();
        let format = Format::of(&options.format, &target);
        let files = input.files();
        let archive = outputs::Archive::new(format.container, format.compression);
        if let Some(level) = level(options.compression_level) {
            archive.level(level);
        }
        if format.compression != "none" {
            let cores = archive.cores();
            ui::say(&format!(
                "Using {} compression with {cores} cores for {target}",
                format.shown
            ));
        }
        if format.container == "none" && files.len() != 1 {
            return Err(Error::invalid(format!(
                "Can only have 1 input file when not using tar/zip. Found {} files: [{}]",
                files.len(),
                files.join(" ")
            )));
        }
        announce(&format, &target, &files);
        for (file, name) in names::in_archive(format.container, &files) {
            archive.add(&outputs::open(file)?, &name)?;
        }
        archive
            .write(&output)
            .with_context(|| format!("Unable to archive {}", files.join(", ")))?;
        ui::say(&format!("Archive {target} completed"));

        let made = Processed::artifact(BUILDER_ID, "", &format!("compressed artifacts in: {target}"));
        made.add_file(&target)?;
        Ok(made)
    }
}

/// Packer's words.
fn announce(format: &Format, target: &str, files: &[String]) {
    ui::say(&match (format.container, format.compression) {
        ("zip", _) => format!("Zipping {target}"),
        ("tar", "none") => format!("Tarring {target} with no compression"),
        ("tar", _) => format!("Tarring {target} with {}", format.shown),
        _ => format!("Archiving {} with {}", files.join(", "), format.shown),
    });
}

/// As Packer reads it: below 1 is the usual one, above 9 is 9.
fn level(wanted: i64) -> Option<u32> {
    u32::try_from(wanted.min(9)).ok().filter(|level| *level > 0)
}

kilnbox_guest::post_processor!(Compress);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_what_users_are_checked_with() {
        let schema: serde_json::Value = serde_json::from_str(&kilnbox_guest::schema_of::<Options>()).unwrap();
        insta::assert_json_snapshot!(schema);
    }

    #[test]
    fn levels_are_brought_into_range() {
        for (wanted, expect) in [(-1, None), (0, None), (1, Some(1)), (9, Some(9)), (99, Some(9))] {
            assert_eq!(level(wanted), expect, "{wanted}");
        }
    }
}
