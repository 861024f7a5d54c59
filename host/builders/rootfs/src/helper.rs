//! The program as its own helper: one process that holds a container's mounts and its first process.
//!
//! Started with an empty environment in the work folder. Standard input is the lifeline: the kernel ends this process
//! (`SIGIO`) when the program at the other end is gone, and the container ends with it. Standard output carries
//! orders and replies. It stays single-threaded, since it enters namespaces and forks.

use std::{
    fs, io,
    os::{
        fd::{AsFd, AsRawFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::Path,
    process::ExitCode,
};

use libcontainer::{
    container::{Container, builder::ContainerBuilder},
    syscall::syscall::SyscallType,
};
use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{Signal, kill},
        wait::waitpid,
    },
    unistd::Pid,
};

use crate::{
    Error, Setup,
    agent::Agent,
    capture,
    mounts::{self, View},
    reclaim, spec,
    wire::{self, AGENT_SOCKET, Order, Reply},
};

/// Runs the helper. Called first thing in `main` when the first argument is [`crate::CONTAINER_COMMAND`], before any
/// thread is started.
pub fn container_main() -> ExitCode {
    let stdout = io::stdout();
    let Ok(mut control) = stdout.as_fd().try_clone_to_owned().map(UnixStream::from) else {
        return ExitCode::FAILURE;
    };
    match serve(&mut control) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let reply = failed(&error);
            // Nobody is left to tell when this does not arrive.
            let _unheard = wire::write_json(&mut control, &reply);
            ExitCode::FAILURE
        }
    }
}

fn failed(error: &Error) -> Reply {
    let hint = match error {
        Error::Unable { hint, .. } => hint.clone(),
        _ => None,
    };
    Reply::Failed {
        message: error.to_string(),
        hint,
    }
}

fn serve(control: &mut UnixStream) -> Result<(), Error> {
    hold_lifeline().map_err(Error::io("holding on to the program"))?;
    let setup: Setup = read(control)?.ok_or_else(|| Error::Protocol("no setup".to_owned()))?;
    let listener = UnixListener::bind(AGENT_SOCKET).map_err(Error::io("making the agent's socket"))?;
    let (isolation, views) = mounts::enter(&setup)?;
    let mut running = Running::start(&setup, isolation, &listener)?;
    drop(listener);
    reply(control, &Reply::Ready(isolation))?;
    while let Some(order) = read(control)? {
        running.stop()?;
        let answer = match order {
            Order::Capture { layer, base, flat } => captured(&views, isolation, layer, base, flat),
            Order::Remove => remove(&views),
        };
        reply(control, &answer.unwrap_or_else(|error| failed(&error)))?;
    }
    running.stop()
}

fn captured(
    views: &[View],
    isolation: crate::Isolation,
    layer: bool,
    base: bool,
    flat: bool,
) -> Result<Reply, Error> {
    let made = |wanted: bool, make: &dyn Fn() -> Result<wire::Blob, Error>| wanted.then(make).transpose();
    Ok(Reply::Captured {
        layer: made(layer, &|| capture::layer(views, isolation))?,
        base: made(base, &|| capture::base(views, isolation))?,
        flat: made(flat, &|| capture::flat(isolation))?,
    })
}

fn remove(views: &[View]) -> Result<Reply, Error> {
    for view in views.iter().rev() {
        let at = Path::new(mounts::ROOT).join(&view.target);
        nix::mount::umount2(&at, nix::mount::MntFlags::MNT_DETACH)
            .map_err(io::Error::from)
            .map_err(Error::io("unmounting the root"))?;
    }
    for folder in ["upper", "scratch", "base"] {
        reclaim::remove_tree(&Path::new(mounts::WORK).join(folder))
            .map_err(Error::io("removing the root"))?;
    }
    Ok(Reply::Removed)
}

/// Lets the kernel end this process when the other end of standard input is closed.
fn hold_lifeline() -> io::Result<()> {
    let stdin = io::stdin();
    let me = nix::unistd::getpid().as_raw();
    #[expect(unsafe_code, reason = "no crate wraps `F_SETOWN`")]
    // SAFETY: sets the owner of an open descriptor, no memory is involved.
    if unsafe { nix::libc::fcntl(stdin.as_raw_fd(), nix::libc::F_SETOWN, me) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let flags = OFlag::from_bits_truncate(fcntl(stdin.as_fd(), FcntlArg::F_GETFL)?);
    fcntl(stdin.as_fd(), FcntlArg::F_SETFL(flags | OFlag::O_ASYNC))?;
    // It may have been closed before the kernel was asked to tell.
    let mut fds = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    if poll(&mut fds, PollTimeout::ZERO)? > 0 {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(control: &mut UnixStream) -> Result<Option<T>, Error> {
    wire::read_json(control).map_err(Error::io("reading an order"))
}

fn reply(control: &mut UnixStream, reply: &Reply) -> Result<(), Error> {
    wire::write_json(control, reply).map_err(Error::io("answering"))
}

/// The container, from its start to the end of its last process.
struct Running {
    container: Option<Container>,
}

impl Running {
    fn start(setup: &Setup, isolation: crate::Isolation, listener: &UnixListener) -> Result<Self, Error> {
        let bundle = Path::new("/c/bundle");
        spec::write(bundle, mounts::ROOT, setup, isolation)?;
        fs::create_dir_all("/c/state").map_err(Error::io("making the container's state folder"))?;
        let mut container = ContainerBuilder::new("kilnbox".to_owned(), SyscallType::default())
            .with_root_path("/c/state")
            .map_err(refused)?
            .with_executor(Agent {
                listener: listener.as_raw_fd(),
            })
            .as_init(bundle)
            .with_systemd(false)
            .with_detach(true)
            .build()
            .map_err(refused)?;
        container.start().map_err(refused)?;
        Ok(Self {
            container: Some(container),
        })
    }

    /// Kills process 1, and the kernel all others with it, and waits until they are gone.
    fn stop(&mut self) -> Result<(), Error> {
        let Some(pid) = self.container.take().and_then(|container| container.pid()) else {
            return Ok(());
        };
        let pid = Pid::from_raw(pid.as_raw());
        let stopping = "stopping the container";
        match kill(pid, Signal::SIGKILL) {
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(error) => return Err(Error::io(stopping)(error.into())),
        }
        // A process namespace's first process is gone only after all others are.
        match waitpid(pid, None) {
            Ok(_) | Err(nix::errno::Errno::ECHILD) => Ok(()),
            Err(error) => Err(Error::io(stopping)(error.into())),
        }
    }
}

/// The whole chain of causes: the library's own text names only the outermost.
fn refused(error: libcontainer::error::LibcontainerError) -> Error {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    Error::Container(text)
}
