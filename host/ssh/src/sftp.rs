//! The SFTP subsystem of a connection.
//!
//! The subsystem is asked for and greeted in one go. A server without it refuses the request or ends the channel
//! before a word was said; that is no error, since `cat` stands in for it. [`Peer`] knows what the library does not tell:
//! whether a session that ended was ended by the server, or because the server broke the protocol.

mod packets;

use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures::{SinkExt, Stream, StreamExt, TryFutureExt, stream};
use kilnbox_engine::CommunicatorError;
use russh::{
    ChannelMsg, ChannelReadHalf, ChannelWriteHalf,
    client::{Handle, Msg},
};
use russh_sftp::{
    client::{Config, SftpSession, error::Error as SftpError},
    protocol::StatusCode,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{SetOnce, mpsc},
};
use tokio_util::{
    io::{CopyToBytes, SinkWriter, StreamReader},
    sync::PollSender,
    task::AbortOnDropHandle,
};

use crate::{
    handler::Guard,
    limits::{REQUEST, SFTP_PACKET},
    link::lost,
    said::said,
    sftp::packets::Packets,
    transfer::program::cut,
};

/// Requests in flight. With packets of 255 KiB as OpenSSH takes them these are 8 MiB.
const IN_FLIGHT: usize = 32;

/// A session for single files.
pub(crate) struct Session {
    pub(crate) files: SftpSession,
    pub(crate) peer: Peer,
}

/// Opens a session; none where the server has no such subsystem.
pub(crate) async fn open(session: &Handle<Guard>) -> Result<Option<Session>, CommunicatorError> {
    let channel = session.channel_open_session().await.map_err(lost)?;
    channel.request_subsystem(true, "sftp").await.map_err(lost)?;
    let (read, write) = channel.split();
    let peer = Peer::default();
    let stream = stream(read, Arc::new(write), peer.clone());
    let opening = SftpSession::new_with_config(stream, config()).map_err(|error| peer.failure("SFTP", error));
    let opened = peer.hear(opening, || !session.is_closed()).await?;
    Ok(opened.map(|files| Session { files, peer }))
}

/// What was heard of the server's side of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer(Arc<Heard>);

#[derive(Debug, Default)]
struct Heard {
    /// Whether the first that came was a word, or the end.
    first: SetOnce<bool>,
    /// Nothing comes any more.
    over: AtomicBool,
    /// What the server did that it must not.
    wrong: OnceLock<String>,
}

impl Peer {
    /// The session that is being opened; none where the channel ends before a word was said, on a connection that is
    /// still `alive`.
    ///
    /// The end is looked for here too: the library, told of it before it has asked for anything, waits for an answer all
    /// the same.
    pub(crate) async fn hear<T>(
        &self,
        opening: impl Future<Output = Result<T, CommunicatorError>>,
        alive: impl Fn() -> bool,
    ) -> Result<Option<T>, CommunicatorError> {
        let silence = async {
            if *self.0.first.wait().await {
                std::future::pending().await
            }
        };
        let opened = tokio::select! {
            biased;
            opened = opening => opened,
            () = silence => Err(CommunicatorError::Connection("it ended".to_owned())),
        };
        match opened {
            Err(_) if self.0.first.get() != Some(&true) && alive() => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// What a refused request or a lost session means for `path`.
    pub(crate) fn failure(&self, path: &str, error: SftpError) -> CommunicatorError {
        let hostile = |what: &str| CommunicatorError::Hostile(format!("`{path}`: {what}"));
        match error {
            SftpError::Status(status) => CommunicatorError::Remote {
                path: path.to_owned(),
                reason: match status.status_code {
                    StatusCode::NoSuchFile => "no such file or directory".to_owned(),
                    StatusCode::PermissionDenied => "permission denied".to_owned(),
                    code if status.error_message.is_empty() => code.to_string(),
                    _ => said(&status.error_message),
                },
            },
            SftpError::Timeout => CommunicatorError::TimedOut {
                doing: format!("waiting for an answer about `{path}`"),
                after: REQUEST,
            },
            SftpError::UnexpectedPacket => hostile("an answer that does not fit what was asked"),
            SftpError::IO(_) | SftpError::UnexpectedBehavior(_) => match self.0.wrong.get() {
                Some(wrong) => hostile(wrong),
                None if self.0.over.load(Ordering::Acquire) => cut(path),
                None => hostile("an SFTP packet that cannot be read"),
            },
            other @ SftpError::Limited(_) => {
                CommunicatorError::Connection(format!("SFTP with `{path}`: {other}"))
            }
        }
    }

    /// The stream side of the library folds the server's refusals, as text, and everything else into one kind.
    pub(crate) fn stream_failure(&self, path: &str, error: &io::Error) -> CommunicatorError {
        match error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<SftpError>())
        {
            Some(inner) => self.failure(path, inner.clone()),
            None => CommunicatorError::Remote {
                path: path.to_owned(),
                reason: said(&error.to_string()),
            },
        }
    }

    fn first_is(&self, word: bool) {
        // Only the first counts.
        let _ = self.0.first.set(word);
    }

    fn is_over(&self) {
        self.0.over.store(true, Ordering::Release);
        self.first_is(false);
    }

    /// Bytes that arrived, if the server may send them.
    fn check(&self, packets: &mut Packets, data: Bytes) -> io::Result<Bytes> {
        self.first_is(true);
        match packets.pass(&data) {
            Ok(()) => Ok(data),
            Err(wrong) => {
                let error = io::Error::other(wrong.clone());
                // The first is what ended it.
                let _ = self.0.wrong.set(wrong);
                Err(error)
            }
        }
    }
}

pub(crate) fn config() -> Config {
    Config {
        max_packet_len: SFTP_PACKET,
        max_write_packet_len: SFTP_PACKET,
        max_concurrent_reads: IN_FLIGHT,
        max_concurrent_writes: IN_FLIGHT,
        request_timeout_secs: REQUEST.as_secs(),
    }
}

/// The channel as bytes; a refused request ends them.
pub(crate) fn stream(
    read: ChannelReadHalf,
    write: Arc<ChannelWriteHalf<Msg>>,
    peer: Peer,
) -> impl AsyncRead + AsyncWrite + Unpin + Send + 'static {
    // The writer's own task, since only a task that waits for the server's window moves on with it.
    let (to_send, mut sent) = mpsc::channel::<Bytes>(1);
    let taker = peer.clone();
    let sending = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(bytes) = sent.recv().await {
            if let Err(error) = write.data_bytes(bytes).await {
                tracing::debug!(%error, "the SFTP channel takes no more");
                taker.is_over();
                return;
            }
        }
    }));
    let received = stream::unfold((read, sending), async |(mut read, sending)| {
        loop {
            match read.wait().await {
                Some(ChannelMsg::Data { data }) => return Some((data, (read, sending))),
                Some(ChannelMsg::Failure | ChannelMsg::Eof | ChannelMsg::Close) | None => return None,
                Some(_) => {}
            }
        }
    });
    let to_send = PollSender::new(to_send).sink_map_err(io::Error::other);
    tokio::io::join(
        checked(received, peer),
        SinkWriter::new(CopyToBytes::new(to_send)),
    )
}

/// What a server sends, as far as it may send it; the end of it is its end.
pub(crate) fn checked(
    received: impl Stream<Item = Bytes> + Send + 'static,
    peer: Peer,
) -> impl AsyncRead + Unpin + Send + 'static {
    let received = Box::pin(received);
    let checked = stream::unfold(
        (received, peer, Packets::default()),
        async |(mut received, peer, mut packets)| match received.next().await {
            Some(data) => {
                let data = peer.check(&mut packets, data);
                Some((data, (received, peer, packets)))
            }
            None => {
                peer.is_over();
                None
            }
        },
    );
    StreamReader::new(Box::pin(checked))
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn a_channel_that_ended_before_it_was_asked_is_no_session() {
        let peer = Peer::default();
        peer.first_is(false);
        let session = peer.hear(pending::<Result<(), _>>(), || true).await;
        assert!(matches!(session, Ok(None)), "{session:?}");
        let session = peer.hear(pending::<Result<(), _>>(), || false).await;
        assert!(
            matches!(session, Err(CommunicatorError::Connection(_))),
            "{session:?}"
        );
    }

    #[tokio::test]
    async fn a_server_that_said_something_is_believed() {
        let peer = Peer::default();
        peer.first_is(true);
        peer.first_is(false);
        let refused = Err(CommunicatorError::Connection("nonsense".to_owned()));
        let session = peer.hear(ready::<Result<(), _>>(refused), || true).await;
        assert!(session.is_err(), "{session:?}");
        assert!(matches!(peer.hear(ready(Ok(())), || true).await, Ok(Some(()))));
    }
}
