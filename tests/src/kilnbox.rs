//! The `kilnbox` binary, as a user would run it, with state, cache and configuration of its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{Finished, Running, Tree};

/// Names another binary to test than the one beside the tests.
const BINARY: &str = "KILNBOX_TEST_BINARY";

/// A user's Kilnbox: one home, from which nothing reaches another test.
#[derive(Debug)]
pub struct Kilnbox {
    home: TempDir,
}

impl Default for Kilnbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Kilnbox {
    /// A user who has never run Kilnbox.
    pub fn new() -> Self {
        let home = TempDir::with_prefix("kilnbox-test-home-").expect("a temporary folder can be made");
        // The cache makes its folder itself: it takes none that others may look into.
        for folder in ["state", "config", "tmp"] {
            fs::create_dir(home.path().join(folder)).expect("a folder can be made");
        }
        Self { home }
    }

    /// The binary under test: the one of the same build as the test.
    pub fn binary() -> PathBuf {
        if let Some(binary) = env::var_os(BINARY) {
            return binary.into();
        }
        let test = env::current_exe().expect("a test knows its executable");
        // target/<profile>/deps/<test> -> target/<profile>/kilnbox
        let binary = test
            .ancestors()
            .nth(2)
            .expect("a test lies in deps/")
            .join("kilnbox");
        assert!(
            binary.exists(),
            "no `{}`; run `cargo build --package kilnbox` first, as `make test` does",
            binary.display(),
        );
        binary
    }

    /// `kilnbox` to be run in `folder`, with no more of this process's environment than a search path.
    pub fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(Self::binary());
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("TMPDIR", self.temporary())
            .env("KILNBOX_STATE_DIR", self.state())
            .env("KILNBOX_CACHE_DIR", self.home.path().join("cache"))
            .env("KILNBOX_CONFIG_DIR", self.home.path().join("config"));
        command
    }

    /// Runs `kilnbox` in `folder` to its end.
    pub fn run(&self, folder: &Path, arguments: &[&str]) -> Finished {
        self.start(folder, arguments).finish()
    }

    /// Starts `kilnbox` in `folder`.
    pub fn start(&self, folder: &Path, arguments: &[&str]) -> Running {
        let mut command = self.command(folder);
        command.args(arguments);
        Running::start(command)
    }

    /// Where the journal is.
    pub fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// Its folder for temporary files.
    pub fn temporary(&self) -> PathBuf {
        self.home.path().join("tmp")
    }

    /// Asserts that nothing of a run is left: no temporary file, no mount, nothing that `gc` would find.
    #[track_caller]
    pub fn left_nothing(&self) {
        assert_eq!(
            Tree::read(&self.temporary()).names(),
            Vec::<String>::new(),
            "temporary files"
        );
        let mounts = fs::read_to_string("/proc/mounts").expect("/proc is mounted");
        let home = self
            .home
            .path()
            .to_str()
            .expect("temporary folders have plain names");
        let ours: Vec<_> = mounts.lines().filter(|line| line.contains(home)).collect();
        assert!(ours.is_empty(), "mounts: {ours:#?}");
        let files: Vec<_> = Tree::read(&self.state())
            .files()
            .into_iter()
            .filter(|name| !is_bookkeeping(name))
            .collect();
        assert!(files.is_empty(), "files in the state folder: {files:#?}");
    }
}

/// Lock and version files may stay in the state folder: they stand for nothing outside it.
fn is_bookkeeping(name: &str) -> bool {
    name.ends_with(".lock")
}

/// The root of the repository these tests belong to.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the repository")
}

/// The component of a crate in `tests/guests`.
pub fn guest(name: &str) -> PathBuf {
    Path::new(env!("KILNBOX_TEST_GUESTS")).join(format!("kilnbox_test_{name}.wasm"))
}
