//! Kilnbox in the hands of someone who has an account.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value as Json;
use tempfile::TempDir;

use super::{Account, Endpoint};
use crate::{Finished, Kilnbox, Running};

/// Seconds between two looks at what takes time, so that nobody waits for moto.
const POLL: &str = "0.05";

/// A user with a folder of templates. Several builds may use one at the same time, as in a shell each.
#[derive(Debug)]
pub struct User {
    /// Their Kilnbox.
    pub kilnbox: Kilnbox,
    /// Their account.
    pub account: Account,
    folder: TempDir,
}

impl User {
    /// A user of this account who has never run Kilnbox.
    pub fn of(account: Account) -> Self {
        Self {
            kilnbox: Kilnbox::new(),
            account,
            folder: TempDir::with_prefix("kilnbox-test-user-").expect("a temporary folder can be made"),
        }
    }

    /// Where their commands run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file there.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file can be written");
    }

    /// A file there.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `kilnbox` with these arguments, which knows the endpoint and credentials from its environment.
    pub fn command(&self, endpoint: &Endpoint, arguments: &[&str]) -> Command {
        let mut command = self.kilnbox.command(self.folder());
        command
            .args(arguments)
            .envs(endpoint.environment())
            .env("AWS_POLL_DELAY_SECONDS", POLL);
        command
    }

    /// Starts a command as the client of its endpoint.
    pub fn start(endpoint: &Endpoint, command: Command) -> Running {
        let running = Running::start(command);
        endpoint.client(running.id());
        running
    }

    /// Builds a template to the end.
    pub fn build(&self, endpoint: &Endpoint, template: &Json) -> Finished {
        self.start_build(endpoint, template).finish()
    }

    /// Starts to build a template.
    pub fn start_build(&self, endpoint: &Endpoint, template: &Json) -> Running {
        self.write("template.json", &template.to_string());
        let command = self.command(endpoint, &["build", "-color=false", "template.json"]);
        Self::start(endpoint, command)
    }

    /// Removes what killed builds have left.
    pub fn gc(&self, endpoint: &Endpoint) -> Finished {
        Self::start(endpoint, self.command(endpoint, &["gc"])).finish()
    }
}
