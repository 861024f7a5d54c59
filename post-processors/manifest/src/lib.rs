//! The `manifest` post-processor: lists what was built in a JSON file.
//!
//! The file is Packer's to the byte, since scripts read it. Builds of the same run and of earlier ones accumulate in
//! it, so reading, adding and writing happen under a lock.

mod file;

use std::collections::BTreeMap;

use kilnbox_guest::{
    Artifact, Context, Error, Job, JsonSchema, OutputPath, PostProcessor, Processed, outputs,
};
use serde::{Deserialize, Serialize};

use file::{ArtifactFile, Build, ManifestFile};

/// Largest manifest that is read back, in bytes.
const LIMIT: usize = 16 * 1024 * 1024;

/// Lists what was built in a JSON file. Builds are added to what is in it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(
    deny_unknown_fields,
    extend("examples" = [{ "type": "manifest", "custom_data": { "host": "{{build `Host`}}" } }])
)]
pub struct Options {
    /// The file to write.
    pub output: OutputPath,
    /// Whether files are listed by their names alone, without folders.
    pub strip_path: bool,
    /// Whether the time of the build is left out.
    pub strip_time: bool,
    /// What else to record with the build.
    pub custom_data: Option<BTreeMap<String, String>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            output: "packer-manifest.json".into(),
            strip_path: false,
            strip_time: false,
            custom_data: None,
        }
    }
}

/// The post-processor.
#[derive(Debug)]
pub struct Manifest;

impl PostProcessor for Manifest {
    type Options = Options;
    const NAME: &'static str = "manifest";

    fn run(options: Options, input: &Artifact, job: &Job) -> Result<Processed, Error> {
        let build = describe(&options, input, job);
        let output = outputs::open(&options.output)?;
        let guard = output.lock()?;
        let earlier = ManifestFile::parse(&kilnbox_guest::read_all(&output, LIMIT)?)
            .with_context(|| format!("Unable to parse content from {}", options.output))?;
        let text = earlier.with(build, &job.run_id(), job.force()).to_json()?;
        output
            .replace(text.as_bytes(), None)
            .with_context(|| format!("Unable to write {}", options.output))?;
        drop(guard);

        let processed = Processed::unchanged();
        processed.keep_input(true);
        processed.must_keep_input(true);
        Ok(processed)
    }
}

fn describe(options: &Options, input: &Artifact, job: &Job) -> Build {
    let files = input.files().into_iter().map(|path| ArtifactFile {
        // A file that is gone is listed with size 0, as Packer does.
        size: input.file_size(&path).unwrap_or(0),
        name: if options.strip_path {
            file::base_name(&path).to_owned()
        } else {
            path
        },
    });
    Build {
        name: job.build_name(),
        builder_type: job.build_type(),
        build_time: if options.strip_time { 0 } else { job.now() },
        files: Some(files.collect::<Vec<_>>()).filter(|files| !files.is_empty()),
        artifact_id: input.id(),
        packer_run_uuid: job.run_id(),
        custom_data: options.custom_data.clone(),
    }
}

kilnbox_guest::post_processor!(Manifest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_what_users_are_checked_with() {
        let schema: serde_json::Value = serde_json::from_str(&kilnbox_guest::schema_of::<Options>()).unwrap();
        insta::assert_json_snapshot!(schema);
    }
}
