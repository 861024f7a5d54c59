//! TOML to a [`Transcript`], with every mistake at its place.
//!
//! The `toml` crate parses; what stands here is which keys go together.

use std::collections::BTreeMap;

use bytes::Bytes;
use kilnbox_engine::Exit;
use regex::Regex;
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;

use crate::{Act, Answer, Content, Expectation, Instance, Job, Place, Subject, Transcript, VERSION, tree};

/// One mistake in a transcript.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Bytes of the text it is about.
    pub at: Place,
    /// What is wrong: lowercase, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Reads the text of a transcript.
pub fn parse(text: &str) -> Result<Transcript, Vec<Problem>> {
    let file: File = toml::from_str(text).map_err(|error| {
        vec![Problem {
            at: error.span().unwrap_or(0..text.len().min(1)),
            message: error.message().trim().replace('\n', ", "),
            hint: None,
        }]
    })?;
    let mut problems = Vec::new();
    if *file.version.get_ref() != VERSION {
        problems.push(Problem {
            at: file.version.span(),
            message: format!("version {} is not known", file.version.get_ref()),
            hint: Some(format!("this Kilnbox reads version {VERSION}")),
        });
    }
    let mut expect = Vec::new();
    for entry in file.expect {
        let at = shown(text, entry.span());
        match entry.into_inner().read(at.clone()) {
            Ok(expectation) => expect.push(expectation),
            Err(mut problem) => {
                problem.at = at;
                problems.push(problem);
            }
        }
    }
    if problems.is_empty() {
        Ok(Transcript {
            instance: file.instance.read(),
            job: file.job.read(),
            expect,
        })
    } else {
        Err(problems)
    }
}

/// The parser's place of an `[[expect]]` is its heading alone: with it, what is expected, on the line below.
fn shown(text: &str, heading: Place) -> Place {
    let below = text.get(heading.end..).unwrap_or_default();
    let lines = below.split_inclusive('\n').take(2).map(str::len).sum::<usize>();
    let end = text
        .get(..heading.end + lines)
        .map_or(heading.end, |until| until.trim_end().len());
    heading.start..end
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<u32>,
    #[serde(default)]
    instance: InstanceTable,
    #[serde(default)]
    job: JobTable,
    #[serde(default)]
    expect: Vec<Spanned<Entry>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct InstanceTable {
    communicator: Option<String>,
    os_family: Option<String>,
    shell_family: Option<String>,
    arch: Option<String>,
    user: Option<String>,
}

impl InstanceTable {
    fn read(self) -> Instance {
        let default = Instance::default();
        Instance {
            communicator: self.communicator.unwrap_or(default.communicator),
            os_family: self.os_family.unwrap_or(default.os_family),
            shell_family: self.shell_family.unwrap_or(default.shell_family),
            arch: self.arch.or(default.arch),
            user: self.user.unwrap_or(default.user),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct JobTable {
    now: Option<u64>,
    seed: Option<u64>,
}

impl JobTable {
    fn read(self) -> Job {
        let default = Job::default();
        Job {
            now: self.now.unwrap_or(default.now),
            seed: self.seed.unwrap_or(default.seed),
        }
    }
}

/// Every key that an `[[expect]]` of any kind can have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    command: Option<String>,
    command_matches: Option<String>,
    upload: Option<String>,
    upload_matches: Option<String>,
    upload_tree: Option<String>,
    upload_tree_matches: Option<String>,
    download: Option<String>,
    download_matches: Option<String>,
    download_tree: Option<String>,
    download_tree_matches: Option<String>,
    remove: Option<String>,
    remove_matches: Option<String>,
    reconnect: Option<bool>,

    env: Option<BTreeMap<String, String>>,
    run_as: Option<String>,
    stdin: Option<Content>,
    exit: Option<u32>,
    signal: Option<String>,
    lost: Option<bool>,
    stdout: Option<Content>,
    stderr: Option<Content>,
    mode: Option<Mode>,
    content: Option<Content>,
    files: Option<BTreeMap<String, Content>>,
    error: Option<String>,
}

/// Permission bits: `"0600"`, or TOML's own `0o600`.
struct Mode(u32);

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected permission bits such as \"0600\"")]
        enum Written {
            Bits(u32),
            Text(String),
        }

        match Written::deserialize(deserializer)? {
            Written::Bits(bits) => Ok(Self(bits)),
            Written::Text(text) => u32::from_str_radix(&text, 8)
                .map(Self)
                .map_err(|_| D::Error::custom(format!("`{text}` is no octal number such as \"0600\""))),
        }
    }
}

/// What an entry is about, before its other keys are looked at.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Command,
    Upload,
    UploadTree,
    Download,
    DownloadTree,
    Remove,
    Reconnect,
}

impl Kind {
    const ALL: &str =
        "`command`, `upload`, `upload-tree`, `download`, `download-tree`, `remove` or `reconnect`";

    fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Upload => "upload",
            Self::UploadTree => "upload-tree",
            Self::Download => "download",
            Self::DownloadTree => "download-tree",
            Self::Remove => "remove",
            Self::Reconnect => "reconnect",
        }
    }

    /// The keys that say more about it.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Command => &[
                "env", "run-as", "stdin", "exit", "signal", "lost", "stdout", "stderr", "error",
            ],
            Self::Upload => &["mode", "content", "error"],
            Self::UploadTree | Self::DownloadTree => &["files", "error"],
            Self::Download => &["content", "error"],
            Self::Remove | Self::Reconnect => &["error"],
        }
    }
}

fn problem(message: impl Into<String>, hint: impl Into<Option<String>>) -> Problem {
    Problem {
        at: 0..0,
        message: message.into(),
        hint: hint.into(),
    }
}

impl Entry {
    fn read(mut self, at: Place) -> Result<Expectation, Problem> {
        let (kind, subject) = self.subject()?;
        self.belong_to(kind)?;
        let error = self.error.take();
        let act = match kind {
            Kind::Command => self.command(subject)?,
            Kind::Upload => Act::Upload {
                path: subject,
                mode: self.mode.map(|Mode(bits)| bits),
                content: self.content,
            },
            Kind::UploadTree => Act::UploadTree {
                path: subject,
                files: self.files,
            },
            Kind::Download => Act::Download {
                path: subject,
                content: given("content", self.content)?,
            },
            Kind::DownloadTree => Act::DownloadTree {
                path: subject,
                files: tree_to_give(self.files.unwrap_or_default())?,
            },
            Kind::Remove => Act::Remove { path: subject },
            Kind::Reconnect => Act::Reconnect,
        };
        Ok(Expectation { act, error, at })
    }

    /// The one key that says what must happen.
    fn subject(&mut self) -> Result<(Kind, Subject), Problem> {
        let pairs = [
            (Kind::Command, self.command.take(), self.command_matches.take()),
            (Kind::Upload, self.upload.take(), self.upload_matches.take()),
            (
                Kind::UploadTree,
                self.upload_tree.take(),
                self.upload_tree_matches.take(),
            ),
            (Kind::Download, self.download.take(), self.download_matches.take()),
            (
                Kind::DownloadTree,
                self.download_tree.take(),
                self.download_tree_matches.take(),
            ),
            (Kind::Remove, self.remove.take(), self.remove_matches.take()),
            (
                Kind::Reconnect,
                self.reconnect
                    .take()
                    .filter(|wanted| *wanted)
                    .map(|_| String::new()),
                None,
            ),
        ];
        let mut found = Vec::new();
        for (kind, is, matches) in pairs {
            found.extend(is.map(|text| Ok((kind, Subject::Is(text)))));
            found.extend(matches.map(|pattern| {
                let pattern = Regex::new(&pattern)
                    .map_err(|error| problem(format!("`{}-matches`: {error}", kind.name()), None))?;
                Ok((kind, Subject::Matches(pattern)))
            }));
        }
        let one = found.pop().unwrap_or_else(|| {
            Err(problem(
                "it does not say what is expected",
                format!("add one of {}", Kind::ALL),
            ))
        })?;
        if found.is_empty() {
            Ok(one)
        } else {
            Err(problem(
                "it expects several things at once",
                "write an `[[expect]]` for each".to_owned(),
            ))
        }
    }

    /// Refuses keys that mean nothing for what is expected.
    fn belong_to(&self, kind: Kind) -> Result<(), Problem> {
        let given = [
            ("env", self.env.is_some()),
            ("run-as", self.run_as.is_some()),
            ("stdin", self.stdin.is_some()),
            ("exit", self.exit.is_some()),
            ("signal", self.signal.is_some()),
            ("lost", self.lost.is_some()),
            ("stdout", self.stdout.is_some()),
            ("stderr", self.stderr.is_some()),
            ("mode", self.mode.is_some()),
            ("content", self.content.is_some()),
            ("files", self.files.is_some()),
            ("error", self.error.is_some()),
        ];
        let known = kind.keys();
        match given.iter().find(|(key, there)| *there && !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => {
                let list: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
                Err(problem(
                    format!("`{key}` does not go with `{}`", kind.name()),
                    format!("with it go {}", list.join(", ")),
                ))
            }
        }
    }

    fn command(self, line: Subject) -> Result<Act, Problem> {
        let exit = match (self.exit, self.signal, self.lost.unwrap_or(false)) {
            (code, None, false) => Exit::Code(code.unwrap_or(0)),
            (None, Some(signal), false) => Exit::Signal(signal),
            (None, None, true) => Exit::Lost,
            _ => {
                return Err(problem(
                    "a command ends in one way",
                    "write one of `exit`, `signal` and `lost`".to_owned(),
                ));
            }
        };
        let stream = |key, content: Option<Content>| match content {
            None => Ok(Content::Bytes(Bytes::new())),
            some => given(key, some),
        };
        Ok(Act::Command {
            line,
            env: self.env,
            run_as: self.run_as,
            stdin: self.stdin,
            answer: Answer {
                exit,
                stdout: stream("stdout", self.stdout)?,
                stderr: stream("stderr", self.stderr)?,
            },
        })
    }
}

/// What the step is to be given must be there as it is.
fn given(key: &str, content: Option<Content>) -> Result<Content, Problem> {
    match content {
        Some(content @ Content::Bytes(_)) => Ok(content),
        Some(Content::Sha256(_)) => Err(problem(
            format!("`{key}` is what the step gets, and a digest does not tell it"),
            "write the text, or `{ base64 = \"…\" }`".to_owned(),
        )),
        None => Err(problem(
            format!("`{key}` is missing: what the step gets"),
            format!("add `{key} = \"…\"`"),
        )),
    }
}

fn tree_to_give(files: BTreeMap<String, Content>) -> Result<BTreeMap<String, Content>, Problem> {
    for (name, content) in &files {
        if !tree::is_relative(name) {
            return Err(problem(
                format!("`{name}` is no path below the folder"),
                "write it as `name` or `folder/name`".to_owned(),
            ));
        }
        given("files", Some(content.clone()))?;
    }
    Ok(files)
}
