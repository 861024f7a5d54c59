//! `exec`: commands on the instance.

use std::time::Duration;

use bytes::Bytes;
use kilnbox_engine::{Command, CommunicatorError, Deed, Exit, Output, Process, event};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::Resource;

use super::{
    assets::Asset,
    output_forwarding::{Capture, Sink},
    stdin::{Feed, Stdin},
    types::Instance,
};
use crate::{
    bindings::kilnbox::plugin::{
        exec::{Event, Host, HostCommand, HostOutcome, HostProcess},
        types,
    },
    failure::Failure,
    limits::Reached,
    memory::Charge,
    record::{self, Doing, Hash},
    store::State,
};

/// A command being put together.
#[derive(Debug)]
pub struct CommandDraft {
    command: Command,
    stdin: Stdin,
    timeout: Option<Duration>,
    output: Keep,
    /// What the host holds of it.
    held: Charge,
}

impl CommandDraft {
    /// A command line with a NUL would be cut there, or end the connection: sshd takes it for an attack.
    fn check(&self) -> Result<(), Failure> {
        match self.command.line.contains('\0') {
            true => Err(Failure::invalid("the command line holds a NUL character")),
            false => Ok(()),
        }
    }
}

/// What becomes of output.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keep {
    Forward,
    Discard,
    Capture(usize),
}

/// How a command or program ended, and its captured output.
#[derive(Debug)]
pub struct Outcome {
    pub(crate) exit: types::Exit,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) truncated: bool,
    /// The memory of the output.
    pub(crate) _held: Option<Charge>,
}

impl Outcome {
    pub(crate) fn new(exit: types::Exit, captured: Option<Capture>) -> Self {
        match captured {
            None => Self {
                exit,
                stdout: Vec::new(),
                stderr: Vec::new(),
                truncated: false,
                _held: None,
            },
            Some(captured) => Self {
                exit,
                stdout: captured.stdout,
                stderr: captured.stderr,
                truncated: captured.truncated,
                _held: Some(captured.held),
            },
        }
    }
}

/// A command the guest follows by itself. Dropping it ends the command.
pub struct Running {
    process: Box<dyn Process>,
    /// Given back when the guest lets go of it.
    _counted: OwnedSemaphorePermit,
    deadline: Option<(tokio::time::Instant, Duration)>,
    /// Until its end is known.
    doing: Option<Doing>,
    /// Of what it was given.
    hash: Option<Hash>,
}

impl Running {
    fn left(&self) -> Option<Duration> {
        self.deadline
            .map(|(at, _)| at.saturating_duration_since(tokio::time::Instant::now()))
    }

    /// A deadline is told as it was set, not as what was left of it.
    fn late(&self, failure: Failure) -> Failure {
        match (&failure, self.deadline) {
            (Failure::Guest(error), Some((_, limit))) if error.code == types::ErrorCode::Timeout => {
                Failure::timeout(limit)
            }
            _ => failure,
        }
    }
}

impl From<Exit> for types::Exit {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Code(code) => Self::Code(code),
            Exit::Signal(name) => Self::Signal(name),
            Exit::Lost => Self::Lost,
        }
    }
}

/// Whether a name may stand for a variable of the environment.
pub(crate) fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Follows a command to its end. Output is taken between pieces of input; while a piece is on its way, the
/// communicator keeps what comes ([`Process::write_stdin`]), so a write is never given up half-way.
async fn follow(process: &mut dyn Process, feed: &mut Feed, sink: &mut Sink) -> Result<Exit, Failure> {
    loop {
        let next = match feed.piece().await? {
            None => {
                if !feed.is_done() {
                    feed.end();
                    closed(process.close_stdin().await);
                }
                Some(process.next().await?)
            }
            Some(piece) => {
                match process.write_stdin(piece).await {
                    Ok(taken) => feed.advance(taken),
                    // A command need not read its input to the end; what else it may be, `next` will say.
                    Err(error) => {
                        tracing::debug!("input not taken to its end: {error}");
                        feed.end();
                    }
                }
                // `next` may be dropped and called again.
                tokio::time::timeout(Duration::ZERO, process.next())
                    .await
                    .ok()
                    .transpose()?
            }
        };
        match next {
            None => {}
            Some(Output::Stdout(bytes)) => sink.stdout(&bytes)?,
            Some(Output::Stderr(bytes)) => sink.stderr(&bytes)?,
            Some(Output::Exited(exit)) => return Ok(exit),
        }
    }
}

/// Closing the input of a command that has ended is no error; what else it may be, `next` will say.
fn closed(result: Result<(), CommunicatorError>) {
    if let Err(error) = result {
        tracing::debug!("input not closed: {error}");
    }
}

/// A command as a record tells it.
fn told(command: &Command, from: Option<String>) -> Deed {
    Deed::Command(event::Command {
        line: command.line.clone(),
        run_as: command.run_as.clone(),
        pty: command.pty,
        env: command.env.iter().map(|(name, _)| name.clone()).collect(),
        stdin: command.stdin.then(|| event::Input {
            from,
            ..event::Input::default()
        }),
        end: event::End::default(),
    })
}

/// What is known of it at its end.
fn finished(deed: &mut Deed, exit: Option<&types::Exit>, hash: Option<Hash>) {
    let Deed::Command(command) = deed else { return };
    command.end = exit.map(record::end).unwrap_or_default();
    if let (Some(stdin), Some(hash)) = (&mut command.stdin, hash) {
        stdin.content = hash.content();
    }
}

impl State {
    /// A sink for what a command or program writes.
    pub(crate) fn sink(&self, keep: Keep, speaker: kilnbox_engine::Speaker) -> Result<Sink, Failure> {
        Ok(match keep {
            Keep::Discard => Sink::Discard,
            Keep::Capture(limit) => Sink::Capture(Capture::new(limit, self.memory.charge(0)?)),
            Keep::Forward => Sink::forward(self.running()?.job.events.speaker(speaker)),
        })
    }
}

impl Host for State {}

impl HostCommand for State {
    async fn new(&mut self, line: String) -> wasmtime::Result<Resource<CommandDraft>> {
        let held = self.hold(line.len())?;
        let draft = CommandDraft {
            command: Command::line(line),
            stdin: Stdin::None,
            timeout: None,
            output: Keep::Forward,
            held,
        };
        Ok(self.table.push(draft)?)
    }

    async fn env(
        &mut self,
        this: Resource<CommandDraft>,
        name: String,
        value: String,
    ) -> Result<(), Failure> {
        if !is_variable(&name) {
            return Err(Failure::invalid(format!(
                "`{name}` is not the name of a variable"
            )));
        }
        if value.contains('\0') {
            return Err(Failure::invalid(format!(
                "the value of `{name}` holds a NUL character"
            )));
        }
        let draft = self.table.get_mut(&this)?;
        draft.held.grow(name.len() + value.len())?;
        draft.command.env.push((name, value));
        Ok(())
    }

    async fn stdin(&mut self, this: Resource<CommandDraft>, bytes: Vec<u8>) -> wasmtime::Result<()> {
        let draft = self.table.get_mut(&this)?;
        draft.held.grow(bytes.len()).map_err(wasmtime::Error::new)?;
        draft.stdin = Stdin::Bytes(bytes.into());
        Ok(())
    }

    async fn stdin_asset(
        &mut self,
        this: Resource<CommandDraft>,
        asset: Resource<Asset>,
    ) -> wasmtime::Result<()> {
        let asset = self.table.get(&asset)?.clone();
        self.table.get_mut(&this)?.stdin = Stdin::Asset(asset);
        Ok(())
    }

    async fn stdin_open(&mut self, this: Resource<CommandDraft>) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.stdin = Stdin::Open;
        Ok(())
    }

    async fn pty(&mut self, this: Resource<CommandDraft>, wanted: bool) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.command.pty = wanted;
        Ok(())
    }

    async fn run_as(&mut self, this: Resource<CommandDraft>, user: String) -> wasmtime::Result<()> {
        let draft = self.table.get_mut(&this)?;
        draft.held.grow(user.len()).map_err(wasmtime::Error::new)?;
        draft.command.run_as = Some(user);
        Ok(())
    }

    async fn timeout(&mut self, this: Resource<CommandDraft>, milliseconds: u64) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.timeout = Some(Duration::from_millis(milliseconds));
        Ok(())
    }

    async fn forward(&mut self, this: Resource<CommandDraft>) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.output = Keep::Forward;
        Ok(())
    }

    async fn discard(&mut self, this: Resource<CommandDraft>) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.output = Keep::Discard;
        Ok(())
    }

    async fn capture(&mut self, this: Resource<CommandDraft>, limit: u32) -> wasmtime::Result<()> {
        let limit = usize::try_from(limit)
            .unwrap_or(usize::MAX)
            .min(self.limits.capture);
        self.table.get_mut(&this)?.output = Keep::Capture(limit);
        Ok(())
    }

    async fn run(
        &mut self,
        this: Resource<CommandDraft>,
        instance: Resource<Instance>,
    ) -> Result<Resource<Outcome>, Failure> {
        let on = self.instance(&instance)?;
        let draft = self.table.get(&this)?;
        draft.check()?;
        if matches!(draft.stdin, Stdin::Open) {
            return Err(Failure::invalid("`stdin-open` is only for `spawn`"));
        }
        let (stdin, timeout, keep) = (draft.stdin.clone(), draft.timeout, draft.output);
        let command = Command {
            stdin: !matches!(stdin, Stdin::None),
            ..draft.command.clone()
        };
        let mut sink = self.sink(keep, kilnbox_engine::Speaker::Remote)?;
        let patience = self.patience.clone();
        let recorder = self.recorder()?;
        let from = stdin.from();
        let mut feed = stdin.feed(&patience, recorder.hash()).await?;
        let doing = recorder.begin(|| told(&command, from));
        let whole = async {
            let mut process = on.start(command).await?;
            follow(&mut *process, &mut feed, &mut sink).await
        };
        let ended = patience
            .wait_at_most(timeout, whole)
            .await
            .and_then(|ended| Ok(types::Exit::from(ended?)));
        doing.over(&ended, |deed| finished(deed, ended.as_ref().ok(), feed.hash));
        let captured = sink.close();
        Ok(self.table.push(Outcome::new(ended?, captured))?)
    }

    async fn spawn(
        &mut self,
        this: Resource<CommandDraft>,
        instance: Resource<Instance>,
    ) -> Result<Resource<Running>, Failure> {
        let on = self.instance(&instance)?;
        let draft = self.table.get(&this)?;
        draft.check()?;
        let (stdin, timeout) = (draft.stdin.clone(), draft.timeout);
        let command = Command {
            stdin: !matches!(stdin, Stdin::None),
            ..draft.command.clone()
        };
        let patience = self.patience.clone();
        let recorder = self.recorder()?;
        let from = stdin.from();
        let mut feed = stdin.feed(&patience, recorder.hash()).await?;
        let counted = self.processes.clone().try_acquire_owned().map_err(|_| {
            let most = self.limits.processes;
            Reached::new(
                "processes",
                format!("may follow {most} commands at the same time"),
            )
        })?;
        let doing = recorder.begin(|| told(&command, from));
        let started = async {
            let mut process = on.start(command).await?;
            if !feed.is_done() {
                while let Some(piece) = feed.piece().await? {
                    feed.advance(process.write_stdin(piece).await?);
                }
                closed(process.close_stdin().await);
            }
            Ok::<_, Failure>(process)
        };
        let process = patience
            .wait_at_most(timeout, started)
            .await
            .and_then(|started| started);
        let (process, doing) = match process {
            Ok(process) => (process, Some(doing)),
            failed => {
                doing.over(&failed, |deed| finished(deed, None, feed.hash));
                return Err(failed.err().unwrap_or_else(Failure::cancelled));
            }
        };
        let deadline =
            timeout.and_then(|limit| Some((tokio::time::Instant::now().checked_add(limit)?, limit)));
        Ok(self.table.push(Running {
            process,
            _counted: counted,
            deadline,
            doing,
            hash: feed.hash,
        })?)
    }

    async fn drop(&mut self, this: Resource<CommandDraft>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl State {
    /// Books memory that the host holds for the guest.
    pub(crate) fn hold(&self, bytes: usize) -> wasmtime::Result<Charge> {
        self.memory.charge(bytes).map_err(wasmtime::Error::new)
    }
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

impl HostProcess for State {
    async fn next(&mut self, this: Resource<Running>) -> Result<Event, Failure> {
        let patience = self.patience.clone();
        let running = self.table.get_mut(&this)?;
        let output = match patience
            .wait_at_most(running.left(), running.process.next())
            .await
        {
            Ok(output) => output?,
            Err(failure) => return Err(running.late(failure)),
        };
        Ok(match output {
            Output::Stdout(bytes) => Event::Stdout(bytes.into()),
            Output::Stderr(bytes) => Event::Stderr(bytes.into()),
            Output::Exited(exit) => {
                let exit = types::Exit::from(exit);
                // Asked again, it is told no second time.
                if let Some(doing) = running.doing.take() {
                    let hash = running.hash.take();
                    doing.over(&Ok(()), |deed| finished(deed, Some(&exit), hash));
                }
                Event::Exited(exit)
            }
        })
    }

    async fn write_stdin(&mut self, this: Resource<Running>, bytes: Vec<u8>) -> Result<u64, Failure> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let patience = self.patience.clone();
        let bytes = Bytes::from(bytes);
        let running = self.table.get_mut(&this)?;
        match patience
            .wait_at_most(running.left(), running.process.write_stdin(bytes.clone()))
            .await
        {
            Ok(taken) => {
                let taken = taken?;
                if let Some(hash) = &mut running.hash {
                    hash.update(bytes.get(..taken).unwrap_or_default());
                }
                Ok(taken as u64)
            }
            Err(failure) => Err(running.late(failure)),
        }
    }

    async fn close_stdin(&mut self, this: Resource<Running>) -> Result<(), Failure> {
        let patience = self.patience.clone();
        let running = self.table.get_mut(&this)?;
        closed(
            patience
                .wait_at_most(running.left(), running.process.close_stdin())
                .await?,
        );
        Ok(())
    }

    async fn signal(&mut self, this: Resource<Running>, name: String) -> Result<(), Failure> {
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        {
            return Err(Failure::invalid(format!("`{name}` is not the name of a signal")));
        }
        let patience = self.patience.clone();
        let running = self.table.get_mut(&this)?;
        Ok(patience
            .wait_at_most(running.left(), running.process.signal(&name))
            .await??)
    }

    async fn drop(&mut self, this: Resource<Running>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
