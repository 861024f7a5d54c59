//! The engine's [`Communicator`] over SSH.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cap_std::fs::Dir;
use kilnbox_engine::{
    Command, Communicator, CommunicatorError, Connection, InstanceFacts, Process, Progress, Upload,
};
use tokio::io::AsyncWrite;

use crate::{
    connect::Target,
    error::ConnectError,
    exec::Running,
    instance::Instance,
    links::Links,
    options::SshOptions,
    transfer::{
        file,
        tree::{self, Tar},
    },
};

/// The connection to one instance over SSH. Connects again by itself, once, where the connection died between two
/// commands.
#[derive(Debug)]
pub struct SshCommunicator {
    facts: InstanceFacts,
    links: Links,
    tar: Tar,
}

impl SshCommunicator {
    /// Connects to `host`, trying until `ssh_timeout` has passed.
    pub async fn connect(host: &str, options: Arc<SshOptions>) -> Result<Self, ConnectError> {
        Self::connect_to(host, options, Instance::default()).await
    }

    /// The same with what else is known of the instance.
    pub(crate) async fn connect_to(
        host: &str,
        options: Arc<SshOptions>,
        instance: Instance,
    ) -> Result<Self, ConnectError> {
        let facts = InstanceFacts {
            communicator: "ssh",
            os_family: "unix",
            shell_family: "posix",
            arch: None,
            user: options.username.clone(),
        };
        let within = options.timeout;
        let links = Links::connect(Target::new(host.to_owned(), options, instance), within).await?;
        Ok(Self {
            facts,
            links,
            tar: Tar::default(),
        })
    }

    /// The fingerprint of the host key, where it was taken without knowing it.
    pub(crate) fn unverified_host_key(&self) -> Option<String> {
        self.links.target().host_key.unverified()
    }
}

#[async_trait]
impl Communicator for SshCommunicator {
    fn facts(&self) -> &InstanceFacts {
        &self.facts
    }

    fn connection(&self) -> Option<Connection> {
        let target = self.links.target();
        Some(Connection {
            host: target.host.clone(),
            port: target.options.port,
            user: target.options.username.clone(),
            private_key: target.private_keys().next().map(|key| key.text.clone()),
        })
    }

    async fn start(&self, command: Command) -> Result<Box<dyn Process>, CommunicatorError> {
        let pty = self.links.target().options.pty;
        Ok(Box::new(Running::start(&self.links, &command, pty).await?))
    }

    async fn upload(
        &self,
        to: &str,
        upload: Upload<'_>,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        file::upload(&self.links, to, upload, progress).await
    }

    async fn upload_tree(
        &self,
        to: &str,
        from: &Dir,
        name: &str,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        tree::upload(&self.links, &self.tar, to, from, name, progress).await
    }

    async fn download(
        &self,
        from: &str,
        to: &mut (dyn AsyncWrite + Send + Unpin),
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        file::download(&self.links, from, to, progress).await
    }

    async fn download_tree(
        &self,
        from: &str,
        to: &Dir,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        tree::download(&self.links, &self.tar, from, to, progress).await
    }

    async fn remove(&self, path: &str) -> Result<(), CommunicatorError> {
        file::remove(&self.links, path).await
    }

    async fn reconnect(&self, within: Duration) -> Result<(), CommunicatorError> {
        self.links.renew(within).await
    }

    async fn settle(&self) {
        self.links.settle().await;
    }

    async fn close(&self) {
        self.links.close().await;
    }
}
