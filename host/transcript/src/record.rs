//! Makes a transcript of a real run.
//!
//! [`Recording`] stands between a step and the communicator of a real instance and writes down what passes. What a step
//! is given must be kept as it is; of what it gives, large content is kept as its digest.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cap_std::fs::Dir;
use kilnbox_engine::{
    Command, Communicator, CommunicatorError, Connection, Exit, InstanceFacts, Output, Process, Progress,
    SharedCommunicator, Upload,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{Act, Answer, Content, Expectation, Instance, Job, LARGEST, Subject, Transcript, tree};

/// Content that a step gives and that is longer is kept as its digest, in bytes.
const SHOWN: usize = 16 * 1024;

/// Gathers what passes. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    tape: Arc<Mutex<Tape>>,
}

#[derive(Debug, Default)]
struct Tape {
    instance: Option<Instance>,
    /// In the order they began; absent while a command still runs or where it came to nothing.
    acts: Vec<Option<(Act, Option<String>)>>,
    /// Bytes that a step was given, in all.
    given: u64,
}

/// More passed than a transcript can hold.
#[derive(Debug, thiserror::Error)]
#[error("the step was given more than the {} MiB that a transcript can hold", LARGEST >> 20)]
pub struct TooLarge;

impl Recorder {
    /// A communicator that does what `on` does, and is written down.
    pub fn listen(&self, on: SharedCommunicator) -> Recording {
        let facts = on.facts();
        let instance = Instance {
            communicator: facts.communicator.to_owned(),
            os_family: facts.os_family.to_owned(),
            shell_family: facts.shell_family.to_owned(),
            arch: facts.arch.clone(),
            user: facts.user.clone(),
        };
        self.on_tape(|tape| tape.instance = Some(instance));
        Recording {
            on,
            recorder: self.clone(),
        }
    }

    /// All that passed.
    pub fn transcript(&self, job: Job) -> Result<Transcript, TooLarge> {
        self.on_tape(|tape| {
            if tape.given > LARGEST {
                return Err(TooLarge);
            }
            let acts = tape.acts.iter().flatten().cloned();
            Ok(Transcript {
                instance: tape.instance.clone().unwrap_or_default(),
                job,
                expect: acts
                    .map(|(act, error)| Expectation { act, error, at: 0..0 })
                    .collect(),
            })
        })
    }

    fn on_tape<T>(&self, look: impl FnOnce(&mut Tape) -> T) -> T {
        look(&mut self.tape.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a place for what begins now.
    fn begin(&self) -> usize {
        self.on_tape(|tape| {
            tape.acts.push(None);
            tape.acts.len() - 1
        })
    }

    fn end(&self, place: usize, act: Act, error: Option<String>) {
        self.on_tape(|tape| {
            if let Some(kept) = tape.acts.get_mut(place) {
                *kept = Some((act, error));
            }
        });
    }

    /// Counts what a step is given, and says whether it can still be kept.
    fn room(&self, bytes: usize) -> bool {
        self.on_tape(|tape| {
            tape.given += bytes as u64;
            tape.given <= LARGEST
        })
    }

    /// Writes down a call that is over.
    fn over<T>(&self, place: usize, act: Act, result: &Result<T, CommunicatorError>) {
        match result {
            Ok(_) => self.end(place, act, None),
            Err(CommunicatorError::Remote { reason, .. }) => self.end(place, act, Some(reason.clone())),
            // The way to the instance broke: nothing that a transcript could play.
            Err(_) => {}
        }
    }
}

/// A real communicator that is listened to.
#[derive(Debug)]
pub struct Recording {
    on: SharedCommunicator,
    recorder: Recorder,
}

fn is(path: &str) -> Subject {
    Subject::Is(path.to_owned())
}

#[async_trait]
impl Communicator for Recording {
    fn facts(&self) -> &InstanceFacts {
        self.on.facts()
    }

    fn connection(&self) -> Option<Connection> {
        self.on.connection()
    }

    async fn start(&self, command: Command) -> Result<Box<dyn Process>, CommunicatorError> {
        let place = self.recorder.begin();
        let heard = Heard {
            line: command.line.clone(),
            env: command.env.clone(),
            run_as: command.run_as.clone(),
            wants_stdin: command.stdin,
            stdin: Vec::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
        };
        let process = self.on.start(command).await?;
        Ok(Box::new(Overheard {
            process,
            recorder: self.recorder.clone(),
            place,
            heard: Some(heard),
        }))
    }

    async fn upload(
        &self,
        to: &str,
        upload: Upload<'_>,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let place = self.recorder.begin();
        let mode = upload.mode;
        let mut content = Tee::new(upload.content);
        let upload = Upload {
            content: &mut content,
            size: upload.size,
            mode,
        };
        let result = self.on.upload(to, upload, progress).await;
        let act = Act::Upload {
            path: is(to),
            mode,
            content: Some(content.seen()),
        };
        self.recorder.over(place, act, &result);
        result
    }

    async fn upload_tree(
        &self,
        to: &str,
        from: &Dir,
        name: &str,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let place = self.recorder.begin();
        let result = self.on.upload_tree(to, from, name, progress).await;
        let files = tree::read(from).map_err(|source| CommunicatorError::Local {
            path: name.into(),
            source,
        })?;
        let act = Act::UploadTree {
            path: is(to),
            files: Some(
                files
                    .into_iter()
                    .map(|(name, bytes)| (name, Content::of(bytes, SHOWN)))
                    .collect(),
            ),
        };
        self.recorder.over(place, act, &result);
        result
    }

    async fn download(
        &self,
        from: &str,
        to: &mut (dyn AsyncWrite + Send + Unpin),
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let place = self.recorder.begin();
        let mut to = Kept {
            to,
            bytes: Vec::new(),
            recorder: &self.recorder,
        };
        let result = self.on.download(from, &mut to, progress).await;
        let act = Act::Download {
            path: is(from),
            content: Content::Bytes(to.bytes.into()),
        };
        self.recorder.over(place, act, &result);
        result
    }

    async fn download_tree(
        &self,
        from: &str,
        to: &Dir,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let place = self.recorder.begin();
        let result = self.on.download_tree(from, to, progress).await;
        let mut files = tree::read(to).map_err(|source| CommunicatorError::Local {
            path: from.into(),
            source,
        })?;
        files.retain(|_, bytes| self.recorder.room(bytes.len()));
        let act = Act::DownloadTree {
            path: is(from),
            files: files
                .into_iter()
                .map(|(name, bytes)| (name, Content::Bytes(bytes)))
                .collect(),
        };
        self.recorder.over(place, act, &result);
        result
    }

    async fn remove(&self, path: &str) -> Result<(), CommunicatorError> {
        let place = self.recorder.begin();
        let result = self.on.remove(path).await;
        self.recorder.over(place, Act::Remove { path: is(path) }, &result);
        result
    }

    async fn reconnect(&self, within: Duration) -> Result<(), CommunicatorError> {
        let place = self.recorder.begin();
        let result = self.on.reconnect(within).await;
        self.recorder.over(place, Act::Reconnect, &result);
        result
    }

    async fn settle(&self) {
        self.on.settle().await;
    }

    async fn close(&self) {
        self.on.close().await;
    }
}

/// What is known of a command so far.
struct Heard {
    line: String,
    env: Vec<(String, String)>,
    run_as: Option<String>,
    wants_stdin: bool,
    stdin: Vec<u8>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Heard {
    fn act(self, exit: Exit) -> Act {
        Act::Command {
            line: Subject::Is(self.line),
            env: (!self.env.is_empty()).then(|| self.env.into_iter().collect()),
            run_as: self.run_as,
            stdin: self.wants_stdin.then(|| Content::of(self.stdin.into(), SHOWN)),
            answer: Answer {
                exit,
                stdout: Content::Bytes(self.stdout.into()),
                stderr: Content::Bytes(self.stderr.into()),
            },
        }
    }
}

/// A command of a real instance. One that the step gives up before it ends is not written down.
struct Overheard {
    process: Box<dyn Process>,
    recorder: Recorder,
    place: usize,
    heard: Option<Heard>,
}

#[async_trait]
impl Process for Overheard {
    async fn next(&mut self) -> Result<Output, CommunicatorError> {
        let output = self.process.next().await?;
        match (&output, &mut self.heard) {
            (Output::Stdout(bytes), Some(heard)) if self.recorder.room(bytes.len()) => {
                heard.stdout.extend_from_slice(bytes);
            }
            (Output::Stderr(bytes), Some(heard)) if self.recorder.room(bytes.len()) => {
                heard.stderr.extend_from_slice(bytes);
            }
            (Output::Exited(exit), heard) => {
                if let Some(heard) = heard.take() {
                    self.recorder.end(self.place, heard.act(exit.clone()), None);
                }
            }
            _ => {}
        }
        Ok(output)
    }

    async fn write_stdin(&mut self, bytes: Bytes) -> Result<usize, CommunicatorError> {
        let taken = self.process.write_stdin(bytes.clone()).await?;
        if let Some(heard) = &mut self.heard {
            heard
                .stdin
                .extend_from_slice(bytes.get(..taken).unwrap_or(&bytes));
        }
        Ok(taken)
    }

    async fn close_stdin(&mut self) -> Result<(), CommunicatorError> {
        self.process.close_stdin().await
    }

    async fn signal(&mut self, name: &str) -> Result<(), CommunicatorError> {
        self.process.signal(name).await
    }
}

/// Reads on, and remembers what was read.
struct Tee<'c> {
    content: &'c mut (dyn AsyncRead + Send + Unpin),
    seen: Vec<u8>,
}

impl<'c> Tee<'c> {
    fn new(content: &'c mut (dyn AsyncRead + Send + Unpin)) -> Self {
        Self {
            content,
            seen: Vec::new(),
        }
    }

    fn seen(self) -> Content {
        Content::of(self.seen.into(), SHOWN)
    }
}

impl AsyncRead for Tee<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut *self.content).poll_read(cx, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        self.seen.extend_from_slice(read);
        Poll::Ready(Ok(()))
    }
}

/// Writes on, and keeps what was written.
struct Kept<'w> {
    to: &'w mut (dyn AsyncWrite + Send + Unpin),
    bytes: Vec<u8>,
    recorder: &'w Recorder,
}

impl AsyncWrite for Kept<'_> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut *self.to).poll_write(cx, bytes))?;
        if self.recorder.room(written) {
            self.bytes
                .extend_from_slice(bytes.get(..written).unwrap_or(bytes));
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.to).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.to).poll_shutdown(cx)
    }
}
