//! The SFTP subsystem of a connection.
//!
//! The subsystem is asked for and greeted in one go. A server without it refuses the request or ends the channel
//! before a word was said; that is no error, since `cat` stands in for it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{SinkExt, stream};
use kilnbox_engine::CommunicatorError;
use russh::{
    ChannelMsg, ChannelReadHalf, ChannelWriteHalf,
    client::{Handle, Msg},
};
use russh_sftp::client::{Config, SftpSession};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
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
    let answered = Arc::new(AtomicBool::new(false));
    let (read, write) = channel.split();
    match SftpSession::new_with_config(stream(read, Arc::new(write), answered.clone()), config()).await {
        Ok(sftp) => Ok(Some(sftp)),
        Err(_) if !answered.load(Ordering::Acquire) && !session.is_closed() => Ok(None),
        Err(error) => Err(CommunicatorError::Connection(format!("SFTP: {error}"))),
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

/// The channel as bytes; a refused request ends them. `answered` becomes true with the first.
pub(crate) fn stream(
    read: ChannelReadHalf,
    write: Arc<ChannelWriteHalf<Msg>>,
    answered: Arc<AtomicBool>,
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
        (read, answered, sending),
        async |(mut read, answered, sending)| {
            loop {
                match read.wait().await {
                    Some(ChannelMsg::Data { data }) => {
                        answered.store(true, Ordering::Release);
                        return Some((Ok::<_, io::Error>(data), (read, answered, sending)));
                    }
                    Some(ChannelMsg::Failure | ChannelMsg::Eof | ChannelMsg::Close) | None => return None,
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
