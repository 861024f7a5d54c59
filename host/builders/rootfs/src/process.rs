//! One command in the container, from its start to its exit status.
//!
//! Runs in a child of the agent. The command has a session of its own; when the connection ends before it does, all
//! of its process group is killed. What the command's own exit leaves in its pipes is sent before the status; a
//! background process that holds a pipe open does not hold up the step.

use std::{
    io::{self, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            net::UnixStream,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    str::FromStr,
};

use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::{SigHandler, Signal, killpg, signal},
    unistd::Pid,
};

use crate::wire::{self, CHUNK, DATA, END, EXITED, Ended, SIGNAL, STDERR, STDOUT};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs `line` and tells `stream` what comes of it.
pub(crate) fn run(
    mut stream: &UnixStream,
    line: &str,
    env: Vec<(String, String)>,
    stdin: bool,
) -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(line)
        .env_clear()
        .envs([
            ("PATH", PATH),
            ("HOME", "/root"),
            ("USER", "root"),
            ("LOGNAME", "root"),
            ("SHELL", "/bin/sh"),
        ])
        .envs(env)
        .current_dir(if Path::new("/root").is_dir() { "/root" } else { "/" })
        .stdin(if stdin { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[expect(unsafe_code, reason = "a session is begun between fork and exec")]
    // SAFETY: `setsid` and `sigaction` are async-signal-safe; no memory is touched and no handler installed.
    unsafe {
        command.pre_exec(|| {
            nix::unistd::setsid()?;
            // Whoever starts the program in the background or with `nohup` has these ignored, and that is inherited.
            for ignored in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM] {
                signal(ignored, SigHandler::SigDfl)?;
            }
            Ok(())
        });
    }
    let mut child = command.spawn()?;
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
    let status = Running::new(&mut child)?.follow(&mut stream, group, &mut child);
    if status.is_err() {
        // The connection is gone, and with it whoever wanted the command.
        let _gone = killpg(group, Signal::SIGKILL);
        child.wait()?;
    }
    let ended = status.map(ended)?;
    wire::write_frame(&mut stream, EXITED, &serde_json::to_vec(&ended)?)
}

struct Running {
    stdin: Option<ChildStdin>,
    /// Taken from the connection and not yet by the command.
    input: Vec<u8>,
    input_ended: bool,
    outputs: [(u8, Option<OwnedFd>); 2],
    exit: OwnedFd,
}

impl Running {
    fn new(child: &mut Child) -> io::Result<Self> {
        let pid = rustix::process::Pid::from_child(child);
        let exit = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?;
        let stdin = child.stdin.take();
        let outputs = [
            (STDOUT, child.stdout.take().map(OwnedFd::from)),
            (STDERR, child.stderr.take().map(OwnedFd::from)),
        ];
        if let Some(stdin) = &stdin {
            rustix::io::ioctl_fionbio(stdin, true)?;
        }
        for (_, pipe) in &outputs {
            if let Some(pipe) = pipe {
                rustix::io::ioctl_fionbio(pipe, true)?;
            }
        }
        Ok(Self {
            stdin,
            input: Vec::new(),
            input_ended: false,
            outputs,
            exit,
        })
    }

    /// Moves bytes until the command has ended; an error means that the connection has.
    fn follow(mut self, stream: &mut &UnixStream, group: Pid, child: &mut Child) -> io::Result<ExitStatus> {
        loop {
            let waits = self.wait(stream)?;
            if waits.hung_up {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            if waits.request {
                self.take(stream, group)?;
            }
            self.feed();
            for index in 0..self.outputs.len() {
                self.forward(index, stream, waits.exited)?;
            }
            if waits.exited {
                return child.wait();
            }
        }
    }

    fn wait(&self, stream: &UnixStream) -> io::Result<Waits> {
        let readable = if self.input.is_empty() {
            PollFlags::POLLIN
        } else {
            PollFlags::empty()
        };
        let mut fds = vec![
            PollFd::new(stream.as_fd(), readable),
            PollFd::new(self.exit.as_fd(), PollFlags::POLLIN),
        ];
        for (_, pipe) in &self.outputs {
            if let Some(pipe) = pipe {
                fds.push(PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
            }
        }
        if let Some(stdin) = self.stdin.as_ref().filter(|_| !self.input.is_empty()) {
            fds.push(PollFd::new(stdin.as_fd(), PollFlags::POLLOUT));
        }
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let of = |index: usize| {
            fds.get(index)
                .and_then(PollFd::revents)
                .unwrap_or(PollFlags::empty())
        };
        let gone = PollFlags::POLLHUP | PollFlags::POLLERR;
        Ok(Waits {
            request: of(0).contains(PollFlags::POLLIN),
            hung_up: of(0).intersects(gone),
            exited: !of(1).is_empty(),
        })
    }

    /// One frame of the connection.
    fn take(&mut self, stream: &mut &UnixStream, group: Pid) -> io::Result<()> {
        match wire::read_frame(stream)? {
            Some((DATA, payload)) if self.stdin.is_some() => self.input = payload,
            Some((DATA, _)) => {}
            Some((END, _)) => self.input_ended = true,
            Some((SIGNAL, name)) => {
                let name = format!("SIG{}", String::from_utf8_lossy(&name));
                if let Ok(signal) = Signal::from_str(&name) {
                    // The command may have ended meanwhile.
                    let _gone = killpg(group, signal);
                }
            }
            _ => return Err(io::ErrorKind::ConnectionReset.into()),
        }
        Ok(())
    }

    /// Gives the command what it takes of its input.
    fn feed(&mut self) {
        let Some(stdin) = &mut self.stdin else { return };
        while !self.input.is_empty() {
            match stdin.write(&self.input) {
                Ok(count) => drop(self.input.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    // The command reads no more: what is left is for nobody.
                    self.input.clear();
                    self.input_ended = true;
                }
            }
        }
        if self.input_ended {
            self.stdin = None;
        }
    }

    /// Sends one chunk of an output, or after the exit all that is there.
    fn forward(&mut self, index: usize, stream: &mut &UnixStream, all: bool) -> io::Result<()> {
        let Some((kind, slot)) = self.outputs.get_mut(index) else {
            return Ok(());
        };
        let mut chunk = vec![0; CHUNK];
        while let Some(pipe) = slot {
            match rustix::io::read(&*pipe, &mut chunk) {
                Ok(0) => *slot = None,
                Ok(count) => {
                    wire::write_frame(stream, *kind, chunk.get(..count).unwrap_or_default())?;
                    if !all {
                        return Ok(());
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

struct Waits {
    request: bool,
    hung_up: bool,
    exited: bool,
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal().map(Signal::try_from)) {
        (None, Some(Ok(signal))) => Ended::Signal(signal.as_str().trim_start_matches("SIG").to_owned()),
        (None, _) => Ended::Signal("KILL".to_owned()),
        (Some(code), _) => Ended::Code(code.cast_unsigned()),
    }
}
