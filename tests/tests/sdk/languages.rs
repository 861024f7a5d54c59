//! Builds the example steps from source, with the commands their READMEs give.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kilnbox_tests::{Running, repository};

/// Compiling a step and all it depends on, on a machine busy with other suites.
const BUILT: Duration = Duration::from_secs(600);

/// A language that has an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    C,
    Python,
    JavaScript,
}

impl Language {
    pub(crate) const ALL: [Self; 4] = [Self::Rust, Self::C, Self::Python, Self::JavaScript];

    /// As `plugin new --lang` and the folders of the examples have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::C => "c",
            Self::Python => "python",
            Self::JavaScript => "javascript",
        }
    }

    /// Builds an example and returns its component, in a place where nobody writes to it.
    pub(crate) fn build(self, example: &str) -> PathBuf {
        let project = repository()
            .join("examples/plugins")
            .join(self.name())
            .join(example);
        let (mut command, component) = match self {
            Self::Rust => {
                let target = built("rust");
                let mut cargo = command(&project, "cargo");
                cargo
                    .args(["build", "--locked", "--release", "--target", "wasm32-wasip2"])
                    .arg("--target-dir")
                    .arg(&target);
                let file = format!("wasm32-wasip2/release/{}.wasm", example.replace('-', "_"));
                (cargo, target.join(file))
            }
            Self::C => {
                let make = command(&project, "make");
                (make, project.join(format!("build/{example}.wasm")))
            }
            Self::Python => {
                let mut build = command(&project, "kilnbox-step");
                build.arg("build");
                (build, project.join(format!("dist/{example}.wasm")))
            }
            Self::JavaScript => {
                let mut build = command(&project, "npx");
                build.args(["kilnbox-step", "build"]);
                (build, project.join(format!("dist/{example}.wasm")))
            }
        };
        // What cargo says to this test is not for another cargo.
        for (name, _) in env::vars_os() {
            if name
                .to_str()
                .is_some_and(|name| name.starts_with("CARGO") && name != "CARGO_HOME")
            {
                command.env_remove(name);
            }
        }
        Running::start(command).finish_within(BUILT).succeeded();
        let kept = built(self.name()).join(format!("{example}.wasm"));
        fs::create_dir_all(built(self.name())).expect("a folder can be made");
        fs::copy(&component, &kept)
            .unwrap_or_else(|error| panic!("no component `{}`: {error}", component.display()));
        kept
    }
}

/// The tests of this suite take turns: compilers of four languages at once keep each other from the processor, and then
/// compiling a large component goes over Kilnbox's limit of time.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `program`, looked for among those that `scripts/setup test` installs first.
pub(crate) fn command(folder: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("PATH", path());
    command
}

/// The search path of the SDKs' own programs.
pub(crate) fn path() -> String {
    let installed = repository().join("target/guest-languages/bin");
    let path = env::var("PATH").unwrap_or_default();
    format!("{}:{path}", installed.display())
}

/// A folder for what is built of one language, kept between runs.
pub(crate) fn built(language: &str) -> PathBuf {
    repository().join("target/sdk").join(language)
}
