//! The tests that the SDKs and the examples have of their own. `cargo test` runs those of the Rust SDK itself.

use kilnbox_tests::repository;

use super::{
    languages::{Language, built, turn},
    script,
};

#[track_caller]
fn check(folder: &str, commands: &str) {
    script::run(&repository().join(folder), commands).succeeded();
}

#[track_caller]
fn examples(language: Language, commands: &str) {
    let _turn = turn();
    for example in ["harden-sshd", "release-note"] {
        let folder = format!("examples/plugins/{}/{example}", language.name());
        check(&folder, commands);
    }
}

#[test]
fn rust() {
    examples(Language::Rust, "cargo test --locked; cargo fmt --check");
}

#[test]
fn c() {
    let target = built("c").join("sdk");
    check("guest-sdk/c", &format!("make test BUILD={}", target.display()));
    examples(Language::C, "make test check");
}

#[test]
fn python() {
    check(
        "guest-sdk/python",
        "python -m unittest discover -t . -s tests; mypy",
    );
    examples(Language::Python, "python -m unittest; mypy --strict .");
}

#[test]
fn javascript() {
    check("guest-sdk/javascript", "npx tsc --noEmit; npm test");
    examples(Language::JavaScript, "npx tsc --noEmit; npm test");
}
