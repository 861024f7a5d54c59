//! One thing that a step is expected to do, and what it is answered.

use std::{collections::BTreeMap, fmt};

use kilnbox_engine::Exit;
use regex::Regex;

use crate::{Content, Place};

/// One `[[expect]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// What must happen.
    pub act: Act,
    /// Refuses it with these words instead of doing it.
    pub error: Option<String>,
    /// Where it stands in the file; empty for one that was recorded.
    pub at: Place,
}

/// What a step can do on an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Runs a command.
    Command {
        /// The line for the shell.
        line: Subject,
        /// Its variables, where they matter.
        env: Option<BTreeMap<String, String>>,
        /// The account it runs as, where one was asked for.
        run_as: Option<String>,
        /// What it must be given to read, where that matters.
        stdin: Option<Content>,
        /// What comes of it.
        answer: Answer,
    },
    /// Writes a file.
    Upload {
        /// The file on the instance.
        path: Subject,
        /// Its permission bits, where they matter.
        mode: Option<u32>,
        /// What must be written, where that matters.
        content: Option<Content>,
    },
    /// Copies a folder to the instance.
    UploadTree {
        /// The folder on the instance.
        path: Subject,
        /// The files below it by their relative paths, where they matter.
        files: Option<BTreeMap<String, Content>>,
    },
    /// Reads a file.
    Download {
        /// The file on the instance.
        path: Subject,
        /// What is in it.
        content: Content,
    },
    /// Copies a folder from the instance.
    DownloadTree {
        /// The folder on the instance.
        path: Subject,
        /// The files below it by their relative paths.
        files: BTreeMap<String, Content>,
    },
    /// Removes a file; the host does it for temporary ones after the run.
    Remove {
        /// The file on the instance.
        path: Subject,
    },
    /// Waits for the instance to come back.
    Reconnect,
}

/// What comes of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ends.
    pub exit: Exit,
    /// Comes first.
    pub stdout: Content,
    /// Comes next.
    pub stderr: Content,
}

/// A command line or a path: exactly this text, or any that a pattern matches.
#[derive(Clone, Debug)]
pub enum Subject {
    /// This text.
    Is(String),
    /// Any text that it matches.
    Matches(Regex),
}

impl Subject {
    /// Whether `text` is what is meant.
    pub(crate) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Is(wanted) => wanted == text,
            Self::Matches(pattern) => pattern.is_match(text),
        }
    }
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Is(one), Self::Is(other)) => one == other,
            (Self::Matches(one), Self::Matches(other)) => one.as_str() == other.as_str(),
            _ => false,
        }
    }
}

impl Eq for Subject {}

/// As in "the command like `^install `".
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(text) => write!(f, "`{text}`"),
            Self::Matches(pattern) => write!(f, "like `{pattern}`"),
        }
    }
}

/// As in "the command `id -u`".
impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { line, .. } => write!(f, "the command {line}"),
            Self::Upload { path, .. } => write!(f, "an upload of {path}"),
            Self::UploadTree { path, .. } => write!(f, "an upload of the folder {path}"),
            Self::Download { path, .. } => write!(f, "a download of {path}"),
            Self::DownloadTree { path, .. } => write!(f, "a download of the folder {path}"),
            Self::Remove { path } => write!(f, "the removal of {path}"),
            Self::Reconnect => f.write_str("a wait for the instance to come back"),
        }
    }
}
