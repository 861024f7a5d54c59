//! The SFTP subsystem of a connection.
//!
//! The subsystem is asked for and greeted in one go. A server without it refuses the request or ends the channel
//! before a word was said; that is no error, since `cat` stands in for it.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{SinkExt, TryFutureExt, stream};
use kilnbox_engine::CommunicatorError;
use russh::{
    ChannelMsg, ChannelReadHalf, ChannelWriteHalf,
    client::{Handle, Msg},
};
use russh_sftp::client::{Config, SftpSession};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{SetOnce, mpsc},
};
use tokio_util::{
    io::{CopyToBytes, SinkWriter, StreamReader},
    sync::PollSender,
    task::AbortOnDropHandle,
};

use crate::{handler::Guard, link::lost};

/// Longest time for one request, with everything before it in the queue.
const REQUEST: Duration = Duration::from_secs(120);
/// Requests in flight. With packets of 255 KiB as OpenSSH takes them these are 8 MiB.
const IN_FLIGHT: usize = 32;
/// Largest packet; what OpenSSH takes.
const PACKET: u32 = 256 * 1024;

/// Opens a session; none where the server has no such subsystem.
pub(crate) async fn open(session: &Handle<Guard>) -> Result<Option<SftpSession>, CommunicatorError> {
    let channel = session.channel_open_session().await.map_err(lost)?;
    channel.request_subsystem(true, "sftp").await.map_err(lost)?;
    let (read, write) = channel.split();
    let greeting = Greeting::default();
    let stream = stream(read, Arc::new(write), greeting.clone());
    let opening = SftpSession::new_with_config(stream, config())
        .map_err(|error| CommunicatorError::Connection(format!("SFTP: {error}")));
    greeting.hear(opening, || !session.is_closed()).await
}

/// Whether the first that came over a channel was a word, or its end.
#[derive(Clone, Default)]
pub(crate) struct Greeting(Arc<SetOnce<bool>>);

impl Greeting {
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
            if *self.0.wait().await {
                std::future::pending().await
            }
        };
        let opened = tokio::select! {
            biased;
            opened = opening => opened,
            () = silence => Err(CommunicatorError::Connection("it ended".to_owned())),
        };
        match opened {
            Err(_) if self.0.get() != Some(&true) && alive() => Ok(None),
            opened => opened.map(Some),
        }
    }

    fn is(&self, word: bool) {
        // Only the first counts.
        let _ = self.0.set(word);
    }
}

pub(crate) fn config() -> Config {
    Config {
        max_packet_len: PACKET,
        max_write_packet_len: PACKET,
        max_concurrent_reads: IN_FLIGHT,
        max_concurrent_writes: IN_FLIGHT,
        request_timeout_secs: REQUEST.as_secs(),
    }
}

/// The channel as bytes; a refused request ends them.
pub(crate) fn stream(
    read: ChannelReadHalf,
    write: Arc<ChannelWriteHalf<Msg>>,
    greeting: Greeting,
) -> impl AsyncRead + AsyncWrite + Unpin + Send + 'static {
    // The writer's own task, since only a task that waits for the server's window moves on with it.
    let (to_send, mut sent) = mpsc::channel::<Bytes>(1);
    let sending = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(bytes) = sent.recv().await {
            if let Err(error) = write.data_bytes(bytes).await {
                tracing::debug!(%error, "the SFTP channel takes no more");
                return;
            }
        }
    }));
    let received = stream::unfold(
        (read, greeting, sending),
        async |(mut read, greeting, sending)| {
            loop {
                match read.wait().await {
                    Some(ChannelMsg::Data { data }) => {
                        greeting.is(true);
                        return Some((Ok::<_, io::Error>(data), (read, greeting, sending)));
                    }
                    Some(ChannelMsg::Failure | ChannelMsg::Eof | ChannelMsg::Close) | None => {
                        greeting.is(false);
                        return None;
                    }
                    Some(_) => {}
                }
            }
        },
    );
    let to_send = PollSender::new(to_send).sink_map_err(io::Error::other);
    tokio::io::join(
        StreamReader::new(Box::pin(received)),
        SinkWriter::new(CopyToBytes::new(to_send)),
    )
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn a_channel_that_ended_before_it_was_asked_is_no_session() {
        let greeting = Greeting::default();
        greeting.is(false);
        let session = greeting.hear(pending::<Result<(), _>>(), || true).await;
        assert!(matches!(session, Ok(None)), "{session:?}");
        let session = greeting.hear(pending::<Result<(), _>>(), || false).await;
        assert!(
            matches!(session, Err(CommunicatorError::Connection(_))),
            "{session:?}"
        );
    }

    #[tokio::test]
    async fn a_server_that_said_something_is_believed() {
        let greeting = Greeting::default();
        greeting.is(true);
        greeting.is(false);
        let refused = Err(CommunicatorError::Connection("nonsense".to_owned()));
        let session = greeting.hear(ready::<Result<(), _>>(refused), || true).await;
        assert!(session.is_err(), "{session:?}");
        assert!(matches!(
            greeting.hear(ready(Ok(())), || true).await,
            Ok(Some(()))
        ));
    }
}
