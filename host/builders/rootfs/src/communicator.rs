//! The engine's [`Communicator`] into a container: one connection to the agent per request.
//!
//! Paths are resolved by the agent, inside the root. What comes back is hostile: frames are bounded, and a tree is
//! unpacked below the target with every name checked.

mod tree;

use std::{
    fs::File,
    io,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use bytes::{Buf, Bytes, BytesMut};
use cap_std::fs::Dir;
use kilnbox_engine::{
    Command, Communicator, CommunicatorError, Connection, Exit, InstanceFacts, Output, Process, Progress,
    Upload,
};
use tokio::{
    io::{AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::UnixStream,
    sync::mpsc,
    time::timeout,
};

use crate::{
    Error,
    limits::{SAID, SIGNAL_NAME, STALLED},
    wire::{self, CHUNK, DATA, DONE, END, EXITED, Ended, FAILED, FRAME_MAX, Request, SIGNAL, STDERR, STDOUT},
};

/// Permissions of an uploaded file where none are given.
const MODE: u32 = 0o644;
/// Chunks of a tree between the archive and the socket.
const CHUNKS: usize = 8;

/// The way into one container.
#[derive(Debug)]
pub struct ContainerCommunicator {
    facts: InstanceFacts,
    /// The folder of the socket, opened: its path may be longer than a socket's address may be.
    folder: File,
    socket: &'static str,
}

impl ContainerCommunicator {
    pub(crate) fn new(folder: &Path, socket: &'static str) -> Result<Self, Error> {
        let facts = InstanceFacts {
            communicator: "container",
            os_family: "unix",
            shell_family: "posix",
            arch: Some(std::env::consts::ARCH.to_owned()),
            user: "root".to_owned(),
        };
        let folder = File::open(folder).map_err(Error::io("opening the container's folder"))?;
        Ok(Self {
            facts,
            folder,
            socket,
        })
    }

    async fn ask(&self, request: &Request) -> Result<Link, CommunicatorError> {
        let path = format!("/proc/self/fd/{}/{}", self.folder.as_raw_fd(), self.socket);
        let stream = UnixStream::connect(path).await.map_err(lost)?;
        let mut link = Link {
            stream,
            buffer: BytesMut::new(),
        };
        let request =
            serde_json::to_vec(request).map_err(|error| CommunicatorError::Connection(error.to_string()))?;
        if request.len() > FRAME_MAX {
            return Err(CommunicatorError::Unsupported(
                "a command line and environment of more than 1 MiB",
            ));
        }
        link.send(wire::JSON, &request).await?;
        Ok(link)
    }
}

fn lost(error: io::Error) -> CommunicatorError {
    CommunicatorError::Connection(error.to_string())
}

fn remote(path: &str, reason: &[u8]) -> CommunicatorError {
    CommunicatorError::Remote {
        path: path.to_owned(),
        reason: said(reason),
    }
}

/// The beginning of what the agent says about a failure.
fn said(reason: &[u8]) -> String {
    match reason.get(..SAID) {
        Some(beginning) if reason.len() > SAID => format!(
            "{}… [{} bytes cut]",
            String::from_utf8_lossy(beginning),
            reason.len() - SAID
        ),
        _ => String::from_utf8_lossy(reason).into_owned(),
    }
}

/// What may be in the name of a signal.
fn signal(name: &str) -> String {
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(SIGNAL_NAME)
        .collect();
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    }
}

fn stalled() -> CommunicatorError {
    CommunicatorError::TimedOut {
        doing: "waiting for the container to go on with a transfer".to_owned(),
        after: STALLED,
    }
}

/// One connection to the agent.
#[derive(Debug)]
struct Link {
    stream: UnixStream,
    buffer: BytesMut,
}

impl Link {
    async fn send(&mut self, kind: u8, payload: &[u8]) -> Result<(), CommunicatorError> {
        let mut frame = Vec::with_capacity(payload.len() + 5);
        wire::write_frame(&mut frame, kind, payload).map_err(lost)?;
        self.stream.write_all(&frame).await.map_err(lost)
    }

    /// Sends a piece of a transfer.
    async fn pass(&mut self, kind: u8, payload: &[u8]) -> Result<(), CommunicatorError> {
        timeout(STALLED, self.send(kind, payload))
            .await
            .map_err(|_| stalled())?
    }

    /// The next frame of a transfer, or its end.
    async fn go_on(&mut self) -> Result<Option<(u8, Bytes)>, CommunicatorError> {
        timeout(STALLED, self.receive()).await.map_err(|_| stalled())?
    }

    /// The next frame; none when the agent is gone. May be dropped and called again.
    async fn receive(&mut self) -> Result<Option<(u8, Bytes)>, CommunicatorError> {
        loop {
            if let [kind, a, b, c, d, ..] = *self.buffer {
                let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
                if length > FRAME_MAX {
                    return Err(CommunicatorError::Hostile(format!("a frame of {length} bytes")));
                }
                if self.buffer.len() >= length + 5 {
                    self.buffer.advance(5);
                    return Ok(Some((kind, self.buffer.split_to(length).freeze())));
                }
                self.buffer.reserve(length + 5);
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(lost(error)),
            }
        }
    }

    /// The answer to a request that returns nothing.
    async fn done(&mut self, path: &str) -> Result<(), CommunicatorError> {
        match self.go_on().await? {
            Some((DONE, _)) => Ok(()),
            other => Err(failed(path, other)),
        }
    }

    /// Why sending stopped: the agent's refusal where it sent one before it closed the connection.
    async fn refused(&mut self, path: &str, error: CommunicatorError) -> CommunicatorError {
        if matches!(error, CommunicatorError::TimedOut { .. }) {
            return error;
        }
        match self.go_on().await {
            Ok(Some((FAILED, reason))) => remote(path, &reason),
            _ => error,
        }
    }
}

fn failed(path: &str, frame: Option<(u8, Bytes)>) -> CommunicatorError {
    match frame {
        Some((FAILED, reason)) => remote(path, &reason),
        Some((kind, _)) => CommunicatorError::Hostile(format!("an unexpected frame of kind {kind}")),
        None => CommunicatorError::Connection("the container ended".to_owned()),
    }
}

#[async_trait]
impl Communicator for ContainerCommunicator {
    fn facts(&self) -> &InstanceFacts {
        &self.facts
    }

    fn connection(&self) -> Option<Connection> {
        None
    }

    async fn start(&self, command: Command) -> Result<Box<dyn Process>, CommunicatorError> {
        if command.pty {
            return Err(CommunicatorError::Unsupported("a pseudo-terminal"));
        }
        if command
            .run_as
            .as_deref()
            .is_some_and(|user| user != self.facts.user)
        {
            return Err(CommunicatorError::Unsupported("another account than `root`"));
        }
        let request = Request::Run {
            line: command.line,
            env: command.env,
            stdin: command.stdin,
        };
        Ok(Box::new(Running {
            link: self.ask(&request).await?,
            exit: None,
        }))
    }

    async fn upload(
        &self,
        to: &str,
        upload: Upload<'_>,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let request = Request::Upload {
            path: to.to_owned(),
            mode: upload.mode.unwrap_or(MODE),
        };
        let mut link = self.ask(&request).await?;
        let mut chunk = vec![0; CHUNK];
        let mut moved = 0;
        loop {
            let count = upload
                .content
                .read(&mut chunk)
                .await
                .map_err(|source| CommunicatorError::Local {
                    path: PathBuf::from(to),
                    source,
                })?;
            if count == 0 {
                break;
            }
            if let Err(error) = link.pass(DATA, chunk.get(..count).unwrap_or_default()).await {
                return Err(link.refused(to, error).await);
            }
            moved += u64::try_from(count).unwrap_or(0);
            progress.moved(moved, upload.size);
        }
        if let Err(error) = link.pass(END, &[]).await {
            return Err(link.refused(to, error).await);
        }
        link.done(to).await?;
        Ok(moved)
    }

    async fn upload_tree(
        &self,
        to: &str,
        from: &Dir,
        name: &str,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let local = |source| CommunicatorError::Local {
            path: PathBuf::from(name),
            source,
        };
        let from = from.try_clone().map_err(local)?;
        let mut link = self.ask(&Request::UploadTree { path: to.to_owned() }).await?;
        let (chunks, mut archive) = mpsc::channel(CHUNKS);
        let packing = tokio::task::spawn_blocking(move || tree::pack(&from, chunks));
        let mut moved = 0;
        while let Some(chunk) = archive.recv().await {
            if let Err(error) = link.pass(DATA, &chunk).await {
                return Err(link.refused(to, error).await);
            }
            moved += u64::try_from(chunk.len()).unwrap_or(0);
            progress.moved(moved, None);
        }
        let bytes = packing
            .await
            .map_err(io::Error::other)
            .and_then(|packed| packed)
            .map_err(|source| CommunicatorError::Local {
                path: PathBuf::from(name),
                source,
            })?;
        if let Err(error) = link.pass(END, &[]).await {
            return Err(link.refused(to, error).await);
        }
        link.done(to).await?;
        Ok(bytes)
    }

    async fn download(
        &self,
        from: &str,
        to: &mut (dyn AsyncWrite + Send + Unpin),
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let mut link = self
            .ask(&Request::Download {
                path: from.to_owned(),
            })
            .await?;
        let local = |source| CommunicatorError::Local {
            path: PathBuf::from(from),
            source,
        };
        let mut moved = 0;
        loop {
            match link.go_on().await? {
                Some((DATA, chunk)) => {
                    to.write_all(&chunk).await.map_err(local)?;
                    moved += u64::try_from(chunk.len()).unwrap_or(0);
                    progress.moved(moved, None);
                }
                Some((DONE, _)) => break,
                other => return Err(failed(from, other)),
            }
        }
        to.flush().await.map_err(local)?;
        Ok(moved)
    }

    async fn download_tree(
        &self,
        from: &str,
        to: &Dir,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let local = |source| CommunicatorError::Local {
            path: PathBuf::from(from),
            source,
        };
        let to = to.try_clone().map_err(local)?;
        let mut link = self
            .ask(&Request::DownloadTree {
                path: from.to_owned(),
            })
            .await?;
        let (chunks, archive) = mpsc::channel(CHUNKS);
        let unpacking = tokio::task::spawn_blocking(move || tree::unpack(&to, archive));
        let mut moved = 0;
        let ended = loop {
            match link.go_on().await? {
                Some((DATA, chunk)) => {
                    moved += u64::try_from(chunk.len()).unwrap_or(0);
                    if chunks.send(chunk).await.is_err() {
                        break Ok(());
                    }
                    progress.moved(moved, None);
                }
                Some((DONE, _)) => break Ok(()),
                other => break Err(failed(from, other)),
            }
        };
        drop(chunks);
        let unpacked = unpacking.await.map_err(|error| local(io::Error::other(error)))?;
        ended?;
        unpacked
    }

    async fn remove(&self, path: &str) -> Result<(), CommunicatorError> {
        self.ask(&Request::Remove {
            path: path.to_owned(),
        })
        .await?
        .done(path)
        .await
    }

    async fn reconnect(&self, _: Duration) -> Result<(), CommunicatorError> {
        // A container cannot restart; it answers, or it is gone for good.
        self.remove("/.kilnbox-is-there").await
    }

    async fn close(&self) {}
}

/// A running command. Dropping it closes the connection, on which the agent kills the command.
#[derive(Debug)]
struct Running {
    link: Link,
    exit: Option<Exit>,
}

#[async_trait]
impl Process for Running {
    async fn next(&mut self) -> Result<Output, CommunicatorError> {
        if let Some(exit) = &self.exit {
            return Ok(Output::Exited(exit.clone()));
        }
        let exit = match self.link.receive().await? {
            Some((STDOUT, chunk)) if chunk.len() <= CHUNK => return Ok(Output::Stdout(chunk)),
            Some((STDERR, chunk)) if chunk.len() <= CHUNK => return Ok(Output::Stderr(chunk)),
            Some((EXITED, ended)) => match serde_json::from_slice(&ended) {
                Ok(Ended::Code(code)) => Exit::Code(code),
                Ok(Ended::Signal(name)) => Exit::Signal(signal(&name)),
                Err(error) => {
                    return Err(CommunicatorError::Hostile(format!(
                        "the end of a command: {error}"
                    )));
                }
            },
            None => Exit::Lost,
            other => return Err(failed("/bin/sh", other)),
        };
        self.exit = Some(exit.clone());
        Ok(Output::Exited(exit))
    }

    async fn write_stdin(&mut self, bytes: Bytes) -> Result<usize, CommunicatorError> {
        let taken = bytes.slice(..bytes.len().min(CHUNK));
        self.link.send(DATA, &taken).await?;
        Ok(taken.len())
    }

    async fn close_stdin(&mut self) -> Result<(), CommunicatorError> {
        self.link.send(END, &[]).await
    }

    async fn signal(&mut self, name: &str) -> Result<(), CommunicatorError> {
        self.link.send(SIGNAL, name.as_bytes()).await
    }
}

#[cfg(test)]
mod tests;
