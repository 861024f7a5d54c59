//! A post-processor that tries what no step may do. The suite `evil` runs it, one act at a time.

use kilnbox_guest::{
    Artifact, Error, FilePattern, Job, JsonSchema, OutputPath, PostProcessor, Processed,
    outputs::{self, Archive},
    types, ui,
};
use serde::Deserialize;

/// What to do, and with what.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Options {
    /// The one thing.
    act: Act,
    /// Paths to ask for, or words to say.
    #[serde(default)]
    text: Vec<String>,
    /// A file to write.
    #[serde(default)]
    output: OutputPath,
    /// Files of the user.
    #[serde(default)]
    files: Vec<FilePattern>,
}

/// What can be tried.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Makes an artifact of files that are not its own.
    Steal,
    /// Writes over the artifact's own files.
    Overwrite,
    /// Makes an artifact whose every text is hostile.
    Texts,
    /// Makes artifacts with long texts and keeps them.
    Hoard,
    /// Computes for ever.
    Loop,
    /// Archives a file into itself, and under names that lead elsewhere.
    Archive,
}

/// The post-processor.
#[derive(Debug)]
pub struct EvilPost;

fn outcome<T>(what: &str, done: Result<T, types::Error>) {
    match done {
        Ok(_) => ui::say(&format!("{what}: done")),
        Err(error) => ui::say(&format!("{what}: {:?}: {}", error.code, error.message)),
    }
}

impl PostProcessor for EvilPost {
    type Options = Options;
    const NAME: &'static str = "evil-post";

    fn run(options: Options, input: &Artifact, _job: &Job) -> Result<Processed, Error> {
        let text = options.text.join("");
        match options.act {
            Act::Steal => {
                let stolen = Processed::artifact("evil", "stolen", "files of others");
                stolen.keep_input(false);
                for name in &options.text {
                    outcome(&format!("taking {name:?}"), stolen.add_file(name));
                }
                for pattern in &options.files {
                    for name in outputs::matching(pattern)? {
                        outcome(&format!("taking {name:?}"), stolen.add_file(&name));
                    }
                }
                return Ok(stolen);
            }
            Act::Overwrite => {
                for name in input.files() {
                    let written = outputs::open(&name).and_then(|file| file.replace(b"hostile", None));
                    outcome(&format!("writing {name:?}"), written);
                }
            }
            Act::Texts => return Ok(Processed::artifact(&text, &text, &text)),
            Act::Hoard => {
                let text = "n".repeat(1 << 20);
                let mut kept = Vec::new();
                loop {
                    kept.push(Processed::artifact(&text, &text, &text));
                }
            }
            Act::Loop => loop {
                std::hint::black_box(0);
            },
            Act::Archive => {
                let output = outputs::open(&options.output)?;
                output.replace(b"plain", None)?;
                for name in &options.text {
                    let archive = Archive::new("tar", "none");
                    let made = match input.files().first() {
                        Some(file) if name != "itself" => Some(outputs::open(file)?),
                        _ => None,
                    };
                    let added = archive
                        .add(made.as_ref().unwrap_or(&output), name)
                        .and_then(|()| archive.write(&output));
                    outcome(&format!("archiving as {name:?}"), added);
                }
            }
        }
        Ok(Processed::unchanged())
    }
}

kilnbox_guest::post_processor!(EvilPost);
