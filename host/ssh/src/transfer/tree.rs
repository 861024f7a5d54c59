//! A directory in either direction: as one tar stream with a `tar` on the instance, or file by file over SFTP where
//! there is none.
//!
//! One stream instead of one answer per file is what makes thousands of small files fast. Reading and writing local
//! files blocks, so it runs on a thread of its own at the other end of a pipe; dropping either end ends both.

use std::{
    io::{Cursor, ErrorKind},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use cap_std::fs::Dir;
use kilnbox_engine::{CommunicatorError, Exit, Progress};
use tokio::{
    net::unix::pipe,
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
};

use crate::{
    links::Links,
    quote,
    transfer::{
        local::{joined, unreadable},
        pack::pack,
        program::{self, Ended},
        receive::receive,
        remote::Remote,
        send::send,
        unpack::unpack,
    },
};

/// What a shell says by its exit code when it does not find a program.
const NOT_FOUND: u32 = 127;
/// Bytes of what a `tar` says of itself.
const INTRODUCTION: usize = 4096;

/// What is known of the instance's `tar`, which is asked for once.
#[derive(Debug, Default)]
pub(crate) struct Tar {
    missing: AtomicBool,
    sparse: OnceLock<bool>,
}

impl Tar {
    /// Whether it makes holes where GNU's entries for such files say so; none where there is no `tar`. GNU's own does;
    /// busybox's, for one, refuses the whole archive.
    async fn is_sparse(&self, links: &Links) -> Option<bool> {
        if let Some(known) = self.sparse.get() {
            return Some(*known);
        }
        let mut text = [0; INTRODUCTION];
        let mut room = Cursor::new(&mut text[..]);
        match program::fetch(links, "tar --version".to_owned(), &mut room, |_| {}).await {
            Ok(ended) if ended.exit == Exit::Code(NOT_FOUND) => None,
            Ok(_) => {
                let gnu = String::from_utf8_lossy(&text).contains("GNU tar");
                Some(*self.sparse.get_or_init(|| gnu))
            }
            Err(error) => {
                tracing::debug!(%error, "holes are sent as zeros");
                Some(false)
            }
        }
    }
}

/// Reports what is more than before: what a try with `tar` that found none had taken in is told once.
struct Growing<'a> {
    progress: &'a dyn Progress,
    most: AtomicU64,
}

impl Progress for Growing<'_> {
    fn moved(&self, bytes: u64, total: Option<u64>) {
        if self.most.fetch_max(bytes, Ordering::Relaxed) < bytes {
            self.progress.moved(bytes, total);
        }
    }
}

/// How a try with `tar` went.
enum Tried {
    Moved(u64),
    /// There is none, and nothing was moved.
    NoTar,
}

impl Tried {
    /// The end, since the streams are reported with what passes through them, which is a little earlier or later.
    fn report(&self, progress: &dyn Progress) {
        if let Self::Moved(bytes) = self {
            progress.moved(*bytes, None);
        }
    }
}

/// Copies what is below `from` into the remote directory `to`.
pub(crate) async fn upload(
    links: &Links,
    tar: &Tar,
    to: &str,
    from: &Dir,
    name: &str,
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let name = PathBuf::from(name);
    let progress = &Growing {
        progress,
        most: AtomicU64::new(0),
    };
    let from = || from.try_clone().map_err(|error| unreadable(&name, error));
    if !tar.missing.load(Ordering::Relaxed) {
        match upload_tar(links, tar, to, from()?, name.clone(), progress).await? {
            Tried::Moved(bytes) => return Ok(bytes),
            Tried::NoTar => tar.missing.store(true, Ordering::Relaxed),
        };
    }
    send(&session(links, to).await?, from()?, name.clone(), progress).await
}

/// Copies what is below the remote directory `from` into `to`.
pub(crate) async fn download(
    links: &Links,
    tar: &Tar,
    from: &str,
    to: &Dir,
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let to = || to.try_clone().map_err(|error| unreadable(Path::new(""), error));
    if !tar.missing.load(Ordering::Relaxed) {
        match download_tar(links, from, to()?, progress).await? {
            Tried::Moved(bytes) => return Ok(bytes),
            Tried::NoTar => tar.missing.store(true, Ordering::Relaxed),
        };
    }
    receive(&session(links, from).await?, to()?, progress).await
}

async fn session(links: &Links, folder: &str) -> Result<Remote, CommunicatorError> {
    Remote::open(links, folder)
        .await?
        .ok_or(CommunicatorError::Unsupported(
            "copying a directory to or from an instance with neither `tar` nor SFTP",
        ))
}

async fn upload_tar(
    links: &Links,
    tar: &Tar,
    to: &str,
    from: Dir,
    name: PathBuf,
    progress: &dyn Progress,
) -> Result<Tried, CommunicatorError> {
    let folder = quote::path(to)?;
    // Owners are this machine's and mean nothing there: the files belong to who logged in.
    let line = format!("mkdir -p {folder} && tar -xpof - -C {folder}");
    let (far, near) = std::io::pipe().map_err(no_pipe)?;
    let mut far = pipe::Receiver::from_owned_fd(far.into()).map_err(no_pipe)?;
    let moved = Arc::new(AtomicU64::new(0));
    let count = moved.clone();
    let (ask, asked) = oneshot::channel::<oneshot::Sender<bool>>();
    let is_sparse = move || {
        let (answer, answered) = oneshot::channel();
        ask.send(answer).is_ok() && answered.blocking_recv().unwrap_or(false)
    };
    let packing = spawn_blocking(move || {
        pack(&from, &name, near, is_sparse, |bytes| {
            count.store(bytes, Ordering::Relaxed);
        })
    });
    let answering = async {
        if let Ok(answer) = asked.await {
            match tar.is_sparse(links).await {
                Some(sparse) => {
                    // Who does not wait any more has failed and says so itself.
                    let _ = answer.send(sparse);
                }
                // No answer, so nothing more is packed: this try is about to end.
                None => std::future::pending::<()>().await,
            }
        }
        std::future::pending().await
    };
    let feeding = program::feed(links, line, &mut far, |_| {
        progress.moved(moved.load(Ordering::Relaxed), None);
    });
    let ended = tokio::select! {
        ended = feeding => ended,
        ended = answering => ended,
    };
    // A packer that still writes ends with the pipe.
    drop(far);
    let tried = settle(packing, ended?, to).await?;
    tried.report(progress);
    Ok(tried)
}

async fn download_tar(
    links: &Links,
    from: &str,
    to: Dir,
    progress: &dyn Progress,
) -> Result<Tried, CommunicatorError> {
    let line = format!("tar -cf - -C {} .", quote::path(from)?);
    let (far, near) = std::io::pipe().map_err(no_pipe)?;
    let mut near = pipe::Sender::from_owned_fd(near.into()).map_err(no_pipe)?;
    let moved = Arc::new(AtomicU64::new(0));
    let count = moved.clone();
    let unpacking = spawn_blocking(move || unpack(far, &to, |bytes| count.store(bytes, Ordering::Relaxed)));
    let mut received = 0;
    let report = |bytes| {
        received += bytes;
        progress.moved(moved.load(Ordering::Relaxed), None);
    };
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
    let unpacked = joined(unpacking).await;
    if is_missing(&ended, received == 0) {
        return Ok(Tried::NoTar);
    }
    // An archive that was cut short is the instance's failure, and the thread could only say that it was cut.
    ended.success(from)?;
    let tried = unpacked.map(Tried::Moved)?;
    tried.report(progress);
    Ok(tried)
}

async fn settle(
    packing: JoinHandle<Result<u64, CommunicatorError>>,
    ended: Ended,
    to: &str,
) -> Result<Tried, CommunicatorError> {
    let packed = joined(packing).await;
    match packed {
        // A pipe that broke is the remote program's end, which says more.
        Err(CommunicatorError::Local { ref source, .. }) if source.kind() != ErrorKind::BrokenPipe => {
            packed.map(Tried::Moved)
        }
        _ if is_missing(&ended, false) => Ok(Tried::NoTar),
        _ => ended.success(to).and(packed).map(Tried::Moved),
    }
}

/// Whether no `tar` ran at all: a shell found none, or there is no shell, and what runs instead of one, such as OpenSSH's
/// SFTP server for an account that may do nothing else, has nothing to say on standard error. A `tar` that fails does
/// not do so silently, and one that succeeds has not written `nothing`.
fn is_missing(ended: &Ended, nothing: bool) -> bool {
    match ended.exit {
        Exit::Code(NOT_FOUND) => true,
        Exit::Code(0) => nothing,
        Exit::Code(_) => ended.complaint.is_empty(),
        Exit::Signal(_) | Exit::Lost => false,
    }
}

fn no_pipe(error: std::io::Error) -> CommunicatorError {
    unreadable(Path::new(""), error)
}
