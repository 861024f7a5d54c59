//! Builds the guests of the sandbox suite as components, the way `host/bundled` builds the first-party ones.
//!
//! They are built here rather than by the tests, so that tests that run as another user build nothing.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const GUESTS: [&str; 2] = ["kilnbox-test-hostile", "kilnbox-test-nosy"];
const TARGET: &str = "wasm32-wasip2";

/// What `scripts/setup` writes where the components are built by another toolchain than the host's programs.
const TOOLCHAIN: &str = "target/guest-toolchain.env";

fn main() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace");
    let toolchain = workspace.join(TOOLCHAIN);
    for input in ["tests/guests", "guest-sdk/rust", "wit", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", workspace.join(input).display());
    }
    // A path that does not exist would run this script every time.
    if toolchain.exists() {
        println!("cargo::rerun-if-changed={}", toolchain.display());
    }
    // The folder that the first-party components are built in, so that what they share is built once. `OUT_DIR` is
    // `PROFILE/build/PACKAGE/out` in the target folder.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let built = out
        .ancestors()
        .nth(4)
        .expect("build scripts have a target folder")
        .join("guests");
    build(workspace, &built);
    println!(
        "cargo::rustc-env=KILNBOX_TEST_GUESTS={}",
        built.join(TARGET).join("guest").display()
    );
}

fn build(workspace: &Path, into: &Path) {
    let toolchain = toolchain(&workspace.join(TOOLCHAIN));
    let cargo = toolchain.get("KILNBOX_GUEST_CARGO").cloned();
    let mut command = Command::new(cargo.unwrap_or_else(|| env::var("CARGO").expect("cargo sets it")));
    command
        .current_dir(workspace)
        .args(["build", "--profile", "guest", "--target", TARGET]);
    command.arg("--target-dir").arg(into);
    if let Some(flags) = toolchain.get("KILNBOX_GUEST_CARGO_FLAGS") {
        command.args(flags.split(' '));
    }
    for guest in GUESTS {
        command.args(["--package", guest]);
    }
    // What cargo and its users set for the host's programs means nothing to guests.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_ENCODED_")
            || text.starts_with("CARGO_PROFILE_")
            || text.contains("RUSTFLAGS")
            || text.starts_with("RUSTC")
            || text == "CARGO_BUILD_TARGET"
        {
            command.env_remove(name);
        }
    }
    command.envs(toolchain.iter().filter(|(name, _)| !name.starts_with("KILNBOX_")));
    let status = command.status().expect("cargo can be started");
    assert!(
        status.success(),
        "the guests of the tests could not be built; `scripts/setup` gets the target {TARGET}"
    );
}

fn toolchain(file: &Path) -> HashMap<String, String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
