//! What a step did to the instance, to files of this machine, and with its programs: the acts of an audit record.
//!
//! The sandbox tells each when it is over, and only where somebody records ([`crate::Events::recorded`]), because
//! digests cost time. Names of variables are told and never their values. Texts are redacted and cleaned with all others
//! in [`crate::Events::emit`]; a digest of content that holds a sensitive value is withheld, because a short value can
//! be found from it by trying.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// One act of a step.
#[derive(Clone, Debug, Serialize)]
pub struct Act {
    /// What was done.
    #[serde(flatten)]
    pub deed: Deed,
    /// How long it took, in seconds, where that says something.
    #[serde(serialize_with = "seconds", skip_serializing_if = "Option::is_none")]
    pub took: Option<Duration>,
    /// Why it did not succeed. What it had done by then is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Act {
    /// One that takes no time worth telling, and succeeded.
    pub fn done(deed: Deed) -> Self {
        Self {
            deed,
            took: None,
            error: None,
        }
    }
}

/// What was done, by kind.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Deed {
    /// Nothing yet: which code the step is, and what it may do. Told first.
    Component(Component),
    /// What the instance was made from.
    Source {
        /// As the user wrote it, or what the builder calls it.
        name: String,
        /// SHA-256 of each layer, lowest first; none where the builder cannot know.
        layers: Vec<String>,
    },
    /// A command on the instance.
    Command(Command),
    /// A program on this machine.
    Program(Program),
    /// A script for programs, on this machine, removed with the step.
    Script {
        /// What is in it.
        content: Content,
    },
    /// A local file that the component read itself, such as a script that it changes before it is sent.
    Read {
        /// As the user wrote it.
        path: String,
        /// What is in it; absent where the component did not read it from its beginning to its end.
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Content>,
    },
    /// A file or folder to the instance.
    Upload(Transfer),
    /// A file or folder from the instance.
    Download(Transfer),
    /// A local file written without the instance, such as a manifest or an archive.
    Output(Transfer),
    /// A temporary file of the instance removed.
    Remove {
        /// Its remote path.
        path: String,
    },
    /// Waiting for the instance to answer again.
    Reconnect,
    /// Address and private key of the instance handed to the component.
    Connection {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// Account name.
        user: String,
    },
    /// A call of the component that was refused: not granted, not named by the user, or over a limit.
    Refuse {
        /// What was asked, and why it was refused.
        reason: String,
    },
    /// Acts that were not told any more, being more than [`crate::limits::ACTS`].
    More {
        /// How many.
        acts: u64,
    },
}

/// The code of a step.
#[derive(Clone, Debug, Serialize)]
pub struct Component {
    /// Of the component's bytes, in lowercase hexadecimal.
    pub sha256: String,
    /// As the component says.
    pub version: String,
    /// `kilnbox` for its own, `kilnbox.toml` for those a project brings.
    pub source: &'static str,
    /// What it imports, by the names users know.
    pub capabilities: Vec<String>,
    /// What it was granted beyond the default.
    pub grants: Vec<String>,
}

/// A command on the instance.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Command {
    /// For the instance's shell.
    pub line: String,
    /// The account it was to run as, where that was another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as: Option<String>,
    /// Whether it had a terminal.
    pub pty: bool,
    /// Names of the variables set for it.
    pub env: Vec<String>,
    /// What it was given on standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Input>,
    /// How it ended.
    #[serde(flatten)]
    pub end: End,
}

/// A program on this machine.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Program {
    /// Its file or name.
    pub program: String,
    /// Its arguments; local paths as the user wrote them.
    pub arguments: Vec<String>,
    /// Names of the variables set for it, beyond the user's own environment.
    pub env: Vec<String>,
    /// How it ended.
    #[serde(flatten)]
    pub end: End,
}

/// How a command or program ended; neither where nobody knows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct End {
    /// What it returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u32>,
    /// The signal that ended it, without `SIG`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
}

/// Standard input.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Input {
    /// The local file it came from, as the user wrote it; absent for bytes of the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What the command took of it.
    #[serde(flatten)]
    pub content: Content,
}

/// A file or folder moved.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Transfer {
    /// The local path as the user wrote it, or the remote one; absent for bytes of the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The remote path, or the local one as the user wrote it.
    pub to: String,
    /// Permission bits, in octal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Of a file: absent where it did not get there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Of a folder, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<Tree>,
}

/// Bytes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Content {
    /// How many.
    pub size: u64,
    /// Their digest, in lowercase hexadecimal; withheld where they are `sensitive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether a sensitive value is among them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// The regular files of a folder, and of the folders in it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tree {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub size: u64,
    /// Symbolic links beside them; they have no part in the digest.
    pub links: u64,
    /// in-toto's `dirHash`: the SHA-256 of what `sha256sum` prints of all files, sorted by their paths as bytes. Withheld
    /// where one of them is sensitive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir_hash: Option<String>,
    /// Files that changed here while they were sent: what arrived of them is not known.
    #[serde(skip_serializing_if = "is_zero")]
    pub changed: u64,
    /// The first of them, at most [`crate::limits::TREE_ENTRIES`].
    pub entries: Vec<Entry>,
    /// How many are not among `entries`.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

/// A file of a folder.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Below the folder.
    pub path: String,
    /// What is in it.
    #[serde(flatten)]
    pub content: Content,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn seconds<S: Serializer>(took: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    took.map(|took| took.as_secs_f64()).serialize(serializer)
}

impl Act {
    /// Hands every text to `fit`. Digests and names that the host chose are none.
    pub(crate) fn texts(&mut self, fit: &mut impl FnMut(&mut String)) {
        self.error.iter_mut().for_each(&mut *fit);
        match &mut self.deed {
            Deed::Component(component) => fit(&mut component.version),
            Deed::Source { name, .. } => fit(name),
            Deed::Command(command) => {
                fit(&mut command.line);
                command.run_as.iter_mut().for_each(&mut *fit);
                command.env.iter_mut().for_each(&mut *fit);
                let from = command.stdin.as_mut().and_then(|stdin| stdin.from.as_mut());
                from.into_iter().for_each(&mut *fit);
                command.end.signal.iter_mut().for_each(fit);
            }
            Deed::Program(program) => {
                fit(&mut program.program);
                program.arguments.iter_mut().for_each(&mut *fit);
                program.env.iter_mut().for_each(&mut *fit);
                program.end.signal.iter_mut().for_each(fit);
            }
            Deed::Upload(moved) | Deed::Download(moved) | Deed::Output(moved) => {
                moved.from.iter_mut().for_each(&mut *fit);
                fit(&mut moved.to);
                let entries = moved.tree.iter_mut().flat_map(|tree| &mut tree.entries);
                entries.for_each(|entry| fit(&mut entry.path));
            }
            Deed::Read { path, .. } | Deed::Remove { path } => fit(path),
            Deed::Connection { host, user, .. } => {
                fit(host);
                fit(user);
            }
            Deed::Refuse { reason } => fit(reason),
            Deed::Script { .. } | Deed::Reconnect | Deed::More { .. } => {}
        }
    }
}
