//! The TCP stream of a connection, which acknowledges at once, is read in large pieces and ends when nobody wants it.
//!
//! The library reads each packet in two parts; a buffer makes one call to the system of several packets. OpenSSH leaves
//! Nagle's algorithm on: a small answer waits until the one before was acknowledged, which Linux puts off for 40 ms. So
//! before this side waits for more, it acknowledges what it has read.
//!
//! The library's own task serves a connection, and while keys are exchanged it does not notice that nobody is there any
//! more. A server that stops in the middle would keep the task and the stream for ever; [`InUse`] ends them.

use std::{
    future::ready,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, BufReader, ReadBuf},
    net::TcpStream,
    time::sleep,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::limits::GOODBYE;

/// Bytes read at once.
const BUFFER: usize = 64 * 1024;

pub(crate) struct Socket {
    stream: BufReader<TcpStream>,
    unacknowledged: bool,
    unused: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Held as long as the connection is wanted. When it is dropped, what is on its way has a moment left.
#[derive(Debug)]
pub(crate) struct InUse {
    _guard: DropGuard,
}

impl Socket {
    /// A stream whose own packets leave at once, too.
    pub(crate) fn new(stream: TcpStream) -> io::Result<(Self, InUse)> {
        stream.set_nodelay(true)?;
        let token = CancellationToken::new();
        let in_use = InUse {
            _guard: token.clone().drop_guard(),
        };
        let unused = async move {
            token.cancelled().await;
            sleep(GOODBYE).await;
        };
        let this = Self {
            stream: BufReader::with_capacity(BUFFER, stream),
            unacknowledged: false,
            unused: Box::pin(unused),
        };
        Ok((this, in_use))
    }

    /// Whether somebody still wants it.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.unused.as_mut().poll(context) {
            Poll::Ready(()) => {
                // Polled no more once it is through.
                self.unused = Box::pin(ready(()));
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Poll::Pending => Ok(()),
        }
    }

    fn acknowledge(&mut self) {
        #[cfg(target_os = "linux")]
        if self.unacknowledged
            && let Err(error) = self.stream.get_ref().set_quickack(true)
        {
            tracing::debug!(%error, "acknowledgements are delayed");
        }
        self.unacknowledged = false;
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        match polled {
            Poll::Ready(_) => self.unacknowledged = true,
            Poll::Pending => self.acknowledge(),
        }
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if polled.is_pending() {
            self.check(context)?;
        }
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        if polled.is_pending() {
            self.check(context)?;
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
