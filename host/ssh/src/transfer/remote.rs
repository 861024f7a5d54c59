//! An SFTP session for one tree, on a channel of its own.
//!
//! Directories are listed and small files moved by single requests, many at once, which the library's sessions for
//! files cannot do within bounds. Every number that the instance chooses is bounded here.

use std::sync::Arc;

use futures::{StreamExt, future::ready};
use kilnbox_engine::CommunicatorError;
use russh::{ChannelWriteHalf, client::Msg};
use russh_sftp::{
    client::{RawSftpSession, error::Error as SftpError},
    extensions::LIMITS,
    protocol::FileAttributes,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Semaphore, SemaphorePermit},
};
use tokio_util::io::ReaderStream;

use crate::{
    link::Link,
    links::Links,
    quote,
    sftp::{self, Peer},
    transfer::program::cut,
};

/// Files and directories worked on at once. Their handles stay below 128, from where on those of OpenSSH are no text,
/// which the library takes every handle for.
pub(crate) const JOBS: usize = 64;
/// Requests in flight for one large file.
pub(crate) const IN_FLIGHT: usize = 32;
/// Bytes of content in flight and in memory, of all files together.
const ROOM: usize = 8 * 1024 * 1024;
/// Bytes of one request, where the server takes as many: what OpenSSH takes, in whole pages.
const CHUNK: u64 = 252 * 1024;
/// Bytes that every server takes.
const CHUNK_OF_ALL: u64 = 32 * 1024;
const PAGE: u64 = 4096;

/// The bits of a mode that say what it is the mode of.
const KIND: u32 = 0o170_000;

/// What the instance says something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Is {
    Folder,
    File,
    Link,
    /// A device node, a socket or a fifo.
    Other,
}

pub(crate) struct Remote {
    pub(crate) requests: RawSftpSession,
    peer: Peer,
    /// Bytes of one request to read.
    pub(crate) read: u64,
    /// Bytes of one request to write.
    pub(crate) write: u64,
    /// The directory, without a slash at its end.
    folder: String,
    room: Semaphore,
    /// What the session runs over, given back in the end.
    over: Option<(Arc<ChannelWriteHalf<Msg>>, Arc<Link>)>,
}

impl Remote {
    /// A session about what is below `folder`; none where the server has no SFTP.
    pub(crate) async fn open(links: &Links, folder: &str) -> Result<Option<Self>, CommunicatorError> {
        quote::word(folder)?;
        let (link, channel) = links.open().await?;
        let (read, write) = channel.split();
        let channel = Arc::new(write);
        let peer = Peer::default();
        let asked = channel.request_subsystem(true, "sftp").await;
        asked.map_err(crate::link::lost)?;
        let stream = sftp::stream(read, channel.clone(), peer.clone());
        let opening = Self::greet(stream, peer.clone(), folder, Some((channel, link.clone())));
        peer.hear(opening, || link.is_alive()).await
    }

    async fn greet(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        folder: &str,
        over: Option<(Arc<ChannelWriteHalf<Msg>>, Arc<Link>)>,
    ) -> Result<Self, CommunicatorError> {
        let mut this = Self {
            requests: RawSftpSession::new_with_config(stream, sftp::config()),
            peer,
            read: CHUNK_OF_ALL,
            write: CHUNK_OF_ALL,
            folder: folder.trim_end_matches('/').to_owned(),
            room: Semaphore::new(ROOM),
            over,
        };
        let greeting = this.requests.init().await;
        let greeting = greeting.map_err(|error| this.failure(folder, error))?;
        if greeting.extensions.contains_key(LIMITS) {
            let limits = this.requests.limits().await;
            let limits = limits.map_err(|error| this.failure(folder, error))?;
            this.read = chunk(limits.max_read_len);
            this.write = chunk(limits.max_write_len);
        }
        Ok(this)
    }

    /// A session with a server that is no instance, about what is below `/folder`.
    pub(crate) async fn with(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Self, CommunicatorError> {
        let peer = Peer::default();
        let (read, write) = tokio::io::split(stream);
        let received = ReaderStream::new(read)
            .take_while(|bytes| ready(bytes.is_ok()))
            .filter_map(|bytes| ready(bytes.ok()));
        let stream = tokio::io::join(sftp::checked(received, peer.clone()), write);
        Self::greet(stream, peer, "/folder", None).await
    }

    /// What a refused request or a lost session means for `path`.
    pub(crate) fn failure(&self, path: &str, error: SftpError) -> CommunicatorError {
        self.peer.failure(path, error)
    }

    /// How the instance calls what is at `path` below the folder.
    pub(crate) fn name(&self, path: &str) -> String {
        match path.is_empty() {
            // Nothing but slashes.
            true if self.folder.is_empty() => "/".to_owned(),
            true => self.folder.clone(),
            false => format!("{}/{path}", self.folder),
        }
    }

    /// Waits until so many bytes may be in flight.
    pub(crate) async fn room(&self, bytes: usize) -> Result<SemaphorePermit<'_>, CommunicatorError> {
        let bytes = u32::try_from(bytes.min(ROOM)).unwrap_or(u32::MAX);
        self.room.acquire_many(bytes).await.map_err(|_| cut(&self.folder))
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let Some((channel, link)) = self.over.take() else {
            return;
        };
        // The server process ends with its channel, so nothing is left to be ended by others.
        link.release(true, async move {
            // Each fails only where the connection is gone.
            let _ = channel.eof().await;
            let _ = channel.close().await;
        });
    }
}

/// What the attributes say it is; none where they do not say.
pub(crate) fn kind(attributes: &FileAttributes) -> Option<Is> {
    // The library's own questions take a socket for a directory.
    Some(match attributes.permissions? & KIND {
        0o040_000 => Is::Folder,
        0o100_000 => Is::File,
        0o120_000 => Is::Link,
        _ => Is::Other,
    })
}

fn chunk(limit: u64) -> u64 {
    match limit {
        // No limit of its own.
        0 => CHUNK,
        _ => limit.clamp(PAGE, CHUNK) / PAGE * PAGE,
    }
}
