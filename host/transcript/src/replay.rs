//! The communicator that plays a transcript.
//!
//! What the step does must come in the transcript's order. The first departure is kept for [`Replay::verdict`], and is
//! also the answer that the step gets: a step that swallows it is found out all the same.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cap_std::fs::Dir;
use kilnbox_engine::{
    Command, Communicator, CommunicatorError, Connection, Exit, InstanceFacts, Output, Process, Progress,
    Upload, limits::OUTPUT_CHUNK,
};
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::{
    Act, Content, Departure, Expectation, LARGEST, Transcript, tree,
    verdict::{difference, lines},
};

/// Plays a transcript once. Clones share how far it is.
#[derive(Clone, Debug)]
pub struct Replay {
    facts: InstanceFacts,
    stage: Arc<Mutex<Stage>>,
}

#[derive(Debug)]
struct Stage {
    to_come: VecDeque<Expectation>,
    departure: Option<Departure>,
}

impl Stage {
    /// Keeps the first departure, and makes an answer of this one.
    fn depart(&mut self, departure: Departure) -> CommunicatorError {
        let words = format!("not in the transcript: {departure}");
        self.departure.get_or_insert(departure);
        CommunicatorError::Connection(words)
    }
}

impl Replay {
    /// From the beginning.
    pub fn new(transcript: Transcript) -> Self {
        let known = |name: String, names: &[&'static str]| {
            let found = names.iter().find(|known| **known == name);
            found.copied().unwrap_or("other")
        };
        let instance = transcript.instance;
        Self {
            facts: InstanceFacts {
                communicator: known(instance.communicator, &["ssh", "container", "winrm", "none"]),
                os_family: known(instance.os_family, &["unix", "windows"]),
                shell_family: known(instance.shell_family, &["posix", "powershell"]),
                arch: instance.arch,
                user: instance.user,
            },
            stage: Arc::new(Mutex::new(Stage {
                to_come: transcript.expect.into(),
                departure: None,
            })),
        }
    }

    /// Whether the step did all that was expected and nothing else. Asked when it has ended.
    pub fn verdict(&self) -> Result<(), Departure> {
        self.on_stage(|stage| {
            if let Some(departure) = stage.departure.clone() {
                return Err(departure);
            }
            match stage.to_come.front() {
                None => Ok(()),
                Some(next) => Err(Departure::new(
                    Some(next.at.clone()),
                    format!("the step ended, and {} did not come", next.act),
                )),
            }
        })
    }

    fn on_stage<T>(&self, look: impl FnOnce(&mut Stage) -> T) -> T {
        look(&mut self.stage.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what is to come next if `fits` says that it is `came`; `fits` gives the difference where only details
    /// are wrong.
    fn next(
        &self,
        came: &str,
        fits: impl FnOnce(&Act) -> Result<(), Option<String>>,
    ) -> Result<Expectation, CommunicatorError> {
        self.on_stage(|stage| {
            let Some(next) = stage.to_come.pop_front() else {
                let departure = Departure::new(None, format!("{came} came after the end"));
                return Err(
                    stage.depart(departure.hint("add an `[[expect]]` for it, or leave it out of the step"))
                );
            };
            let at = Some(next.at.clone());
            let departure = match fits(&next.act) {
                Ok(()) => return Ok(next),
                Err(None) => Departure::new(at, format!("{came} came instead of {}", next.act)),
                Err(Some(difference)) => Departure::new(at, format!("{came} is different")).hint(difference),
            };
            stage.to_come.push_front(next);
            Err(stage.depart(departure))
        })
    }
}

/// The refusal that a transcript asks for.
fn refused(path: &str, error: Option<String>) -> Result<(), CommunicatorError> {
    match error {
        None => Ok(()),
        Some(reason) => Err(CommunicatorError::Remote {
            path: path.to_owned(),
            reason,
        }),
    }
}

fn local(path: &str) -> impl FnOnce(std::io::Error) -> CommunicatorError {
    let path = path.into();
    move |source| CommunicatorError::Local { path, source }
}

/// A wrong value beside the right one.
fn wrong<T: std::fmt::Display>(what: &str, expected: T, came: T) -> Result<(), Option<String>> {
    Err(Some(format!("{what}: expected {expected}, and it is {came}")))
}

fn command_fits(act: &Act, command: &Command) -> Result<(), Option<String>> {
    let Act::Command {
        line, env, run_as, ..
    } = act
    else {
        return Err(None);
    };
    if !line.fits(&command.line) {
        return Err(match line {
            crate::Subject::Is(wanted) => Some(lines(&format!("{wanted}\n"), &format!("{}\n", command.line))),
            crate::Subject::Matches(pattern) => Some(format!("it must match `{pattern}`")),
        });
    }
    if let Some(env) = env {
        let mut came = command.env.clone();
        came.sort();
        let shown = |pairs: &[(String, String)]| {
            let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}\n"));
            pairs.collect::<String>()
        };
        let wanted: Vec<(String, String)> = env.clone().into_iter().collect();
        if wanted != came {
            return Err(Some(format!("env:\n{}", lines(&shown(&wanted), &shown(&came)))));
        }
    }
    if *run_as != command.run_as {
        let shown = |account: &Option<String>| account.clone().unwrap_or_else(|| "nobody else".to_owned());
        return wrong("run-as", shown(run_as), shown(&command.run_as));
    }
    Ok(())
}

#[async_trait]
impl Communicator for Replay {
    fn facts(&self) -> &InstanceFacts {
        &self.facts
    }

    fn connection(&self) -> Option<Connection> {
        None
    }

    async fn start(&self, command: Command) -> Result<Box<dyn Process>, CommunicatorError> {
        let came = format!("the command `{}`", command.line);
        let next = self.next(&came, |act| command_fits(act, &command))?;
        refused(&command.line, next.error)?;
        let Act::Command { stdin, answer, .. } = next.act else {
            return Err(CommunicatorError::Connection(
                "the transcript has moved on".to_owned(),
            ));
        };
        let mut output = VecDeque::new();
        for (content, stream) in [
            (answer.stdout, Output::Stdout as fn(Bytes) -> Output),
            (answer.stderr, Output::Stderr),
        ] {
            if let Content::Bytes(mut bytes) = content {
                while !bytes.is_empty() {
                    let chunk = bytes.split_to(bytes.len().min(OUTPUT_CHUNK));
                    output.push_back(stream(chunk));
                }
            }
        }
        Ok(Box::new(Played {
            replay: self.clone(),
            came,
            expected: stdin.map(|stdin| (stdin, next.at)),
            stdin: Vec::new(),
            output,
            exit: answer.exit,
        }))
    }

    async fn upload(
        &self,
        to: &str,
        upload: Upload<'_>,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let mut came = Vec::new();
        let read = upload.content.take(LARGEST).read_to_end(&mut came).await;
        read.map_err(local(to))?;
        let size = came.len() as u64;
        let next = self.next(&format!("an upload of `{to}`"), |act| {
            let Act::Upload { path, mode, content } = act else {
                return Err(None);
            };
            if !path.fits(to) {
                return Err(None);
            }
            match mode {
                Some(wanted) if Some(*wanted) != upload.mode => {
                    let shown =
                        |mode: Option<u32>| mode.map_or("not set".to_owned(), |mode| format!("0o{mode:o}"));
                    return wrong("mode", shown(Some(*wanted)), shown(upload.mode));
                }
                _ => {}
            }
            match content {
                Some(content) if !content.is(&came) => Err(Some(difference(content, &came))),
                _ => Ok(()),
            }
        })?;
        refused(to, next.error)?;
        progress.moved(size, Some(size));
        Ok(size)
    }

    async fn upload_tree(
        &self,
        to: &str,
        from: &Dir,
        name: &str,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let came = tree::read(from).map_err(local(name))?;
        let next = self.next(&format!("an upload of the folder `{to}`"), |act| {
            let Act::UploadTree { path, files } = act else {
                return Err(None);
            };
            if !path.fits(to) {
                return Err(None);
            }
            let Some(files) = files else { return Ok(()) };
            let names = |names: Vec<&String>| {
                names
                    .into_iter()
                    .map(|name| format!("{name}\n"))
                    .collect::<String>()
            };
            if !files.keys().eq(came.keys()) {
                return Err(Some(lines(
                    &names(files.keys().collect()),
                    &names(came.keys().collect()),
                )));
            }
            for ((name, wanted), bytes) in files.iter().zip(came.values()) {
                if !wanted.is(bytes) {
                    return Err(Some(format!("{name}:\n{}", difference(wanted, bytes))));
                }
            }
            Ok(())
        })?;
        refused(to, next.error)?;
        let size = came.values().map(|bytes| bytes.len() as u64).sum();
        progress.moved(size, Some(size));
        Ok(size)
    }

    async fn download(
        &self,
        from: &str,
        to: &mut (dyn AsyncWrite + Send + Unpin),
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let next = self.next(&format!("a download of `{from}`"), |act| match act {
            Act::Download { path, .. } if path.fits(from) => Ok(()),
            _ => Err(None),
        })?;
        refused(from, next.error)?;
        let Act::Download {
            content: Content::Bytes(bytes),
            ..
        } = next.act
        else {
            return Err(CommunicatorError::Connection(
                "the transcript has moved on".to_owned(),
            ));
        };
        to.write_all(&bytes).await.map_err(local(from))?;
        let size = bytes.len() as u64;
        progress.moved(size, Some(size));
        Ok(size)
    }

    async fn download_tree(
        &self,
        from: &str,
        to: &Dir,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let next = self.next(&format!("a download of the folder `{from}`"), |act| match act {
            Act::DownloadTree { path, .. } if path.fits(from) => Ok(()),
            _ => Err(None),
        })?;
        refused(from, next.error)?;
        let Act::DownloadTree { files, .. } = next.act else {
            return Err(CommunicatorError::Connection(
                "the transcript has moved on".to_owned(),
            ));
        };
        let size = tree::write(to, &files).map_err(local(from))?;
        progress.moved(size, Some(size));
        Ok(size)
    }

    async fn remove(&self, path: &str) -> Result<(), CommunicatorError> {
        // The host tidies up after a step that went astray too; that is no news.
        if self.on_stage(|stage| stage.departure.is_some()) {
            return Ok(());
        }
        let next = self.next(&format!("the removal of `{path}`"), |act| match act {
            Act::Remove { path: wanted } if wanted.fits(path) => Ok(()),
            _ => Err(None),
        })?;
        refused(path, next.error)
    }

    async fn reconnect(&self, _: Duration) -> Result<(), CommunicatorError> {
        let next = self.next("a wait for the instance to come back", |act| match act {
            Act::Reconnect => Ok(()),
            _ => Err(None),
        })?;
        match next.error {
            None => Ok(()),
            Some(reason) => Err(CommunicatorError::Connection(reason)),
        }
    }

    async fn close(&self) {}
}

/// A command whose answer is known.
struct Played {
    replay: Replay,
    came: String,
    /// What must be on standard input when it ends, and where that is said.
    expected: Option<(Content, crate::Place)>,
    stdin: Vec<u8>,
    output: VecDeque<Output>,
    exit: Exit,
}

#[async_trait]
impl Process for Played {
    async fn next(&mut self) -> Result<Output, CommunicatorError> {
        if let Some(output) = self.output.pop_front() {
            return Ok(output);
        }
        if let Some((expected, at)) = self.expected.take()
            && !expected.is(&self.stdin)
        {
            let message = format!("the standard input of {} is different", self.came);
            let departure = Departure::new(Some(at), message).hint(difference(&expected, &self.stdin));
            return Err(self.replay.on_stage(|stage| stage.depart(departure)));
        }
        Ok(Output::Exited(self.exit.clone()))
    }

    async fn write_stdin(&mut self, bytes: Bytes) -> Result<usize, CommunicatorError> {
        let room = usize::try_from(LARGEST)
            .unwrap_or(usize::MAX)
            .saturating_sub(self.stdin.len());
        if room < bytes.len() {
            return Err(CommunicatorError::Connection(
                "more standard input than a transcript can hold".to_owned(),
            ));
        }
        self.stdin.extend_from_slice(&bytes);
        Ok(bytes.len())
    }

    async fn close_stdin(&mut self) -> Result<(), CommunicatorError> {
        Ok(())
    }

    async fn signal(&mut self, name: &str) -> Result<(), CommunicatorError> {
        self.output.clear();
        self.exit = Exit::Signal(name.to_owned());
        Ok(())
    }
}
