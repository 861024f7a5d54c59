//! The TCP stream of a connection, which acknowledges at once and is read in large pieces.
//!
//! The library reads each packet in two parts; a buffer makes one call to the system of several packets. OpenSSH leaves Nagle's algorithm on: a small answer waits until the one before was acknowledged, which Linux puts off
//! for 40 ms. So before this side waits for more, it acknowledges what it has read.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, BufReader, ReadBuf},
    net::TcpStream,
};

/// Bytes read at once.
const BUFFER: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Socket {
    stream: BufReader<TcpStream>,
    unacknowledged: bool,
}

impl Socket {
    /// A stream whose own packets leave at once, too.
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::with_capacity(BUFFER, stream),
            unacknowledged: false,
        })
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
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
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
