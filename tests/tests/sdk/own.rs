//! The tests that the examples and the SDKs have of their own.

use kilnbox_tests::{Running, repository};

use super::{
    languages::{Language, built, command},
    readme,
};

#[track_caller]
fn check(language: Language) {
    for example in ["harden-sshd", "release-note"] {
        let project = repository()
            .join("examples/plugins")
            .join(language.name())
            .join(example);
        readme::follow(&project).succeeded();
    }
}

#[test]
fn the_examples_in_rust() {
    check(Language::Rust);
}

#[test]
fn the_examples_in_c() {
    check(Language::C);
}

#[test]
fn the_sdk_for_c() {
    let mut make = command(&repository().join("guest-sdk/c"), "make");
    make.arg("test")
        .arg(format!("BUILD={}", built("c").join("sdk").display()));
    Running::start(make).finish().succeeded();
}
