//! A [`Transcript`] as TOML, for an author to read and change.

use std::{collections::BTreeMap, fmt};

use kilnbox_engine::Exit;
use serde::Serialize;

use crate::{Act, Answer, Content, Expectation, Subject, Transcript, VERSION};

#[derive(Serialize)]
struct File<'t> {
    version: u32,
    instance: Instance<'t>,
    job: Job,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expect: Vec<Entry<'t>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Instance<'t> {
    communicator: &'t str,
    os_family: &'t str,
    shell_family: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arch: Option<&'t str>,
    user: &'t str,
}

#[derive(Serialize)]
struct Job {
    now: u64,
    seed: u64,
}

/// The keys in the order they are read: what must happen, its details, its answer.
#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Entry<'t> {
    #[serde(flatten)]
    subject: BTreeMap<String, &'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reconnect: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_as: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'t Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdin: Option<&'t Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout: Option<&'t Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stderr: Option<&'t Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<&'t BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'t BTreeMap<String, Content>>,
}

impl Transcript {
    /// The text of the file.
    pub fn to_toml(&self) -> Result<String, impl fmt::Display + use<>> {
        let instance = &self.instance;
        let file = File {
            version: VERSION,
            instance: Instance {
                communicator: &instance.communicator,
                os_family: &instance.os_family,
                shell_family: &instance.shell_family,
                arch: instance.arch.as_deref(),
                user: &instance.user,
            },
            job: Job {
                now: self.job.now,
                seed: self.job.seed,
            },
            expect: self.expect.iter().map(Entry::of).collect(),
        };
        toml::to_string_pretty(&file)
    }
}

impl<'t> Entry<'t> {
    fn of(expectation: &'t Expectation) -> Self {
        let entry = Self {
            error: expectation.error.as_deref(),
            ..Self::default()
        };
        match &expectation.act {
            Act::Command {
                line,
                env,
                run_as,
                stdin,
                answer,
            } => Self {
                subject: subject("command", line),
                run_as: run_as.as_deref(),
                env: env.as_ref(),
                stdin: stdin.as_ref(),
                ..entry.answered(answer)
            },
            Act::Upload { path, mode, content } => Self {
                subject: subject("upload", path),
                mode: mode.map(|bits| format!("{bits:04o}")),
                content: content.as_ref(),
                ..entry
            },
            Act::UploadTree { path, files } => Self {
                subject: subject("upload-tree", path),
                files: files.as_ref(),
                ..entry
            },
            Act::Download { path, content } => Self {
                subject: subject("download", path),
                content: Some(content),
                ..entry
            },
            Act::DownloadTree { path, files } => Self {
                subject: subject("download-tree", path),
                files: Some(files),
                ..entry
            },
            Act::Remove { path } => Self {
                subject: subject("remove", path),
                ..entry
            },
            Act::Reconnect => Self {
                reconnect: Some(true),
                ..entry
            },
        }
    }

    fn answered(self, answer: &'t Answer) -> Self {
        let said = |content: &'t Content| (!content.is(b"")).then_some(content);
        Self {
            exit: match answer.exit {
                Exit::Code(code) if code != 0 => Some(code),
                _ => None,
            },
            signal: match &answer.exit {
                Exit::Signal(name) => Some(name),
                _ => None,
            },
            lost: (answer.exit == Exit::Lost).then_some(true),
            stdout: said(&answer.stdout),
            stderr: said(&answer.stderr),
            ..self
        }
    }
}

fn subject<'t>(key: &str, subject: &'t Subject) -> BTreeMap<String, &'t str> {
    let entry = match subject {
        Subject::Is(text) => (key.to_owned(), text.as_str()),
        Subject::Matches(pattern) => (format!("{key}-matches"), pattern.as_str()),
    };
    BTreeMap::from([entry])
}
