//! A running container as the program sees it: the helper process, its orders and its end.
//!
//! Dropping a [`Container`] closes the lifeline, on which the kernel ends the helper and with it every process and
//! mount of the container.

use std::{
    io,
    os::{fd::OwnedFd, unix::net::UnixStream as StdStream},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    process::Child,
    time::timeout,
};

use crate::{
    CONTAINER_COMMAND, ContainerCommunicator, Error, Isolation, Setup,
    wire::{AGENT_SOCKET, Blob, FRAME_MAX, JSON, Order, Reply},
};

/// Longest start, unpacking a large base included.
const START: Duration = Duration::from_secs(600);
/// Longest capture.
const CAPTURE: Duration = Duration::from_secs(3600);
/// Longest removal.
const REMOVE: Duration = Duration::from_secs(25);

/// A container and the helper that holds it.
#[derive(Debug)]
pub struct Container {
    helper: Child,
    control: UnixStream,
    lifeline: Option<OwnedFd>,
    work: PathBuf,
    /// The helper takes orders.
    ready: bool,
}

/// What a capture wrote.
#[derive(Clone, Debug)]
pub struct Captured {
    /// `layer.tar.gz`: the changes.
    pub layer: Option<Blob>,
    /// `base.tar.gz`: the base as one layer.
    pub base: Option<Blob>,
    /// `flat.tar`: everything.
    pub flat: Option<Blob>,
}

impl Container {
    /// Starts a helper in `work`, a folder of its own; nothing is mounted or run before [`Container::begin`].
    pub fn spawn(executable: &Path, work: &Path) -> Result<Self, Error> {
        let doing = "starting the container's helper";
        let (lifeline, theirs) = StdStream::pair().map_err(Error::io(doing))?;
        let (control, orders) = StdStream::pair().map_err(Error::io(doing))?;
        control.set_nonblocking(true).map_err(Error::io(doing))?;
        let helper = tokio::process::Command::new(executable)
            .arg(CONTAINER_COMMAND)
            .env_clear()
            .current_dir(work)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(OwnedFd::from(orders)))
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::io(doing))?;
        Ok(Self {
            helper,
            control: UnixStream::from_std(control).map_err(Error::io(doing))?,
            lifeline: Some(OwnedFd::from(lifeline)),
            work: work.to_owned(),
            ready: false,
        })
    }

    /// The helper's process id.
    pub fn pid(&self) -> Option<u32> {
        self.helper.id()
    }

    /// Mounts the root and starts the container.
    pub async fn begin(&mut self, setup: &Setup) -> Result<Isolation, Error> {
        self.send(setup).await?;
        match self.answer(START).await? {
            Reply::Ready(isolation) => {
                self.ready = true;
                Ok(isolation)
            }
            reply => Err(unexpected(reply)),
        }
    }

    /// The way in.
    pub fn communicator(&self) -> Result<Arc<ContainerCommunicator>, Error> {
        ContainerCommunicator::new(&self.work, AGENT_SOCKET).map(Arc::new)
    }

    /// Stops the container and writes what is asked for into the work folder.
    pub async fn capture(&mut self, layer: bool, base: bool, flat: bool) -> Result<Captured, Error> {
        self.send(&Order::Capture { layer, base, flat }).await?;
        match self.answer(CAPTURE).await? {
            Reply::Captured { layer, base, flat } => Ok(Captured { layer, base, flat }),
            reply => Err(unexpected(reply)),
        }
    }

    /// Ends the container, removes its root where it was started, and ends the helper with all mounts.
    pub async fn end(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.ready) {
            // In order where the helper still answers, so that no process is left that could write; else by force.
            let removed = match self.send(&Order::Remove).await {
                Ok(()) => self.answer(REMOVE).await,
                Err(error) => Err(error),
            };
            if !matches!(removed, Ok(Reply::Removed)) {
                tracing::warn!(?removed, "the container's helper did not end in order");
            }
        }
        self.lifeline = None;
        match timeout(REMOVE, self.helper.wait()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(source)) => Err(Error::io("ending the container's helper")(source)),
            Err(_) => Err(Error::io("ending the container's helper")(
                io::ErrorKind::TimedOut.into(),
            )),
        }
    }

    async fn send(&mut self, order: &impl Serialize) -> Result<(), Error> {
        let doing = "giving an order to the container's helper";
        let mut frame = Vec::new();
        crate::wire::write_json(&mut frame, order).map_err(Error::io(doing))?;
        self.control.write_all(&frame).await.map_err(Error::io(doing))
    }

    async fn answer(&mut self, within: Duration) -> Result<Reply, Error> {
        match timeout(within, receive(&mut self.control)).await {
            Ok(reply) => reply,
            Err(_) => Err(Error::io("waiting for the container's helper")(
                io::ErrorKind::TimedOut.into(),
            )),
        }
    }
}

fn unexpected(reply: Reply) -> Error {
    match reply {
        Reply::Failed { message, hint } => Error::Unable { message, hint },
        reply => Error::Protocol(format!("{reply:?}")),
    }
}

async fn receive<T: DeserializeOwned>(from: &mut UnixStream) -> Result<T, Error> {
    let broken = |source: io::Error| match source.kind() {
        io::ErrorKind::UnexpectedEof => Error::Protocol("it ended without an answer".to_owned()),
        _ => Error::io("reading the helper's answer")(source),
    };
    let mut header = [0; 5];
    from.read_exact(&mut header).await.map_err(broken)?;
    let [kind, length @ ..] = header;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if kind != JSON || length > FRAME_MAX {
        return Err(Error::Protocol(format!(
            "a frame of kind {kind} with {length} bytes"
        )));
    }
    let mut payload = vec![0; length];
    from.read_exact(&mut payload).await.map_err(broken)?;
    serde_json::from_slice(&payload).map_err(|error| Error::Protocol(error.to_string()))
}
