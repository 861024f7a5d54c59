//! Process 1 of the container: takes requests from the program and carries them out inside the root.
//!
//! It is this program's own image, forked by `libcontainer` and never replaced, so that the root needs no tool of
//! ours. Each request is one connection, served by a child of its own. Nothing of the host is left in its memory: the
//! helper it was forked from started with an empty environment and only knows the work folder.

use std::{
    collections::HashMap,
    fs,
    io::{self, Read, Write},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
        unix::{
            fs::{OpenOptionsExt, PermissionsExt},
            net::{UnixListener, UnixStream},
        },
    },
    path::Path,
};

use libcontainer::workload::{Executor, ExecutorError, ExecutorSetEnvsError, ExecutorValidationError};
use nix::{
    libc,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{SigHandler, Signal},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{ForkResult, fork},
};
use oci_spec::runtime::Spec;

use crate::{
    Error, process, seccomp,
    wire::{self, CHUNK, DATA, DONE, END, FAILED, Request},
};

/// The descriptor that ends when the program ends: standard input of helper and agent.
const LIFELINE: RawFd = 0;
/// Where the listening socket is moved to, the only other descriptor that stays open.
const LISTENER: RawFd = 3;

/// What `libcontainer` runs as process 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agent {
    /// The listening socket, inherited from the helper.
    pub(crate) listener: RawFd,
}

impl Executor for Agent {
    fn exec(&self, _: &Spec) -> Result<(), ExecutorError> {
        let listener = self
            .take_over()
            .map_err(|error| ExecutorError::Other(error.to_string()))?;
        serve(&listener).map_err(|error| ExecutorError::Other(error.to_string()))
    }

    fn validate(&self, _: &Spec) -> Result<(), ExecutorValidationError> {
        Ok(())
    }

    fn setup_envs(&self, _: HashMap<String, String>) -> Result<(), ExecutorSetEnvsError> {
        // Commands get an environment of their own; this process has none.
        Ok(())
    }
}

impl Agent {
    /// Closes everything that leads outside and gives up what is not needed.
    fn take_over(self) -> Result<UnixListener, Error> {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
            .map_err(io::Error::from)
            .map_err(Error::io("tying the container to its helper"))?;
        let null = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/null")
            .map_err(Error::io("/dev/null"))?;
        #[expect(
            unsafe_code,
            reason = "descriptors inherited through a fork have no owner in Rust"
        )]
        // SAFETY: this process never returns to code that owns one of the descriptors closed here, and the socket is
        // open: the helper made it before the fork.
        let listener = unsafe {
            // The helper's standard output is the channel for orders: not for the container.
            libc::dup2(null.as_raw_fd(), libc::STDOUT_FILENO);
            libc::dup2(null.as_raw_fd(), libc::STDERR_FILENO);
            libc::dup2(self.listener, LISTENER);
            std::mem::forget(null);
            libc::close_range(4, u32::MAX, 0);
            libc::fcntl(LISTENER, libc::F_SETFD, libc::FD_CLOEXEC);
            libc::fcntl(LIFELINE, libc::F_SETFD, libc::FD_CLOEXEC);
            <UnixListener as std::os::fd::FromRawFd>::from_raw_fd(LISTENER)
        };
        default_signals().map_err(Error::io("resetting signals"))?;
        seccomp::apply()?;
        Ok(listener)
    }
}

/// Resets what the program was started with, such as an ignored `SIGINT` of a job in the background: the commands would
/// inherit it. `SIGPIPE` stays ignored here, and is reset for each command by the standard library.
fn default_signals() -> io::Result<()> {
    let kept = [Signal::SIGKILL, Signal::SIGSTOP, Signal::SIGPIPE];
    let settable = Signal::iterator().filter(|signal| !kept.contains(signal));
    for signal in settable {
        #[expect(
            unsafe_code,
            reason = "changing what a signal does can break the invariants of a handler"
        )]
        // SAFETY: no handler is installed, and none is removed that something relies on.
        unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) }?;
    }
    Ok(())
}

/// Serves until the program is gone.
fn serve(listener: &UnixListener) -> io::Result<()> {
    #[expect(unsafe_code, reason = "the lifeline is standard input")]
    // SAFETY: standard input is never closed in this process.
    let lifeline = unsafe { BorrowedFd::borrow_raw(LIFELINE) };
    loop {
        let mut ready = [
            PollFd::new(listener.as_fd(), PollFlags::POLLIN),
            PollFd::new(lifeline, PollFlags::POLLIN),
        ];
        // Once a second at least, what was orphaned is reaped.
        match poll(&mut ready, PollTimeout::from(1000_u16)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        while !matches!(
            waitpid(None, Some(WaitPidFlag::WNOHANG)),
            Ok(WaitStatus::StillAlive) | Err(_)
        ) {}
        let [connection, gone] = ready.map(|fd| fd.any().unwrap_or(false));
        if gone {
            return Ok(());
        }
        if connection {
            let (stream, _) = listener.accept()?;
            #[expect(unsafe_code, reason = "each request has a process of its own")]
            // SAFETY: this process is single-threaded, so that the child may do anything a process may.
            if matches!(unsafe { fork() }, Ok(ForkResult::Child)) {
                answer(stream);
                // SAFETY: `_exit` is allowed at any time; the parent's exit handlers must not run here.
                unsafe { libc::_exit(0) }
            }
        }
    }
}

/// Serves one connection. Errors of the connection itself have nobody left to hear of them.
fn answer(mut stream: UnixStream) {
    let Ok(Some(request)) = wire::read_json::<Request>(&mut stream) else {
        return;
    };
    let result = match request {
        Request::Run { line, env, stdin } => process::run(&stream, &line, env, stdin),
        Request::Upload { path, mode } => upload(&mut stream, &path, mode),
        Request::UploadTree { path } => upload_tree(&mut stream, &path),
        Request::Download { path } => download(&mut stream, &path),
        Request::DownloadTree { path } => download_tree(&mut stream, &path),
        Request::Remove { path } => remove(&path),
    };
    let _unheard = match result {
        Ok(()) => wire::write_frame(&mut stream, DONE, &[]),
        Err(error) => wire::write_frame(&mut stream, FAILED, error.to_string().as_bytes()),
    };
}

fn upload(stream: &mut UnixStream, path: &str, mode: u32) -> io::Result<()> {
    // Not to block for ever on a FIFO that stands there.
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode & 0o7777)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    io::copy(
        &mut Content {
            stream,
            rest: Vec::new(),
            read: 0,
            ended: false,
        },
        &mut file,
    )?;
    file.set_permissions(fs::Permissions::from_mode(mode & 0o7777))
}

fn upload_tree(stream: &mut UnixStream, path: &str) -> io::Result<()> {
    fs::create_dir_all(path)?;
    let mut content = Content {
        stream,
        rest: Vec::new(),
        read: 0,
        ended: false,
    };
    let mut archive = tar::Archive::new(&mut content);
    archive.set_preserve_permissions(true);
    archive.set_overwrite(true);
    archive.unpack(path)?;
    io::copy(&mut content, &mut io::sink()).map(drop)
}

fn download(stream: &mut UnixStream, path: &str) -> io::Result<()> {
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    io::copy(
        &mut io::BufReader::new(file),
        &mut io::BufWriter::with_capacity(CHUNK, Frames { stream }),
    )
    .map(drop)
}

fn download_tree(stream: &mut UnixStream, path: &str) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let mut archive = tar::Builder::new(io::BufWriter::with_capacity(CHUNK, Frames { stream }));
    archive.follow_symlinks(false);
    append_below(&mut archive, Path::new(path), Path::new(""))?;
    archive.into_inner()?.flush()
}

/// Adds what is below `from`, without device nodes and sockets.
fn append_below(archive: &mut tar::Builder<impl Write>, from: &Path, name: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, name) = (entry.file_type()?, name.join(entry.file_name()));
        if kind.is_dir() {
            archive.append_path_with_name(entry.path(), &name)?;
            append_below(archive, &entry.path(), &name)?;
        } else if kind.is_file() || kind.is_symlink() {
            archive.append_path_with_name(entry.path(), &name)?;
        }
    }
    Ok(())
}

fn remove(path: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// The data frames of a connection, as a reader that ends with [`END`].
struct Content<'a> {
    stream: &'a mut UnixStream,
    rest: Vec<u8>,
    read: usize,
    ended: bool,
}

impl Read for Content<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.read == self.rest.len() && !self.ended {
            match wire::read_frame(self.stream)? {
                Some((DATA, payload)) => (self.rest, self.read) = (payload, 0),
                Some((END, _)) => self.ended = true,
                _ => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = self.rest.get(self.read..).unwrap_or_default().read(to)?;
        self.read += count;
        Ok(count)
    }
}

/// Data frames to a connection, one per write.
struct Frames<'a> {
    stream: &'a mut UnixStream,
}

impl Write for Frames<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.get(..CHUNK).unwrap_or(bytes);
        wire::write_frame(self.stream, DATA, taken)?;
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
