//! A directory in either direction, as one tar stream with a `tar` on the instance.
//!
//! One stream instead of one answer per file is what makes thousands of small files fast. Reading and writing local
//! files blocks, so it runs on a thread of its own at the other end of a pipe; dropping either end ends both.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cap_std::fs::Dir;
use kilnbox_engine::{CommunicatorError, Exit, Progress};
use tokio::{net::unix::pipe, task::JoinHandle};

use crate::{
    links::Links,
    quote,
    transfer::{
        pack::pack,
        program::{self, Ended, unreadable},
        unpack::unpack,
    },
};

/// What a shell says by its exit code when it does not find a program.
const NOT_FOUND: u32 = 127;

/// Copies what is below `from` into the remote directory `to`.
pub(crate) async fn upload(
    links: &Links,
    to: &str,
    from: &Dir,
    name: &str,
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let name = PathBuf::from(name);
    let from = from.try_clone().map_err(|error| unreadable(&name, error))?;
    let folder = quote::path(to)?;
    // Owners are this machine's and mean nothing there: the files belong to who logged in.
    let line = format!("mkdir -p {folder} && tar -xpof - -C {folder}");
    let (far, near) = std::io::pipe().map_err(no_pipe)?;
    let mut far = pipe::Receiver::from_owned_fd(far.into()).map_err(no_pipe)?;
    let moved = Arc::new(AtomicU64::new(0));
    let count = moved.clone();
    let packing = tokio::task::spawn_blocking(move || {
        pack(&from, &name, near, |bytes| count.store(bytes, Ordering::Relaxed))
    });
    let ended = program::feed(links, line, &mut far, |_| {
        progress.moved(moved.load(Ordering::Relaxed), None);
    })
    .await;
    // A packer that still writes ends with the pipe.
    drop(far);
    settle(packing, ended?, to).await
}

/// Copies what is below the remote directory `from` into `to`.
pub(crate) async fn download(
    links: &Links,
    from: &str,
    to: &Dir,
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let to = to
        .try_clone()
        .map_err(|error| unreadable(&PathBuf::new(), error))?;
    let line = format!("tar -cf - -C {} .", quote::path(from)?);
    let (mut far, near) = std::io::pipe().map_err(no_pipe)?;
    let mut near = pipe::Sender::from_owned_fd(near.into()).map_err(no_pipe)?;
    let moved = Arc::new(AtomicU64::new(0));
    let count = moved.clone();
    let unpacking = tokio::task::spawn_blocking(move || {
        let unpacked = unpack(&mut far, &to, |bytes| count.store(bytes, Ordering::Relaxed))?;
        // The archive may be padded after its end.
        std::io::copy(&mut far, &mut std::io::sink()).map_err(|error| unreadable(&PathBuf::new(), error))?;
        Ok(unpacked)
    });
    let report = |_| progress.moved(moved.load(Ordering::Relaxed), None);
    let ended = program::fetch(links, line, &mut near, report).await;
    drop(near);
    let ended = match ended {
        Ok(ended) => ended,
        // The thread stopped reading: it knows why.
        Err(error @ CommunicatorError::Local { .. }) => {
            return Err(joined(unpacking).await.err().unwrap_or(error));
        }
        Err(error) => return Err(error),
    };
    if ended.exit != Exit::Code(0) {
        // An archive that was cut short is the instance's failure, and the thread could only say that it was cut.
        let unpacked = joined(unpacking).await;
        missing_tar(&ended)?;
        ended.success(from)?;
        return unpacked;
    }
    joined(unpacking).await
}

async fn settle(
    packing: JoinHandle<Result<u64, CommunicatorError>>,
    ended: Ended,
    to: &str,
) -> Result<u64, CommunicatorError> {
    let packed = joined(packing).await;
    match packed {
        // A pipe that broke is the remote program's end, which says more.
        Err(CommunicatorError::Local { ref source, .. })
            if source.kind() == std::io::ErrorKind::BrokenPipe =>
        {
            missing_tar(&ended)?;
            ended.success(to)?;
            packed
        }
        Err(error) => Err(error),
        Ok(bytes) => {
            missing_tar(&ended)?;
            ended.success(to)?;
            Ok(bytes)
        }
    }
}

fn missing_tar(ended: &Ended) -> Result<(), CommunicatorError> {
    match ended.exit {
        Exit::Code(NOT_FOUND) => Err(CommunicatorError::Unsupported(
            "copying a directory to or from an instance without `tar`",
        )),
        _ => Ok(()),
    }
}

async fn joined<T>(thread: JoinHandle<Result<T, CommunicatorError>>) -> Result<T, CommunicatorError> {
    thread.await.unwrap_or_else(|error| {
        Err(unreadable(
            &PathBuf::new(),
            std::io::Error::other(error.to_string()),
        ))
    })
}

fn no_pipe(error: std::io::Error) -> CommunicatorError {
    unreadable(&PathBuf::new(), error)
}
