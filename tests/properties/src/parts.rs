//! Inputs of several parts, such as a schema and the options for it, in one file that a person can read and edit.

/// The text before and after the first line `---`; without one, all of it and nothing.
pub(crate) fn two(text: &str) -> (&str, &str) {
    text.split_once("\n---\n").unwrap_or((text, ""))
}
