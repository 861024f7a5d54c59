//! What reads from an instance, without an instance: for those who look for bytes that break it.
//!
//! The same code as behind [`crate::SshCommunicator`], from where bytes are no longer SSH's. Whatever they are, it ends
//! with a number or an error, and nothing but the target is written to.

use std::io::Read;

use cap_std::fs::Dir;
use kilnbox_engine::{CommunicatorError, NoProgress};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::transfer::{receive, remote::Remote, unpack};

/// Writes what an instance's `tar` sent below `to`, and returns the bytes of all files. Blocks.
pub fn unpack(stream: impl Read, to: &Dir) -> Result<u64, CommunicatorError> {
    unpack::unpack(stream, to, |_| {})
}

/// Copies the tree that an SFTP server shows as `/folder` into `to`, and returns the bytes of all files.
pub async fn receive(
    server: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    to: Dir,
) -> Result<u64, CommunicatorError> {
    receive::receive(&Remote::with(server).await?, to, &NoProgress).await
}
