//! A program on the instance at the far end of a stream.
//!
//! Input and output move at the same time, so neither side can wait for the other for ever; a program that ends early
//! ends the feeding, and one that takes or gives nothing for long ends the transfer.

use std::{path::Path, time::Duration};

use bytes::{Bytes, BytesMut};
use kilnbox_engine::{Command, CommunicatorError, Exit, Output, Process};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use crate::{
    exec::Running,
    limits::{SAID, STALLED},
    link::lost,
    links::Links,
    transfer::local::unreadable,
};

/// Bytes read at once from what feeds a program.
const CHUNK: usize = 256 * 1024;

/// How a program ended.
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    /// The beginning of its standard error.
    pub(crate) complaint: String,
}

impl Ended {
    /// Success, or the error that says what the program said about `path`.
    pub(crate) fn success(self, path: &str) -> Result<(), CommunicatorError> {
        let reason = match self.exit {
            Exit::Code(0) => return Ok(()),
            Exit::Lost => return Err(cut(path)),
            _ if !self.complaint.is_empty() => self.complaint,
            Exit::Code(code) => format!("the transfer ended with exit code {code}"),
            Exit::Signal(signal) => format!("the transfer was ended by signal {signal}"),
        };
        Err(CommunicatorError::Remote {
            path: path.to_owned(),
            reason,
        })
    }
}

/// The connection ended before `path` was through. What arrived of it is not the whole, and nothing goes on from there.
pub(crate) fn cut(path: &str) -> CommunicatorError {
    CommunicatorError::Connection(format!("it ended during the transfer of `{path}`"))
}

/// Runs `line` with `input` as its standard input.
pub(crate) async fn feed(
    links: &Links,
    line: String,
    input: &mut (dyn AsyncRead + Send + Unpin),
    mut sent: impl FnMut(u64) + Send,
) -> Result<Ended, CommunicatorError> {
    let command = Command {
        line,
        stdin: true,
        ..Command::default()
    };
    let mut running = Running::start(links, &command, false).await?;
    let write = running.input();
    let feeding = async {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(CHUNK);
            if input
                .read_buf(&mut buffer)
                .await
                .map_err(|error| unreadable(Path::new(""), error))?
                == 0
            {
                return write.eof().await.map_err(lost);
            }
            let chunk: Bytes = buffer.split().freeze();
            let length = chunk.len() as u64;
            let taken = timeout(STALLED, write.data_bytes(chunk)).await;
            taken.map_err(|_| stalled())?.map_err(lost)?;
            sent(length);
        }
    };
    let mut nothing = tokio::io::sink();
    let draining = drain(&mut running, &mut nothing, |_| {}, None);
    tokio::pin!(feeding, draining);
    tokio::select! {
        fed = &mut feeding => match fed {
            Ok(()) => {}
            Err(error @ (CommunicatorError::Local { .. } | CommunicatorError::TimedOut { .. })) => {
                return Err(error);
            }
            // Its end says why it takes no more.
            Err(error) => tracing::debug!(%error, "the input ended early"),
        },
        ended = &mut draining => return ended,
    }
    timeout(STALLED, draining).await.map_err(|_| stalled())?
}

/// Runs `line` and writes its standard output to `output`.
pub(crate) async fn fetch(
    links: &Links,
    line: String,
    output: &mut (dyn AsyncWrite + Send + Unpin),
    received: impl FnMut(u64) + Send,
) -> Result<Ended, CommunicatorError> {
    let mut running = Running::start(links, &Command::line(line), false).await?;
    drain(&mut running, output, received, Some(STALLED)).await
}

fn stalled() -> CommunicatorError {
    CommunicatorError::TimedOut {
        doing: "waiting for the program on the instance that takes part in a transfer".to_owned(),
        after: STALLED,
    }
}

async fn drain(
    running: &mut Running,
    output: &mut (dyn AsyncWrite + Send + Unpin),
    mut received: impl FnMut(u64) + Send,
    patience: Option<Duration>,
) -> Result<Ended, CommunicatorError> {
    let mut complaint = Vec::new();
    loop {
        let output_or_end = match patience {
            Some(patience) => timeout(patience, running.next()).await.map_err(|_| stalled())?,
            None => running.next().await,
        };
        match output_or_end? {
            Output::Stdout(bytes) => {
                output
                    .write_all(&bytes)
                    .await
                    .map_err(|error| unreadable(Path::new(""), error))?;
                received(bytes.len() as u64);
            }
            Output::Stderr(bytes) => {
                let room = SAID.saturating_sub(complaint.len());
                complaint.extend(bytes.iter().take(room));
            }
            Output::Exited(exit) => {
                let complaint = String::from_utf8_lossy(&complaint).trim().to_owned();
                return Ok(Ended { exit, complaint });
            }
        }
    }
}
