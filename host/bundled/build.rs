//! Builds the first-party components and compiles them for the machine that Kilnbox is built for.
//!
//! A nested cargo builds the guest crates of this workspace for `wasm32-wasip2`, in a target folder of its own so
//! that neither cargo waits for the other's lock. Then each component is compiled ahead with the engine settings that
//! run it later. Where Rust cannot build for `wasm32-wasip2`, `scripts/setup` gets what is missing and may leave
//! `target/guest-toolchain.env`: lines of `KEY=VALUE` for the nested cargo's environment, and two settings of this
//! script, `KILNBOX_GUEST_CARGO` (which cargo) and `KILNBOX_GUEST_CARGO_FLAGS` (more arguments, separated by spaces).

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

const GUEST_TARGET: &str = "wasm32-wasip2";

/// The profile of the workspace's `Cargo.toml`.
const PROFILE: &str = "guest";

const TOOLCHAIN_FILE: &str = "target/guest-toolchain.env";

struct Guest {
    name: &'static str,
    kind: &'static str,
}

const GUESTS: [Guest; 5] = [
    Guest {
        name: "shell",
        kind: "provisioner",
    },
    Guest {
        name: "file",
        kind: "provisioner",
    },
    Guest {
        name: "shell-local",
        kind: "provisioner",
    },
    Guest {
        name: "manifest",
        kind: "post-processor",
    },
    Guest {
        name: "shell-local",
        kind: "post-processor",
    },
];

impl Guest {
    fn package(&self) -> String {
        format!("kilnbox-{}-{}", self.kind, self.name)
    }

    /// Name of the component that cargo makes of the package.
    fn file(&self) -> String {
        self.package().replace('-', "_") + ".wasm"
    }
}

fn main() -> Result<()> {
    let workspace = PathBuf::from(variable("CARGO_MANIFEST_DIR")?)
        .join("../..")
        .canonicalize()?;
    let out = PathBuf::from(variable("OUT_DIR")?);
    let target = variable("TARGET")?;
    watch(&workspace);

    let built = build(&workspace, &out)?;
    let mut list = String::from("&[\n");
    for guest in &GUESTS {
        let wasm = built.join(guest.file());
        let bytes = fs::read(&wasm).with_context(|| format!("reading {}", wasm.display()))?;
        let ahead = kilnbox_wasm::compile_ahead(&bytes, &target)
            .map_err(|error| anyhow::anyhow!("compiling `{}` for {target}: {error:?}", guest.package()))?;
        for (extension, content) in [("wasm", &bytes), ("cwasm", &ahead)] {
            fs::write(out.join(guest.package()).with_added_extension(extension), content)?;
        }
        writeln!(
            list,
            "    Component {{ name: {:?}, kind: {:?}, wasm: include_bytes!({:?}), ahead: page_aligned!({:?}) }},",
            guest.name,
            guest.kind,
            out.join(guest.package()).with_added_extension("wasm"),
            out.join(guest.package()).with_added_extension("cwasm"),
        )?;
    }
    list.push(']');
    fs::write(out.join("components.rs"), list)?;
    Ok(())
}

/// Everything that a component is made of. This script itself is run again when it or the engine settings change.
fn watch(workspace: &Path) {
    for path in [
        "Cargo.toml",
        "Cargo.lock",
        "wit",
        "guest-sdk/rust",
        "provisioners",
        "post-processors",
    ] {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
    // A path that does not exist would run this script every time.
    let toolchain = workspace.join(TOOLCHAIN_FILE);
    if toolchain.exists() {
        println!("cargo::rerun-if-changed={}", toolchain.display());
    }
}

/// Builds all guests and returns the folder with the components.
fn build(workspace: &Path, out: &Path) -> Result<PathBuf> {
    let settings = toolchain_settings(&workspace.join(TOOLCHAIN_FILE))?;
    if settings.is_empty() && !target_installed()? {
        bail!(
            "the Rust target `{GUEST_TARGET}` is missing, and Kilnbox's own steps are built for it: run \
             `scripts/setup`, then build again"
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

    let folder = target_folder(out)?.join("guests");
    let mut command = Command::new(cargo);
    command.current_dir(workspace).args([
        "build",
        "--locked",
        "--target",
        GUEST_TARGET,
        "--profile",
        PROFILE,
    ]);
    command.args(flags).arg("--target-dir").arg(&folder);
    for guest in &GUESTS {
        command.args(["--package", &guest.package()]);
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
        bail!("building Kilnbox's own steps for `{GUEST_TARGET}`: {status}; cargo's messages are above");
    }
    Ok(folder.join(GUEST_TARGET).join(PROFILE))
}

/// What cargo tells build scripts, or the user tells cargo, about this build and not about the guests. Where cargo
/// finds and downloads crates, and its job server, are the same for both.
fn is_of_the_outer_build(name: &str) -> bool {
    const SHARED: [&str; 6] = [
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
    OTHERS.contains(&name)
        || name.starts_with("CARGO_") && !SHARED.iter().any(|shared| name.starts_with(shared))
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
        .args(["--print", "target-libdir", "--target", GUEST_TARGET])
        .output()
        .context("asking rustc for its targets")?;
    Ok(asked.status.success() && Path::new(String::from_utf8(asked.stdout)?.trim()).is_dir())
}

/// The target folder of the outer build: `OUT_DIR` is `PROFILE/build/PACKAGE/out` in it.
fn target_folder(out: &Path) -> Result<&Path> {
    out.ancestors()
        .nth(4)
        .with_context(|| format!("{} is in no target folder", out.display()))
}

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set; cargo runs this script"))
}
