//! Writes a release note: what the artifact is, and the size and the digests of its files.

mod note;
mod options;

use kilnbox_guest::{Artifact, Context, Diagnostic, Error, Job, PostProcessor, Processed, outputs, ui};

use crate::{
    note::{File, Note},
    options::Options,
};

struct ReleaseNote;

impl PostProcessor for ReleaseNote {
    type Options = Options;
    const NAME: &'static str = "release-note";

    fn validate(options: &Options) -> Vec<Diagnostic> {
        options.problems()
    }

    fn run(options: Options, input: &Artifact, _job: &Job) -> Result<Processed, Error> {
        ui::say(&format!("Writing the release note {}", options.output));
        let algorithms: Vec<String> = options.algorithms.iter().map(ToString::to_string).collect();
        let mut files = Vec::new();
        for name in input.files() {
            let digests = outputs::open(&name)
                .and_then(|file| file.digest(&algorithms))
                .with_context(|| format!("reading {name}"))?;
            files.push(File {
                size: input.file_size(&name)?,
                digests: algorithms.iter().cloned().zip(digests).collect(),
                name,
            });
        }
        let note = Note {
            title: options.title,
            builder: input.builder_id(),
            artifact: input.id(),
            files,
        };
        let output = outputs::open(&options.output)?;
        output.replace(note.to_string().as_bytes(), Some(0o644))?;

        let path = options.output.to_string();
        let made = Processed::artifact("kilnbox.release-note", &path, &format!("Release note: {path}"));
        made.add_file(&path)?;
        made.keep_input(true);
        Ok(made)
    }
}

kilnbox_guest::post_processor!(ReleaseNote);
