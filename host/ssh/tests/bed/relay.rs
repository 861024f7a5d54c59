//! A way to the server that counts what passes and can break.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// Ended when dropped.
pub(crate) struct Relay {
    pub(crate) port: u16,
    passed: Passed,
    _accepting: AbortOnDropHandle<()>,
}

#[derive(Clone, Default)]
struct Passed {
    up: Arc<AtomicU64>,
    down: Arc<AtomicU64>,
    /// All connections end when so many bytes have passed in one direction, and new ones at once.
    limit: Option<u64>,
    broken: CancellationToken,
}

impl Relay {
    /// A way to `port` that does not break.
    pub(crate) async fn to(port: u16) -> Self {
        Self::start(port, None).await
    }

    /// A way that breaks after so many bytes in one direction.
    pub(crate) async fn breaking(port: u16, after: u64) -> Self {
        Self::start(port, Some(after)).await
    }

    async fn start(to: u16, limit: Option<u64>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let passed = Passed {
            limit,
            ..Passed::default()
        };
        let kept = passed.clone();
        let accepting = tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(near, SocketAddr::from(([127, 0, 0, 1], to)), kept.clone()));
            }
        });
        Self {
            port,
            passed,
            _accepting: AbortOnDropHandle::new(accepting),
        }
    }

    /// Bytes to the server.
    pub(crate) fn up(&self) -> u64 {
        self.passed.up.load(Ordering::Relaxed)
    }

    /// Bytes from the server.
    pub(crate) fn down(&self) -> u64 {
        self.passed.down.load(Ordering::Relaxed)
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.passed.broken.is_cancelled()
    }
}

async fn pass(near: TcpStream, to: SocketAddr, passed: Passed) {
    let Ok(far) = TcpStream::connect(to).await else {
        return;
    };
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::select! {
        () = passed.broken.cancelled() => {}
        () = async {
            tokio::join!(
                pump(near_read, far_write, &passed.up, &passed),
                pump(far_read, near_write, &passed.down, &passed),
            );
        } => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: &AtomicU64,
    passed: &Passed,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = match from.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(length) => length,
        };
        let total = count.fetch_add(length as u64, Ordering::Relaxed) + length as u64;
        if passed.limit.is_some_and(|limit| total > limit) {
            passed.broken.cancel();
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    // The other direction goes on until its own end; a shutdown of what is closed says nothing.
    let _ = to.shutdown().await;
}
