//! Components that were built against the contract of an earlier day must run for ever: the exports never change inside a
//! major version, and imports only grow. `tests/fixtures` has those components as bytes, built once and never again.

use std::{fs, path::PathBuf};

use kilnbox_tests::{Kilnbox, repository};
use tempfile::TempDir;

#[track_caller]
fn fixture(version: &str, name: &str) -> PathBuf {
    let file = repository().join(format!("tests/fixtures/contract-{version}/{name}.wasm"));
    assert!(file.exists(), "no `{}`", file.display());
    file
}

#[track_caller]
fn check(version: &str, language: &str) {
    let kilnbox = Kilnbox::new();
    let transcripts = repository().join("examples/plugins/transcripts");

    let harden = fixture(version, &format!("{language}-harden-sshd"));
    kilnbox
        .run(
            &transcripts,
            &[
                "plugin",
                "run",
                harden.to_str().expect("a plain name"),
                "--config",
                "harden-sshd.json",
                "--against",
                "harden-sshd.toml",
            ],
        )
        .succeeded();

    let note = fixture(version, &format!("{language}-release-note"));
    let folder = TempDir::with_prefix("kilnbox-test-earlier-").expect("a temporary folder can be made");
    fs::copy(transcripts.join("disk.raw"), folder.path().join("disk.raw")).expect("a file can be copied");
    kilnbox
        .run(
            folder.path(),
            &[
                "plugin",
                "run",
                note.to_str().expect("a plain name"),
                "--config",
                r#"{ "output": "note.md", "title": "Web 1.0", "algorithms": ["sha256", "md5"] }"#,
                "--artifact",
                "disk.raw",
            ],
        )
        .succeeded();
    let text = |file: PathBuf| fs::read_to_string(file).expect("there is a note");
    assert_eq!(
        text(folder.path().join("note.md")),
        text(transcripts.join("release-note.md"))
    );
}

#[test]
fn in_rust_of_1_0_0() {
    check("1.0.0", "rust");
}

#[test]
fn in_c_of_1_0_0() {
    check("1.0.0", "c");
}
