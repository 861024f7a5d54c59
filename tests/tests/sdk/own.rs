//! The tests that the SDKs and the examples have of their own. `cargo test` runs those of the Rust SDK itself.

use kilnbox_tests::repository;

use super::{languages::built, script};

#[track_caller]
fn check(folder: &str, commands: &str) {
    script::run(&repository().join(folder), commands).succeeded();
}

#[track_caller]
fn examples(language: &str, commands: &str) {
    for example in ["harden-sshd", "release-note"] {
        check(&format!("examples/plugins/{language}/{example}"), commands);
    }
}

#[test]
fn rust() {
    examples("rust", "cargo test --locked; cargo fmt --check");
}

#[test]
fn c() {
    let target = built("c");
    check(
        "guest-sdk/c",
        &format!("make test BUILD={}", target.join("sdk").display()),
    );
    let target = target.display();
    examples("c", &format!("make test check BUILD={target}/$(basename $PWD)"));
}

#[test]
fn python() {
    check(
        "guest-sdk/python",
        "python -m unittest discover -t . -s tests; mypy",
    );
    examples("python", "python -m unittest; mypy --strict .");
}

#[test]
fn javascript() {
    check("guest-sdk/javascript", "npx tsc --noEmit; npm test");
    examples("javascript", "npx tsc --noEmit; npm test");
}
