//! Tests of the built component, for an author's `cargo test`.
//!
//! A transcript says what the step is expected to do and what the instance answers, so a test needs no machine. The
//! program `kilnbox` runs the component, in the sandbox that users run it in; the environment variable `KILNBOX` says
//! where it is when it is not on the `PATH`. Logic that calls no import needs none of this: plain `#[test]` functions
//! test it.
//!
//! ```no_run
//! use kilnbox_guest::testing::{Component, Error};
//!
//! #[test]
//! fn writes_the_file() -> Result<(), Error> {
//!     Component::build(env!("CARGO_MANIFEST_DIR"))?
//!         .run(r#"{ "sudo": true }"#, "tests/sudo.toml")?
//!         .success()?;
//!     Ok(())
//! }
//! ```

use std::{
    env,
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
};

use serde_json::Value;

const TARGET: &str = "wasm32-wasip2";

/// Why a test did not pass. Its `Debug` is what a person reads, since that is what a failed test prints.
pub struct Error(String);

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// A component that was built.
#[derive(Clone, Debug)]
pub struct Component {
    project: PathBuf,
    file: PathBuf,
}

/// What a run of the component came to.
#[derive(Clone, Debug)]
pub struct Run {
    /// Exit code 0.
    pub succeeded: bool,
    /// What the step said, as a person sees it.
    pub stdout: String,
    /// What went wrong, as a person sees it.
    pub stderr: String,
}

impl Component {
    /// Has cargo build the project in this folder; `env!("CARGO_MANIFEST_DIR")` is the test's own.
    pub fn build(project: impl Into<PathBuf>) -> Result<Self, Error> {
        let project = project.into();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .current_dir(&project)
            .args(["build", "--release", "--lib", "--target", TARGET])
            .arg("--message-format=json-render-diagnostics")
            // Cargo's own words are shown as they come.
            .stderr(Stdio::inherit());
        let built = output(&mut command, "cargo")?;
        if !built.status.success() {
            return Err(Error(format!(
                "cargo did not build a component in `{}`; its messages are above\nhint: `rustup target add {TARGET}` \
                 if the target is missing",
                project.display()
            )));
        }
        let manifest = project.join("Cargo.toml");
        match component_of(&String::from_utf8_lossy(&built.stdout), &manifest) {
            Some(file) => Ok(Self { project, file }),
            None => Err(Error(format!(
                "`{}` builds no component\nhint: it needs `crate-type = [\"cdylib\"]` under `[lib]`",
                manifest.display()
            ))),
        }
    }

    /// The file that cargo made.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Runs a provisioner with options, JSON or the path of a JSON file, against a transcript. Paths are relative to the
    /// project.
    pub fn run(&self, options: &str, transcript: impl AsRef<Path>) -> Result<Run, Error> {
        let against = ["--against".into(), transcript.as_ref().into()];
        self.kilnbox("run", config(options).into_iter().chain(against))
    }

    /// Runs a post-processor with options, as above, on an artifact of these files. What it writes stays.
    pub fn run_on_artifact(&self, options: &str, files: &[impl AsRef<Path>]) -> Result<Run, Error> {
        let files = files
            .iter()
            .flat_map(|file| ["--artifact".into(), file.as_ref().into()]);
        let arguments = config(options).into_iter().chain(files);
        self.kilnbox("run", arguments.chain(["--force".into()]))
    }

    /// `kilnbox plugin check`: what it imports, its schema, its size.
    pub fn check(&self) -> Result<Run, Error> {
        self.kilnbox("check", [])
    }

    fn kilnbox(&self, what: &str, arguments: impl IntoIterator<Item = OsString>) -> Result<Run, Error> {
        let program = env::var_os("KILNBOX").unwrap_or_else(|| "kilnbox".into());
        let mut command = Command::new(program);
        command
            .current_dir(&self.project)
            .args(["plugin", what])
            .arg(&self.file)
            .args(arguments)
            .stdin(Stdio::null());
        let output = output(&mut command, "kilnbox")?;
        Ok(Run {
            succeeded: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

impl Run {
    /// The run if it succeeded; otherwise an error with all that was said.
    pub fn success(self) -> Result<Self, Error> {
        if self.succeeded {
            return Ok(self);
        }
        Err(Error(format!(
            "the step did not succeed\n{}{}",
            self.stdout, self.stderr
        )))
    }

    /// The run if it failed and said so in these words; otherwise an error with all that was said.
    pub fn failure(self, words: &str) -> Result<Self, Error> {
        if !self.succeeded && self.stderr.contains(words) {
            return Ok(self);
        }
        let ended = if self.succeeded {
            "the step succeeded"
        } else {
            "the step failed in other words"
        };
        Err(Error(format!(
            "{ended}, and `{words}` was expected\n{}{}",
            self.stdout, self.stderr
        )))
    }
}

fn config(options: &str) -> [OsString; 2] {
    ["--config".into(), options.into()]
}

fn output(command: &mut Command, program: &str) -> Result<process::Output, Error> {
    command.output().map_err(|error| {
        let hint = match (error.kind(), program) {
            (io::ErrorKind::NotFound, "kilnbox") => {
                "\nhint: install Kilnbox, or set the environment variable `KILNBOX` to the program"
            }
            _ => "",
        };
        Error(format!("`{program}` does not start: {error}{hint}"))
    })
}

/// The file named in the messages of cargo, which are one JSON object a line.
fn component_of(messages: &str, manifest: &Path) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is = |key: &str, value: &str| message.get(key).and_then(Value::as_str) == Some(value);
        if !is("reason", "compiler-artifact") || !is("manifest_path", manifest.to_str()?) {
            return None;
        }
        let files = message.get("filenames")?.as_array()?;
        let mut files = files.iter().filter_map(Value::as_str);
        files.find(|file| file.ends_with(".wasm")).map(PathBuf::from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_that_of_the_project() {
        let messages = r#"
{"reason":"compiler-artifact","manifest_path":"/home/me/x/kilnbox-guest/Cargo.toml","filenames":["/t/libother.rlib"]}
{"reason":"compiler-artifact","manifest_path":"/home/me/other/Cargo.toml","filenames":["/t/other.wasm"]}
{"reason":"compiler-artifact","manifest_path":"/home/me/x/Cargo.toml","filenames":["/t/libx.rlib","/t/x.wasm"]}
{"reason":"build-finished","success":true}
words of a build script"#;
        assert_eq!(
            component_of(messages, Path::new("/home/me/x/Cargo.toml")),
            Some("/t/x.wasm".into())
        );
        assert_eq!(component_of(messages, Path::new("/home/me/y/Cargo.toml")), None);
    }
}
