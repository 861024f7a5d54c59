//! What the tests stand on: a work folder, a started container, a command's output.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, pin::Pin, sync::Arc};

use anyhow::{Result, ensure};
use kilnbox_builder_rootfs::{Base, Container, ContainerCommunicator, Isolation, Setup};
use kilnbox_engine::{Command, Communicator, Exit, Output};
use tempfile::TempDir;

pub(crate) type Test = (&'static str, fn() -> Pin<Box<dyn Future<Output = Result<()>>>>);

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// A copy of this program that every account may run, kept until the process ends.
pub(crate) fn reachable_executable() -> PathBuf {
    static COPY: std::sync::OnceLock<(TempDir, PathBuf)> = std::sync::OnceLock::new();
    COPY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let copy = folder.path().join("container");
        fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        (folder, copy)
    })
    .1
    .clone()
}

pub(crate) struct Bed {
    pub(crate) container: Container,
    pub(crate) inside: Arc<ContainerCommunicator>,
    pub(crate) isolation: Isolation,
    pub(crate) work: TempDir,
}

impl Bed {
    pub(crate) async fn host() -> Result<Self> {
        Self::start(Base::Host).await
    }

    pub(crate) async fn start(base: Base) -> Result<Self> {
        let work = tempfile::tempdir()?;
        let mut container = Container::spawn(&std::env::current_exe()?, work.path())?;
        let setup = Setup {
            base,
            host_network: false,
            hostname: "kiln".to_owned(),
        };
        let isolation = container.begin(&setup).await?;
        let inside = container.communicator()?;
        Ok(Self {
            container,
            inside,
            isolation,
            work,
        })
    }

    /// Runs a line; its exit and both outputs.
    pub(crate) async fn run(&self, line: &str) -> Result<(Exit, String)> {
        let mut process = self.inside.start(Command::line(line)).await?;
        let mut text = Vec::new();
        loop {
            match process.next().await? {
                Output::Stdout(chunk) | Output::Stderr(chunk) => text.extend_from_slice(&chunk),
                Output::Exited(exit) => return Ok((exit, String::from_utf8_lossy(&text).into_owned())),
            }
        }
    }

    /// Runs a line that must succeed.
    pub(crate) async fn good(&self, line: &str) -> Result<String> {
        let (exit, text) = self.run(line).await?;
        ensure!(exit == Exit::Code(0), "`{line}` ended with {exit:?}: {text}");
        Ok(text)
    }

    /// Runs a line that must be refused.
    pub(crate) async fn refused(&self, line: &str) -> Result<String> {
        let (exit, text) = self.run(line).await?;
        ensure!(exit != Exit::Code(0), "`{line}` succeeded: {text}");
        Ok(text)
    }
}
