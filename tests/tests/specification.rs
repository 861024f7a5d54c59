//! SPECIFICATION.md makes no promise without a test, and names none that does not exist.
//!
//! That its limits are the program's is a test of `host/sandbox`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use kilnbox_tests::repository;
use regex::Regex;

fn page() -> String {
    fs::read_to_string(repository().join("SPECIFICATION.md")).expect("SPECIFICATION.md is there")
}

/// The cells of every table row.
fn rows(page: &str) -> Vec<Vec<String>> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// Everything between backticks that is of the form `suite::test`.
fn named(cell: &str) -> impl Iterator<Item = (&str, &str)> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|name| name.split_once("::"))
}

/// Files below `folder` that may hold tests, without what is built.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let entry = entry.expect("an entry").path();
        let name = entry
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if entry.is_dir() {
            if !matches!(name.as_str(), "target" | ".git" | "corpus") {
                sources(&entry, found);
            }
        } else {
            found.push(entry);
        }
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let mut files = Vec::new();
    sources(repository(), &mut files);
    let page = page();
    let rows = rows(&page);
    let mut promises = 0;
    for row in &rows {
        for (suite, test) in row.iter().flat_map(|cell| named(cell)) {
            promises += 1;
            let is_there = files.iter().any(|file| holds(file, suite, test));
            assert!(is_there, "`{suite}::{test}` is no test of this repository");
        }
    }
    assert!(promises > 40, "{promises} tests are named");
}

/// Whether `file` belongs to `suite`, by its own name or that of a folder it lies in, and is, or holds, the case `test`.
fn holds(file: &Path, suite: &str, test: &str) -> bool {
    let below = file.strip_prefix(repository()).unwrap_or(file).with_extension("");
    let is_of_suite = below.ancestors().any(|part| part.ends_with(suite));
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("rs") => is_of_suite && fs::read_to_string(file).is_ok_and(|text| is_test(&text, test)),
        Some("toml") => is_of_suite && below.ends_with(test),
        _ => false,
    }
}

/// Whether the source has a test of this name; a function that tests call is none.
fn is_test(source: &str, name: &str) -> bool {
    let marked = format!(r"#\[(tokio::)?test\b[^\]]*\]\s*(#\[[^\]]*\]\s*)*(async )?fn {name}\(");
    Regex::new(&marked).expect("a pattern").is_match(source)
}

#[test]
fn every_promise_has_a_test() {
    let page = page();
    for row in rows(&page) {
        let [promise, .., tests] = &row[..] else {
            panic!("a row of one cell: {row:?}")
        };
        if matches!(promise.as_str(), "promise" | "limit") {
            continue;
        }
        assert!(named(tests).next().is_some(), "no test proves: {promise}");
    }
}
