//! One command, one session channel.
//!
//! The exec request carries the command line as it is; the account's login shell reads it. Output is pulled: the
//! server may be [`crate::connect`]'s window ahead of the reader and then waits. Dropping a [`Running`] sends TERM,
//! ends its input and closes the channel; since no server is sure to end the command then, [`crate::sweep`] does.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use kilnbox_engine::{Command, CommunicatorError, Exit, Output, Process, limits};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Pty, Sig, client::Msg};
use tokio::time::{Instant, timeout_at};

use crate::{
    limits::{MESSAGES, OPEN, SIGNAL},
    link::{Link, lost},
    links::Links,
    quote,
};

/// Bytes of input handed over at once.
const INPUT_CHUNK: usize = 32 * 1024;

/// A command on the instance.
pub(crate) struct Running {
    read: ChannelReadHalf,
    write: Arc<ChannelWriteHalf<Msg>>,
    kept: VecDeque<ChannelMsg>,
    exit: Option<Exit>,
    ended: bool,
    input_open: bool,
    /// Until when the server has to say that the command runs; none once it said anything.
    silent_until: Option<Instant>,
    /// Keeps others off this connection while the command runs; taken when this is dropped.
    link: Option<Arc<Link>>,
}

impl Running {
    /// Starts `command`; `pty` is that of all commands.
    pub(crate) async fn start(
        links: &Links,
        command: &Command,
        pty: bool,
    ) -> Result<Self, CommunicatorError> {
        let line = quote::line(command)?;
        let (link, channel) = links.open().await?;
        let mut running = Self::new(link, channel);
        if command.pty || pty {
            // As Packer asks for it; no reply is awaited, a server without terminals runs the command without.
            let modes = [
                (Pty::ECHO, 0),
                (Pty::TTY_OP_ISPEED, 14_400),
                (Pty::TTY_OP_OSPEED, 14_400),
            ];
            running
                .write
                .request_pty(false, "xterm", 80, 40, 0, 0, &modes)
                .await
                .map_err(lost)?;
        }
        running.write.exec(true, line).await.map_err(lost)?;
        if !command.stdin {
            running.close_stdin().await?;
        }
        Ok(running)
    }

    fn new(link: Arc<Link>, channel: Channel<Msg>) -> Self {
        let (read, write) = channel.split();
        Self {
            read,
            write: Arc::new(write),
            kept: VecDeque::new(),
            exit: None,
            ended: false,
            input_open: true,
            silent_until: Some(Instant::now() + OPEN),
            link: Some(link),
        }
    }

    /// The input side, to feed a program while its output is read.
    pub(crate) fn input(&self) -> Arc<ChannelWriteHalf<Msg>> {
        self.write.clone()
    }

    fn finish(&mut self) -> Output {
        self.ended = true;
        Output::Exited(self.exit.clone().unwrap_or(Exit::Lost))
    }

    /// The next message. A command may be silent, but not whether it runs at all.
    async fn hear(&mut self) -> Result<Option<ChannelMsg>, CommunicatorError> {
        let Some(until) = self.silent_until else {
            return Ok(self.read.wait().await);
        };
        let message = timeout_at(until, self.read.wait())
            .await
            .map_err(|_| CommunicatorError::TimedOut {
                doing: "waiting for the instance to run a command".to_owned(),
                after: OPEN,
            })?;
        self.heard(message.as_ref());
        Ok(message)
    }

    /// Room for input says nothing about the command; everything else does.
    fn heard(&mut self, message: Option<&ChannelMsg>) {
        if !matches!(message, Some(ChannelMsg::WindowAdjusted { .. })) {
            self.silent_until = None;
        }
    }

    /// What a message means to the reader; most mean nothing.
    fn judge(&mut self, message: ChannelMsg) -> Result<Option<Output>, CommunicatorError> {
        match message {
            ChannelMsg::Data { data } => Ok(Some(Output::Stdout(bounded(data)?))),
            ChannelMsg::ExtendedData { data, ext: 1 } => Ok(Some(Output::Stderr(bounded(data)?))),
            ChannelMsg::ExitStatus { exit_status } => {
                self.exit.get_or_insert(Exit::Code(exit_status));
                Ok(None)
            }
            ChannelMsg::ExitSignal { signal_name, .. } => {
                self.exit.get_or_insert(Exit::Signal(signal_text(signal_name)));
                Ok(None)
            }
            ChannelMsg::Failure => {
                self.ended = true;
                Err(CommunicatorError::Connection(
                    "the instance refused to run a command".to_owned(),
                ))
            }
            ChannelMsg::Close => Ok(Some(self.finish())),
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl Process for Running {
    async fn next(&mut self) -> Result<Output, CommunicatorError> {
        if self.ended {
            return Ok(self.finish());
        }
        loop {
            let message = match self.kept.pop_front() {
                Some(message) => Some(message),
                None => self.hear().await?,
            };
            match message {
                None => return Ok(self.finish()),
                Some(message) => {
                    if let Some(output) = self.judge(message)? {
                        return Ok(output);
                    }
                }
            }
        }
    }

    async fn write_stdin(&mut self, bytes: Bytes) -> Result<usize, CommunicatorError> {
        let chunk = bytes.slice(..bytes.len().min(INPUT_CHUNK));
        let taken = chunk.len();
        if self.ended || !self.input_open {
            return Err(CommunicatorError::Connection(
                "the command no longer reads its input".to_owned(),
            ));
        }
        let write = self.write.clone();
        let send = write.data_bytes(chunk);
        tokio::pin!(send);
        // The room for input grows only while the channel lives, so its messages are watched meanwhile.
        loop {
            tokio::select! {
                biased;
                sent = &mut send => return sent.map(|()| taken).map_err(lost),
                message = self.read.wait(), if self.kept.len() < MESSAGES => match message {
                    None | Some(ChannelMsg::Close) => {
                        self.kept.push_back(ChannelMsg::Close);
                        self.input_open = false;
                        return Err(CommunicatorError::Connection("the command ended before its input".to_owned()));
                    }
                    Some(message) => {
                        self.heard(Some(&message));
                        self.kept.push_back(message);
                    }
                },
            }
        }
    }

    async fn close_stdin(&mut self) -> Result<(), CommunicatorError> {
        if std::mem::take(&mut self.input_open) {
            self.write.eof().await.map_err(lost)
        } else {
            Ok(())
        }
    }

    async fn signal(&mut self, name: &str) -> Result<(), CommunicatorError> {
        self.write.signal(signal_named(name)).await.map_err(lost)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        let write = self.write.clone();
        let ended = self.ended || self.exit.is_some();
        let farewell = async move {
            // Each fails only where the connection is gone.
            if !ended {
                let _ = write.signal(Sig::TERM).await;
            }
            let _ = write.eof().await;
            let _ = write.close().await;
        };
        link.release(ended, farewell);
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("exit", &self.exit)
            .finish_non_exhaustive()
    }
}

fn bounded(data: Bytes) -> Result<Bytes, CommunicatorError> {
    if data.len() > limits::OUTPUT_CHUNK {
        return Err(CommunicatorError::Hostile(format!(
            "a packet of {} bytes",
            data.len()
        )));
    }
    Ok(data)
}

fn signal_text(signal: Sig) -> String {
    match signal {
        Sig::Custom(name) => {
            let name: String = name
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(SIGNAL)
                .collect();
            if name.is_empty() {
                "unknown".to_owned()
            } else {
                name
            }
        }
        known => format!("{known:?}"),
    }
}

fn signal_named(name: &str) -> Sig {
    match name {
        "ABRT" => Sig::ABRT,
        "ALRM" => Sig::ALRM,
        "FPE" => Sig::FPE,
        "HUP" => Sig::HUP,
        "ILL" => Sig::ILL,
        "INT" => Sig::INT,
        "KILL" => Sig::KILL,
        "PIPE" => Sig::PIPE,
        "QUIT" => Sig::QUIT,
        "SEGV" => Sig::SEGV,
        "TERM" => Sig::TERM,
        "USR1" => Sig::USR1,
        other => Sig::Custom(other.to_owned()),
    }
}
