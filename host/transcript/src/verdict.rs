//! Where a step went another way than its transcript.

use similar::{ChangeTag, TextDiff};

use crate::{Content, Place, content::sha256};

/// Longest text whose lines are compared for the message, in bytes.
const COMPARED: usize = 64 * 1024;

/// The first thing that a step did, or did not do, against its transcript.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Departure {
    /// The expectation it is about; absent where the transcript has ended.
    pub at: Option<Place>,
    /// What happened.
    pub message: String,
    /// The difference, or what to do.
    pub hint: Option<String>,
}

impl Departure {
    pub(crate) fn new(at: Option<Place>, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// How what came differs from what was expected: lines with `-` were expected, lines with `+` came.
pub(crate) fn difference(expected: &Content, came: &[u8]) -> String {
    let wanted = match expected {
        Content::Sha256(digest) => {
            return format!("expected SHA-256 {digest}\nbut it is       {}", sha256(came));
        }
        Content::Bytes(bytes) => bytes,
    };
    match (str::from_utf8(wanted), str::from_utf8(came)) {
        (Ok(wanted), Ok(came)) if wanted.len().max(came.len()) <= COMPARED => lines(wanted, came),
        _ => format!("expected {} bytes, and {} came", wanted.len(), came.len()),
    }
}

pub(crate) fn lines(wanted: &str, came: &str) -> String {
    let diff = TextDiff::from_lines(wanted, came);
    let lines = diff.iter_all_changes().map(|change| {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let end = if change.missing_newline() {
            " (no newline at the end)"
        } else {
            ""
        };
        format!("{sign} {}{end}", change.value().trim_end_matches('\n'))
    });
    lines.collect::<Vec<_>>().join("\n")
}
