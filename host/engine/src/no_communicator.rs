//! Stands where a build has no communicator, for the steps that need none: `shell-local`.

use std::time::Duration;

use async_trait::async_trait;
use cap_std::fs::Dir;
use tokio::io::AsyncWrite;

use crate::{Command, Communicator, CommunicatorError, Connection, InstanceFacts, Process, Progress, Upload};

/// A communicator that reaches nothing; every call is [`CommunicatorError::Unsupported`].
#[derive(Debug)]
pub struct NoCommunicator {
    facts: InstanceFacts,
}

impl Default for NoCommunicator {
    fn default() -> Self {
        let facts = InstanceFacts {
            communicator: "none",
            os_family: "unix",
            shell_family: "posix",
            arch: None,
            user: String::new(),
        };
        Self { facts }
    }
}

/// What Packer says, shortened to a sense that fits "… is not supported by this communicator".
fn refused<T>(what: &'static str) -> Result<T, CommunicatorError> {
    Err(CommunicatorError::Unsupported(what))
}

#[async_trait]
impl Communicator for NoCommunicator {
    fn facts(&self) -> &InstanceFacts {
        &self.facts
    }

    fn connection(&self) -> Option<Connection> {
        None
    }

    async fn start(&self, _: Command) -> Result<Box<dyn Process>, CommunicatorError> {
        refused("no communicator found for provisioners (`communicator` is \"none\"): running a command")
    }

    async fn upload(&self, _: &str, _: Upload<'_>, _: &dyn Progress) -> Result<u64, CommunicatorError> {
        refused("no communicator found for provisioners (`communicator` is \"none\"): uploading a file")
    }

    async fn upload_tree(
        &self,
        _: &str,
        _: &Dir,
        _: &str,
        _: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        refused("no communicator found for provisioners (`communicator` is \"none\"): uploading a directory")
    }

    async fn download(
        &self,
        _: &str,
        _: &mut (dyn AsyncWrite + Send + Unpin),
        _: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        refused("no communicator found for provisioners (`communicator` is \"none\"): downloading a file")
    }

    async fn download_tree(&self, _: &str, _: &Dir, _: &dyn Progress) -> Result<u64, CommunicatorError> {
        refused(
            "no communicator found for provisioners (`communicator` is \"none\"): downloading a directory",
        )
    }

    async fn remove(&self, _: &str) -> Result<(), CommunicatorError> {
        refused("no communicator found for provisioners (`communicator` is \"none\"): removing a file")
    }

    async fn reconnect(&self, _: Duration) -> Result<(), CommunicatorError> {
        refused("no communicator found for provisioners (`communicator` is \"none\"): reconnecting")
    }

    async fn close(&self) {}
}
