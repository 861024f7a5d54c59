//! Every project that `kilnbox plugin new` makes builds and passes its own tests, in an empty folder and with the commands
//! of its README.

use kilnbox_tests::Kilnbox;
use tempfile::TempDir;

use super::{
    languages::{Language, turn},
    script,
};

#[track_caller]
fn check(language: Language, kind: &str) {
    let _turn = turn();
    // A name of its own: cargo would take projects of one name for one, where they share a target folder.
    let name = format!("my-{kind}");
    let empty = TempDir::with_prefix("kilnbox-test-new-").expect("a temporary folder can be made");
    Kilnbox::new()
        .run(
            empty.path(),
            &["plugin", "new", "--lang", language.name(), "--kind", kind, &name],
        )
        .succeeded();
    script::follow_readme(&empty.path().join(&name)).succeeded();
}

#[test]
fn in_rust() {
    check(Language::Rust, "provisioner");
    check(Language::Rust, "post-processor");
}

#[test]
fn in_c() {
    check(Language::C, "provisioner");
    check(Language::C, "post-processor");
}

#[test]
fn in_python() {
    check(Language::Python, "provisioner");
    check(Language::Python, "post-processor");
}

#[test]
fn in_javascript() {
    check(Language::JavaScript, "provisioner");
    check(Language::JavaScript, "post-processor");
}
