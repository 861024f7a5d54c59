//! A communicator to this machine: `sh` runs the commands, and files are those of a folder.

use std::{collections::VecDeque, path::PathBuf, process::Stdio, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cap_std::fs::Dir;
use kilnbox_engine::{
    Command, Communicator, CommunicatorError, Connection, Exit, InstanceFacts, Output, Process, Progress,
    Upload,
};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    process::Child,
};

#[derive(Debug)]
pub(crate) struct ThisMachine {
    facts: InstanceFacts,
    folder: PathBuf,
}

impl ThisMachine {
    pub(crate) fn new(folder: PathBuf) -> Self {
        let facts = InstanceFacts {
            communicator: "ssh",
            os_family: "unix",
            shell_family: "posix",
            arch: None,
            user: "tester".to_owned(),
        };
        Self { facts, folder }
    }

    fn local(path: PathBuf) -> impl Fn(std::io::Error) -> CommunicatorError {
        move |source| CommunicatorError::Local {
            path: path.clone(),
            source,
        }
    }
}

struct Shell {
    child: Child,
    stdin: Option<tokio::process::ChildStdin>,
    stdout: tokio::process::ChildStdout,
    open: bool,
    /// What came while input waited for room.
    kept: VecDeque<Bytes>,
}

fn lost(error: std::io::Error) -> CommunicatorError {
    CommunicatorError::Connection(error.to_string())
}

#[async_trait]
impl Process for Shell {
    async fn next(&mut self) -> Result<Output, CommunicatorError> {
        if let Some(kept) = self.kept.pop_front() {
            return Ok(Output::Stdout(kept));
        }
        if self.open {
            let mut buffer = vec![0; 4096];
            let count = self.stdout.read(&mut buffer).await.map_err(lost)?;
            if count > 0 {
                buffer.truncate(count);
                return Ok(Output::Stdout(Bytes::from(buffer)));
            }
            self.open = false;
        }
        let status = self.child.wait().await.map_err(lost)?;
        Ok(Output::Exited(
            status
                .code()
                .map_or(Exit::Lost, |code| Exit::Code(code.unsigned_abs())),
        ))
    }

    async fn write_stdin(&mut self, bytes: Bytes) -> Result<usize, CommunicatorError> {
        loop {
            let mut buffer = vec![0; 4096];
            tokio::select! {
                taken = self.stdin.as_mut().unwrap().write(&bytes) => return taken.map_err(lost),
                count = self.stdout.read(&mut buffer), if self.open => {
                    buffer.truncate(count.map_err(lost)?);
                    self.open = !buffer.is_empty();
                    self.kept.push_back(Bytes::from(buffer));
                }
            }
        }
    }

    async fn close_stdin(&mut self) -> Result<(), CommunicatorError> {
        self.stdin = None;
        Ok(())
    }

    async fn signal(&mut self, _: &str) -> Result<(), CommunicatorError> {
        Err(CommunicatorError::Unsupported("signal"))
    }
}

impl Drop for Shell {
    /// Ends the command with all it started, as a communicator does.
    fn drop(&mut self) {
        let group = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(group) = group {
            kill_process_group(group, Signal::KILL).unwrap();
        }
    }
}

#[async_trait]
impl Communicator for ThisMachine {
    fn facts(&self) -> &InstanceFacts {
        &self.facts
    }

    fn connection(&self) -> Option<Connection> {
        None
    }

    async fn start(&self, command: Command) -> Result<Box<dyn Process>, CommunicatorError> {
        let mut child = tokio::process::Command::new("sh")
            .arg("-c")
            .arg(command.line)
            .envs(command.env)
            .current_dir(&self.folder)
            .stdin(if command.stdin {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(lost)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        Ok(Box::new(Shell {
            child,
            stdin,
            stdout,
            open: true,
            kept: VecDeque::new(),
        }))
    }

    async fn upload(&self, to: &str, upload: Upload<'_>, _: &dyn Progress) -> Result<u64, CommunicatorError> {
        let path = self.folder.join(to);
        let mut file = tokio::fs::File::create(&path)
            .await
            .map_err(Self::local(path.clone()))?;
        let bytes = tokio::io::copy(upload.content, &mut file)
            .await
            .map_err(Self::local(path.clone()))?;
        file.flush().await.map_err(Self::local(path))?;
        Ok(bytes)
    }

    async fn upload_tree(
        &self,
        _: &str,
        _: &Dir,
        _: &str,
        _: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        Err(CommunicatorError::Unsupported("upload_tree"))
    }

    async fn download(
        &self,
        from: &str,
        to: &mut (dyn AsyncWrite + Send + Unpin),
        _: &dyn Progress,
    ) -> Result<u64, CommunicatorError> {
        let path = self.folder.join(from);
        let mut file = tokio::fs::File::open(&path)
            .await
            .map_err(Self::local(path.clone()))?;
        tokio::io::copy(&mut file, to).await.map_err(Self::local(path))
    }

    async fn download_tree(&self, _: &str, _: &Dir, _: &dyn Progress) -> Result<u64, CommunicatorError> {
        Err(CommunicatorError::Unsupported("download_tree"))
    }

    async fn remove(&self, path: &str) -> Result<(), CommunicatorError> {
        let path = self.folder.join(path);
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Self::local(path)(error)),
            _ => Ok(()),
        }
    }

    async fn reconnect(&self, _: Duration) -> Result<(), CommunicatorError> {
        Ok(())
    }

    async fn close(&self) {}
}
