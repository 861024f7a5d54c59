//! Compiles components: Kilnbox's own here, those of strangers in a process of their own.
//!
//! Compiling is no place for a sandbox to trust its input: a component can be written so that it takes hours and all
//! memory. The program that runs steps is also the program that compiles: started with [`COMMAND`] it puts itself under
//! limits, reads a component from standard input and writes code to standard output. What it writes is native code
//! that will be executed, so it is no less trusted than a compiler in this process; what it may use is.

use std::{
    io::{self, Read as _, Write as _},
    path::Path,
    process::{ExitCode, ExitStatus, Stdio},
    time::Duration,
};

use bytes::Bytes;
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use crate::{
    Limits,
    limits::{Reached, Unit},
};

/// First argument of the program that makes it the compiler; memory in bytes and processor time in seconds follow.
pub const COMMAND: &str = "__compile";

/// Largest code that is taken from the compiler, in bytes.
const CODE: u64 = 1 << 30;
/// Longest complaint that is taken from it.
const COMPLAINT: u64 = 64 * 1024;
/// Threads it compiles with, so that what it needs does not depend on the machine.
const THREADS: u32 = 4;
/// The component cannot be compiled; standard error says why.
const INVALID: u8 = 3;

/// The code was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompileError {
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Reached(Reached),
    #[error("the compiler: {0}")]
    System(#[from] io::Error),
    #[error("the compiler ended with {status}: {complaint}")]
    Ended { status: ExitStatus, complaint: String },
}

/// Compiles `component` in a process of its own: `program`, started again.
pub(crate) async fn compile(
    program: &Path,
    component: &Bytes,
    limits: &Limits,
) -> Result<Vec<u8>, CompileError> {
    let seconds = limits.compile_time.as_secs().max(1) * u64::from(THREADS);
    let child = Command::new(program)
        .arg(COMMAND)
        .arg(limits.compile_memory.to_string())
        .arg(seconds.to_string())
        .env_clear()
        .env("RAYON_NUM_THREADS", THREADS.to_string())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    match tokio::time::timeout(limits.compile_time, converse(child, component)).await {
        Ok(Ok((status, code, _))) if status.success() => Ok(code),
        Ok(Ok((status, _, complaint))) => Err(ended(status, complaint, limits)),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(too_long(limits)),
    }
}

/// Hands the component over and takes what comes back.
async fn converse(mut child: Child, component: &Bytes) -> io::Result<(ExitStatus, Vec<u8>, String)> {
    let missing = || io::Error::other("it has no pipes");
    let mut stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    let (mut code, mut complaint) = (Vec::new(), Vec::new());
    let give = async {
        // A compiler that ends before it has read all says why.
        let _ = stdin.write_all(component).await;
        drop(stdin);
        Ok(())
    };
    tokio::try_join!(
        give,
        async { stdout.take(CODE).read_to_end(&mut code).await.map(drop) },
        async { stderr.take(COMPLAINT).read_to_end(&mut complaint).await.map(drop) },
    )?;
    let status = child.wait().await?;
    Ok((
        status,
        code,
        String::from_utf8_lossy(&complaint).trim().to_owned(),
    ))
}

fn ended(status: ExitStatus, complaint: String, limits: &Limits) -> CompileError {
    use std::os::unix::process::ExitStatusExt as _;
    let signal = |signal: Signal| status.signal() == Some(signal.as_raw());
    if status.code() == Some(INVALID.into()) {
        return CompileError::Invalid(complaint);
    }
    // The allocator ends a process that gets no more memory; the kernel, one that cannot have a larger stack.
    if signal(Signal::ABORT) || signal(Signal::SEGV) || signal(Signal::BUS) {
        let most = Unit::Bytes.show(limits.compile_memory);
        let what = format!("may take {most} of memory to compile");
        return CompileError::Reached(Reached::new("compile-memory", what));
    }
    if signal(Signal::XCPU) || signal(Signal::KILL) {
        return too_long(limits);
    }
    CompileError::Ended { status, complaint }
}

fn too_long(limits: &Limits) -> CompileError {
    let most = humantime::format_duration(limits.compile_time);
    let what = format!("may take {most} to compile");
    CompileError::Reached(Reached::new("compile-time", what))
}

/// The whole life of the compiler: the program was started with [`COMMAND`] and these arguments.
pub fn main(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    let mut number = || arguments.next()?.parse::<u64>().ok();
    let (Some(memory), Some(seconds)) = (number(), number()) else {
        return complain("it takes two numbers");
    };
    if let Err(error) = confine(memory, Duration::from_secs(seconds)) {
        return complain(&format!("its limits cannot be set: {error}"));
    }
    let mut component = Vec::new();
    if let Err(error) = io::stdin().lock().read_to_end(&mut component) {
        return complain(&format!("reading the component: {error}"));
    }
    match kilnbox_wasm::compile(&component) {
        Ok(code) => match io::stdout().lock().write_all(&code) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&format!("writing the code: {error}")),
        },
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(INVALID)
        }
    }
}

fn complain(what: &str) -> ExitCode {
    // Whoever started it reads this; if nobody does, there is nobody to tell.
    let _ = writeln!(io::stderr(), "{what}");
    ExitCode::FAILURE
}

fn confine(memory: u64, processor: Duration) -> io::Result<()> {
    // With the one that started it, its work has no purpose.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let at_most = |most| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    // Data rather than address space: what an allocator reserves and does not use costs nothing.
    setrlimit(Resource::Data, at_most(memory))?;
    setrlimit(Resource::Cpu, at_most(processor.as_secs()))?;
    setrlimit(Resource::Core, at_most(0))?;
    setrlimit(Resource::Fsize, at_most(0))?;
    Ok(())
}
