//! Packer, the peer that results are compared with.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{Finished, Running};

/// A user's Packer, with a home of its own.
#[derive(Debug)]
pub struct Packer {
    home: TempDir,
}

impl Packer {
    /// The Packer of this machine. Panics where there is none: a comparison that did not run must not look green.
    pub fn new() -> Self {
        let found = Command::new("packer")
            .arg("version")
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(Stdio::null())
            .output()
            .is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).starts_with("Packer v"));
        assert!(
            found,
            "no `packer` on this machine; `scripts/setup test` installs it where it can be had"
        );
        Self {
            home: TempDir::with_prefix("kilnbox-test-packer-").expect("a temporary folder can be made"),
        }
    }

    /// Runs `packer` in `folder` to its end.
    pub fn run(&self, folder: &Path, arguments: &[&str]) -> Finished {
        let mut command = self.command(folder);
        command.args(arguments);
        Running::start(command).finish()
    }

    /// `packer` to be run in `folder`, with as little environment as [`crate::Kilnbox`] gets.
    pub fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new("packer");
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("TMPDIR", self.home.path())
            .env("PACKER_CONFIG_DIR", self.home.path())
            .env("PACKER_CACHE_DIR", self.home.path())
            .env("CHECKPOINT_DISABLE", "1");
        command
    }
}

impl Default for Packer {
    fn default() -> Self {
        Self::new()
    }
}
