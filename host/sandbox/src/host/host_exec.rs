//! `host-exec`: programs on the host, with the user's rights. Only if granted.
//!
//! A program runs in a process group of its own, in the working directory and with the user's environment and the
//! run's id, as Packer's `shell-local` does. When it is cancelled or late, the group gets a moment to end and is then killed.

use std::{io::Write as _, process::Stdio, time::Duration};

use kilnbox_engine::{Deed, Job, Speaker, event};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
};
use wasmtime::component::Resource;

use super::{
    assets::Asset,
    exec::{Keep, Outcome, is_variable},
    output_forwarding::Sink,
};
use crate::{
    bindings::kilnbox::plugin::{
        host_exec::{Host, HostOutcome, HostProgram, HostScript},
        types::{self, ErrorCode},
    },
    failure::Failure,
    memory::Charge,
    record,
    store::State,
};

/// The variable in which Packer tells its programs the run's id.
const RUN_ID: &str = "PACKER_RUN_UUID";
/// What names of scripts begin with.
const SCRIPT: &str = "kilnbox-";
/// Time a group has after it was asked to end; within a cancelled step's grace.
const MOMENT: Duration = Duration::from_millis(500);
/// Time for output that is still in the pipes after a program ended; something it left running may hold them open.
const DRAIN: Duration = Duration::from_secs(2);
/// A script just written may be held open for writing by a program that starts at the same time.
const BUSY_TRIES: u32 = 20;
const BUSY_EACH: Duration = Duration::from_millis(10);

/// A program and its arguments.
#[derive(Debug)]
pub struct Program {
    path: String,
    arguments: Vec<String>,
    env: Vec<(String, String)>,
    timeout: Option<Duration>,
    output: Keep,
    held: Charge,
}

/// A file of the host that only the user may read and run; removed when dropped.
#[derive(Debug)]
pub struct Script {
    path: tempfile::TempPath,
}

/// Kills what still runs when the call that started it is dropped.
struct Group {
    leader: Option<Pid>,
}

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // A group that is gone already needs no signal.
            let _ = kill_process_group(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

impl Host for State {
    async fn os(&mut self) -> wasmtime::Result<String> {
        Ok(match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        }
        .to_owned())
    }

    async fn asset_path(&mut self, asset: Resource<Asset>) -> wasmtime::Result<String> {
        Ok(self.table.get(&asset)?.resolved.to_string_lossy().into_owned())
    }
}

impl HostProgram for State {
    async fn new(&mut self, path: String, arguments: Vec<String>) -> wasmtime::Result<Resource<Program>> {
        let held = self.hold(path.len() + arguments.iter().map(String::len).sum::<usize>())?;
        let program = Program {
            path,
            arguments,
            env: Vec::new(),
            timeout: None,
            output: Keep::Forward,
            held,
        };
        Ok(self.table.push(program)?)
    }

    async fn env(&mut self, this: Resource<Program>, name: String, value: String) -> Result<(), Failure> {
        if !is_variable(&name) || value.contains('\0') {
            return Err(Failure::invalid(format!("`{name}` cannot be set")));
        }
        let program = self.table.get_mut(&this)?;
        program.held.grow(name.len() + value.len())?;
        program.env.push((name, value));
        Ok(())
    }

    async fn timeout(&mut self, this: Resource<Program>, milliseconds: u64) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.timeout = Some(Duration::from_millis(milliseconds));
        Ok(())
    }

    async fn discard(&mut self, this: Resource<Program>) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.output = Keep::Discard;
        Ok(())
    }

    async fn capture(&mut self, this: Resource<Program>, limit: u32) -> wasmtime::Result<()> {
        let limit = usize::try_from(limit)
            .unwrap_or(usize::MAX)
            .min(self.limits.capture);
        self.table.get_mut(&this)?.output = Keep::Capture(limit);
        Ok(())
    }

    async fn run(&mut self, this: Resource<Program>) -> Result<Resource<Outcome>, Failure> {
        let program = self.table.get(&this)?;
        let job = &self.running()?.job;
        let mut command = Command::new(&program.path);
        command
            .args(&program.arguments)
            .env(RUN_ID, &job.run_id)
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&job.working_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let (timeout, path) = (program.timeout, program.path.clone());
        let doing = self.recorder()?.begin(|| told(program, job));
        let mut sink = self.sink(program.output, Speaker::Guest)?;
        let patience = self.patience.clone();
        let started = patience
            .wait(start(&mut command))
            .await
            .and_then(|started| started.map_err(|error| Failure::local(&path, &error)));
        let mut child = match started {
            Ok(child) => child,
            failed => {
                doing.over(&failed, |_| {});
                return Err(failed.err().unwrap_or_else(Failure::cancelled));
            }
        };
        let mut group = Group {
            leader: child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)),
        };
        let ended = patience
            .wait_at_most(timeout, follow(&mut child, &mut sink))
            .await
            .and_then(|ended| ended);
        if ended.is_err() {
            group.signal(Signal::TERM);
            // Killed by the guard when it does not end in time.
            let _ = tokio::time::timeout(MOMENT, child.wait()).await;
        } else {
            // What a program leaves running on purpose lives on, as it would without Kilnbox.
            group.leader = None;
        }
        let captured = sink.close();
        doing.over(&ended, |deed| {
            if let (Deed::Program(program), Ok(exit)) = (deed, &ended) {
                program.end = record::end(exit);
            }
        });
        Ok(self.table.push(Outcome::new(ended?, captured))?)
    }

    async fn drop(&mut self, this: Resource<Program>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

/// A program as a record tells it: what the user wrote in place of where that is, and of a script its name alone.
fn told(program: &Program, job: &Job) -> Deed {
    let scripts = format!("{}/{SCRIPT}", std::env::temp_dir().display());
    let shown = |text: &String| {
        let text = text.replace(&scripts, SCRIPT);
        job.paths
            .iter()
            .fold(text, |text, path| match path.resolved.to_str() {
                Some(resolved) if path.resolved.is_absolute() => text.replace(resolved, &path.written),
                _ => text,
            })
    };
    Deed::Program(event::Program {
        program: shown(&program.path),
        arguments: program.arguments.iter().map(shown).collect(),
        env: program.env.iter().map(|(name, _)| name.clone()).collect(),
        end: event::End::default(),
    })
}

async fn start(command: &mut Command) -> std::io::Result<Child> {
    for _ in 0..BUSY_TRIES {
        match command.spawn() {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                tokio::time::sleep(BUSY_EACH).await;
            }
            child => return child,
        }
    }
    command.spawn()
}

/// Reads both pipes until the program ended and they are empty.
async fn follow(child: &mut Child, sink: &mut Sink) -> Result<types::Exit, Failure> {
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let mut buffers = (
        vec![0; kilnbox_engine::limits::OUTPUT_CHUNK],
        vec![0; kilnbox_engine::limits::OUTPUT_CHUNK],
    );
    let mut status = None;
    let lost =
        |error: std::io::Error| Failure::new(ErrorCode::Other, format!("running the program: {error}"));
    let drained = tokio::time::sleep(Duration::MAX);
    tokio::pin!(drained);
    while status.is_none() || stdout.is_some() || stderr.is_some() {
        tokio::select! {
            biased;
            bytes = read(&mut stdout, &mut buffers.0), if stdout.is_some() => match bytes.map_err(lost)? {
                [] => stdout = None,
                bytes => sink.stdout(bytes)?,
            },
            bytes = read(&mut stderr, &mut buffers.1), if stderr.is_some() => match bytes.map_err(lost)? {
                [] => stderr = None,
                bytes => sink.stderr(bytes)?,
            },
            ended = child.wait(), if status.is_none() => {
                status = Some(ended.map_err(lost)?);
                drained.as_mut().reset(tokio::time::Instant::now() + DRAIN);
            }
            () = &mut drained, if status.is_some() => break,
        }
    }
    let status = match status {
        Some(status) => status,
        None => child.wait().await.map_err(lost)?,
    };
    Ok(exit(status))
}

async fn read<'b>(
    pipe: &mut Option<impl AsyncRead + Unpin>,
    buffer: &'b mut [u8],
) -> std::io::Result<&'b [u8]> {
    let count = match pipe {
        Some(pipe) => pipe.read(buffer).await?,
        None => 0,
    };
    Ok(buffer.get(..count).unwrap_or_default())
}

fn exit(status: std::process::ExitStatus) -> types::Exit {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => types::Exit::Code(code.unsigned_abs()),
        (None, Some(signal)) => types::Exit::Signal(signal_name(signal)),
        (None, None) => types::Exit::Lost,
    }
}

fn signal_name(number: i32) -> String {
    let name = match Signal::from_named_raw(number) {
        Some(Signal::HUP) => "HUP",
        Some(Signal::INT) => "INT",
        Some(Signal::QUIT) => "QUIT",
        Some(Signal::ILL) => "ILL",
        Some(Signal::ABORT) => "ABRT",
        Some(Signal::FPE) => "FPE",
        Some(Signal::KILL) => "KILL",
        Some(Signal::SEGV) => "SEGV",
        Some(Signal::PIPE) => "PIPE",
        Some(Signal::ALARM) => "ALRM",
        Some(Signal::TERM) => "TERM",
        Some(Signal::USR1) => "USR1",
        Some(Signal::USR2) => "USR2",
        _ => return number.to_string(),
    };
    name.to_owned()
}

impl HostOutcome for State {
    async fn exit(&mut self, this: Resource<Outcome>) -> wasmtime::Result<types::Exit> {
        Ok(self.table.get(&this)?.exit.clone())
    }

    async fn stdout(&mut self, this: Resource<Outcome>) -> wasmtime::Result<Vec<u8>> {
        Ok(self.table.get(&this)?.stdout.clone())
    }

    async fn stderr(&mut self, this: Resource<Outcome>) -> wasmtime::Result<Vec<u8>> {
        Ok(self.table.get(&this)?.stderr.clone())
    }

    async fn truncated(&mut self, this: Resource<Outcome>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.truncated)
    }

    async fn drop(&mut self, this: Resource<Outcome>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostScript for State {
    async fn create(&mut self, content: Vec<u8>, extension: String) -> Result<Resource<Script>, Failure> {
        let recorder = self.recorder()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if extension.len() > 16 || !extension.chars().all(plain) {
            return Err(Failure::invalid(format!(
                "`{extension}` is not the extension of a file"
            )));
        }
        let digested = recorder.content(&content);
        let create = move || -> std::io::Result<tempfile::TempPath> {
            use std::os::unix::fs::PermissionsExt as _;
            let mut file = tempfile::Builder::new()
                .prefix(SCRIPT)
                .suffix(&extension)
                .permissions(std::fs::Permissions::from_mode(0o700))
                .tempfile()?;
            file.write_all(&content)?;
            Ok(file.into_temp_path())
        };
        let path = self.patience.block(create).await?;
        let path =
            path.map_err(|error| Failure::new(ErrorCode::Other, format!("writing the script: {error}")))?;
        recorder.tell(|| Deed::Script {
            content: digested.unwrap_or_default(),
        });
        Ok(self.table.push(Script { path })?)
    }

    async fn path(&mut self, this: Resource<Script>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.path.to_string_lossy().into_owned())
    }

    async fn drop(&mut self, this: Resource<Script>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
