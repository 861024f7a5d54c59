//! The conformance tables of `tests/conformance/` at the root of the workspace: what a template means, as data.
//!
//! Each file is one sub-section of `reference/packer.md` §2. A case holds what is read and what must come of it: what
//! is seen in the result, or every error with the text it points at and, where the case says so, its hint. All cases
//! of a file are tried, and those that fail are shown together. What a user reads of every error stands in `snapshots/`.

#![expect(clippy::expect_used, reason = "what a test cannot set up fails the test")]

mod reports;
mod tables;
mod templates;
mod texts;

use tables::check;
use templates::template_case;
use texts::text_case;

#[test]
fn interpolation() {
    check("interpolation", text_case);
}

#[test]
fn functions() {
    check("functions", text_case);
}

#[test]
fn top_level_keys() {
    check("top-level-keys", template_case);
}

#[test]
fn builders() {
    check("builders", template_case);
}

#[test]
fn provisioners() {
    check("provisioners", template_case);
}

#[test]
fn post_processors() {
    check("post-processors", template_case);
}

#[test]
fn variables() {
    check("variables", template_case);
}
