//! Builds guest crates of this workspace as components; called by the build scripts that need them.
//!
//! A nested cargo builds them for `wasm32-wasip2`, in a target folder of its own so that neither cargo waits for the
//! other's lock; all callers share that folder, so that what guests have in common is built once. Where Rust cannot
//! build for `wasm32-wasip2`, `scripts/setup` gets what is missing and may leave `target/guest-toolchain.env`: lines of
//! `KEY=VALUE` for the nested cargo's environment, and two settings of this crate, `KILNBOX_GUEST_CARGO` (which cargo)
//! and `KILNBOX_GUEST_CARGO_FLAGS` (more arguments, separated by spaces).

#![expect(
    clippy::print_stdout,
    reason = "lines on standard output are how a build script talks to cargo"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

const TARGET: &str = "wasm32-wasip2";

/// The profile of the workspace's `Cargo.toml`.
const PROFILE: &str = "guest";

const TOOLCHAIN_FILE: &str = "target/guest-toolchain.env";

/// What every guest is made of, besides its own sources.
const SHARED: [&str; 4] = ["Cargo.toml", "Cargo.lock", "wit", "guest-sdk/rust"];

/// Builds `packages` and returns the folder with their components, each named by [`file_name`].
///
/// Cargo runs the calling script again when something in `sources` changes, or anything that all guests are made of.
/// Paths are relative to `workspace`.
pub fn build(workspace: &Path, packages: &[String], sources: &[&str]) -> Result<PathBuf> {
    watch(workspace, sources);
    let settings = toolchain_settings(&workspace.join(TOOLCHAIN_FILE))?;
    if settings.is_empty() && !target_installed()? {
        bail!(
            "the Rust target `{TARGET}` is missing, and Kilnbox's own steps are built for it: run `scripts/setup`, \
             then build again"
        );
    }

    let mut cargo = variable("CARGO")?;
    let mut flags = Vec::new();
    let mut environment = Vec::new();
    for (name, value) in settings {
        match name.as_str() {
            "KILNBOX_GUEST_CARGO" => cargo = value,
            "KILNBOX_GUEST_CARGO_FLAGS" => flags = value.split_whitespace().map(str::to_owned).collect(),
            _ => environment.push((name, value)),
        }
    }

    let folder = target_folder()?.join("guests");
    let mut command = Command::new(cargo);
    command
        .current_dir(workspace)
        .args(["build", "--locked", "--target", TARGET, "--profile", PROFILE])
        .args(flags)
        .arg("--target-dir")
        .arg(&folder);
    for package in packages {
        command.args(["--package", package]);
    }
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_of_the_outer_build) {
            command.env_remove(name);
        }
    }
    command.envs(environment);

    let status = command
        .status()
        .with_context(|| format!("starting {command:?}"))?;
    if !status.success() {
        bail!("building guests for `{TARGET}`: {status}; cargo's messages are above");
    }
    Ok(folder.join(TARGET).join(PROFILE))
}

/// Name of the component that cargo makes of a package.
pub fn file_name(package: &str) -> String {
    package.replace('-', "_") + ".wasm"
}

fn watch(workspace: &Path, sources: &[&str]) {
    for path in SHARED.iter().chain(sources) {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
    // A path that does not exist would run the script every time.
    let toolchain = workspace.join(TOOLCHAIN_FILE);
    if toolchain.exists() {
        println!("cargo::rerun-if-changed={}", toolchain.display());
    }
}

/// What cargo tells build scripts, or the user tells cargo, about this build and not about the guests. Where cargo
/// finds and downloads crates, and its job server, are the same for both.
fn is_of_the_outer_build(name: &str) -> bool {
    const BOTH: [&str; 6] = [
        "CARGO_HOME",
        "CARGO_MAKEFLAGS",
        "CARGO_NET_",
        "CARGO_HTTP_",
        "CARGO_REGISTR",
        "CARGO_SOURCE_",
    ];
    const OTHERS: [&str; 5] = [
        "RUSTFLAGS",
        "RUSTDOCFLAGS",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_LINKER",
        "CLIPPY_ARGS",
    ];
    OTHERS.contains(&name) || name.starts_with("CARGO_") && !BOTH.iter().any(|both| name.starts_with(both))
}

fn toolchain_settings(file: &Path) -> Result<Vec<(String, String)>> {
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, value) = line
                .split_once('=')
                .with_context(|| format!("`{line}` in {} is not KEY=VALUE", file.display()))?;
            Ok((name.trim().to_owned(), value.to_owned()))
        })
        .collect()
}

fn target_installed() -> Result<bool> {
    let asked = Command::new(variable("RUSTC")?)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("asking rustc for its targets")?;
    Ok(asked.status.success() && Path::new(String::from_utf8(asked.stdout)?.trim()).is_dir())
}

/// The target folder of the outer build: `OUT_DIR` is `PROFILE/build/PACKAGE/out` in it.
fn target_folder() -> Result<PathBuf> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let folder = out.ancestors().nth(4);
    folder
        .map(Path::to_owned)
        .with_context(|| format!("{} is in no target folder", out.display()))
}

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set; cargo runs this in a build script"))
}
