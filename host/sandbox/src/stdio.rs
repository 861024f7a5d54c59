//! Standard output and standard error of a guest: lines of its log, and a tail kept for the report of a crash.
//!
//! Guests get no terminal and no file. Toolchains print panics and stack traces here, so the last of standard error
//! says why a guest ended; nothing grows beyond the limits.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use kilnbox_engine::Level;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

use crate::voice::Voice;

/// Bytes a guest may write at once.
const PERMIT: usize = 64 * 1024;

/// One of the two streams. Clones write to the same lines.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    level: Level,
    voice: Voice,
    /// Longest line, in bytes; longer ones are split.
    longest: usize,
    /// Bytes kept of the end.
    keep: usize,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    line: Vec<u8>,
    tail: VecDeque<u8>,
}

impl Lines {
    pub(crate) fn new(level: Level, voice: Voice, longest: usize, keep: usize) -> Self {
        Self {
            level,
            voice,
            longest,
            keep,
            state: Arc::default(),
        }
    }

    /// The last that was written.
    pub(crate) fn tail(&self) -> String {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(state.tail.make_contiguous())
            .trim()
            .to_owned()
    }

    /// Says a last line that was not ended.
    pub(crate) fn close(&self) {
        let line = std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).line);
        if !line.is_empty() {
            self.say(&line);
        }
    }

    fn take(&self, bytes: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if *byte == b'\n' || state.line.len() >= self.longest {
                let line = std::mem::take(&mut state.line);
                self.say(&line);
            }
            if *byte != b'\n' {
                state.line.push(*byte);
            }
        }
        state.tail.extend(bytes.iter().copied());
        let excess = state.tail.len().saturating_sub(self.keep);
        state.tail.drain(..excess);
    }

    fn say(&self, line: &[u8]) {
        self.voice.log(self.level, &String::from_utf8_lossy(line), &[]);
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

impl AsyncWrite for Lines {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
