//! The lines of a journal, and what is still open after reading them.
//!
//! A line that does not parse was torn by a crash or a full disk. Leaving it out is safe: a torn record was never
//! acknowledged, so nothing was made; a torn strike leaves its entry open, and reclaiming is idempotent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One line of a journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(crate) enum Line {
    /// The first line; for `gc --older-than`, and for people who look into the file.
    Run { run: String, pid: u32, started: String },
    /// A resource is about to be made.
    Record { id: u64, kind: String, data: Json },
    /// More is known of it.
    Update { id: u64, data: Json },
    /// It is gone.
    Strike { id: u64 },
}

/// A resource that may still exist.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenEntry {
    pub(crate) id: u64,
    pub(crate) kind: String,
    pub(crate) data: Json,
}

/// When the run began, if the first line says so.
pub(super) fn started(text: &[u8]) -> Option<Timestamp> {
    let first = text.split(|byte| *byte == b'\n').next()?;
    match serde_json::from_slice(first) {
        Ok(Line::Run { started, .. }) => started.parse().ok(),
        _ => None,
    }
}

/// The open entries of a journal's text, oldest first.
pub(super) fn open_entries(text: &[u8]) -> Vec<OpenEntry> {
    let mut open = BTreeMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Line::Record { id, kind, data }) => {
                open.insert(id, OpenEntry { id, kind, data });
            }
            Ok(Line::Update { id, data }) => {
                if let Some(entry) = open.get_mut(&id) {
                    entry.data = data;
                }
            }
            Ok(Line::Strike { id }) => {
                open.remove(&id);
            }
            Ok(Line::Run { .. }) | Err(_) => {}
        }
    }
    open.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(u64, &str)]) {
        let open: Vec<_> = open_entries(text.as_bytes())
            .into_iter()
            .map(|entry| (entry.id, entry.kind))
            .collect();
        let expect: Vec<_> = expect
            .iter()
            .map(|(id, kind)| (*id, (*kind).to_owned()))
            .collect();
        assert_eq!(open, expect, "{text}");
    }

    #[test]
    fn torn_lines_are_left_out() {
        let one = r#"{"op":"record","id":1,"kind":"a","data":{}}"#;
        let two = r#"{"op":"record","id":2,"kind":"b","data":{}}"#;
        check("", &[]);
        check(&format!("{one}\n{two}\n"), &[(1, "a"), (2, "b")]);
        check(&format!("{one}\n{}", &two[..20]), &[(1, "a")]);
        check(&format!("{one}\n{}\n{two}\n", &two[..20]), &[(1, "a"), (2, "b")]);
        check(
            &format!("{one}\n{two}\n{{\"op\":\"strike\",\"id\":1}}\n"),
            &[(2, "b")],
        );
        check(&format!("{one}\n{{\"op\":\"strike\",\"id\":"), &[(1, "a")]);
        check(&format!("{one}\n\0\0\0\0"), &[(1, "a")]);
    }
}
