//! The way to an instance: run a command, move bytes, come back after a reboot.
//!
//! Builders make a [`Communicator`] (over SSH, or into a container) and lend it to the steps. The sandbox serves the
//! plugin contract from it. Nothing here is POSIX only, so that WinRM fits later.
//!
//! Cancellation: every future may be dropped at any await point. Whoever drops one has cancelled it, and the
//! implementation stops the remote work as far as the protocol allows. Deadlines are the caller's.

use std::{fmt, path::PathBuf, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cap_std::fs::Dir;
use tokio::io::{AsyncRead, AsyncWrite};

/// What is known of an instance once it is connected.
#[derive(Clone, Debug)]
pub struct InstanceFacts {
    /// `ssh`, `container`, `winrm` or `none`.
    pub communicator: &'static str,
    /// `unix` or `windows`.
    pub os_family: &'static str,
    /// `posix` or `powershell`: the language [`Command::line`] is read as.
    pub shell_family: &'static str,
    /// Machine hardware name as `uname -m` gives it, where known without asking the instance.
    pub arch: Option<String>,
    /// The account commands run as.
    pub user: String,
}

/// How to reach the instance without this communicator. Holds the private key: handed only to steps that were
/// granted `connection`, and redacted everywhere else.
#[derive(Clone)]
pub struct Connection {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Account name.
    pub user: String,
    /// The private key in OpenSSH format, if the connection has one.
    pub private_key: Option<String>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// One command line for the instance's shell.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// Text for the shell of [`InstanceFacts::shell_family`], exactly as given.
    pub line: String,
    /// Variables set for this command. Names were checked to be `[A-Za-z_][A-Za-z0-9_]*`.
    pub env: Vec<(String, String)>,
    /// Whether [`Process::write_stdin`] will be used. Without it standard input is empty.
    pub stdin: bool,
    /// Asks for a pseudo-terminal; standard error then arrives as standard output.
    pub pty: bool,
    /// Account to run as, where the communicator can change it.
    pub run_as: Option<String>,
}

impl Command {
    /// A command line without input, variables or terminal.
    pub fn line(line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            ..Self::default()
        }
    }
}

/// How a command ended. A code that is not zero is a value, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It returned this code.
    Code(u32),
    /// A signal ended it; the name is without `SIG`.
    Signal(String),
    /// The connection ended before an exit status came.
    Lost,
}

/// What a running command gives next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Bytes of standard output, at most [`crate::limits::OUTPUT_CHUNK`].
    Stdout(Bytes),
    /// Bytes of standard error, likewise.
    Stderr(Bytes),
    /// The last item; further calls return it again.
    Exited(Exit),
}

/// A running command. Dropping it ends the command as far as the protocol allows.
///
/// `next` may be dropped and called again without losing output; dropping any other call gives the command up. While
/// `write_stdin` waits for room, the implementation keeps taking output within bounds, so that a command that talks
/// before it has read all does not lock up.
#[async_trait]
pub trait Process: Send {
    /// The next output or the end. Not calling it is the back-pressure.
    async fn next(&mut self) -> Result<Output, CommunicatorError>;

    /// Writes some of `bytes` and returns how many were taken, at least one.
    async fn write_stdin(&mut self, bytes: Bytes) -> Result<usize, CommunicatorError>;

    /// Ends standard input.
    async fn close_stdin(&mut self) -> Result<(), CommunicatorError>;

    /// Sends a signal by its name without `SIG`.
    async fn signal(&mut self, name: &str) -> Result<(), CommunicatorError>;
}

/// Bytes moved so far, reported while a transfer runs.
pub trait Progress: Send + Sync {
    /// `total` is absent where the size is not known beforehand.
    fn moved(&self, bytes: u64, total: Option<u64>);
}

/// Ignores progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn moved(&self, _: u64, _: Option<u64>) {}
}

/// A local file's bytes on their way to the instance.
pub struct Upload<'a> {
    /// The bytes, read to their end.
    pub content: &'a mut (dyn AsyncRead + Send + Unpin),
    /// Their number, where known.
    pub size: Option<u64>,
    /// Permission bits to set; the communicator's default (`0644`) where absent.
    pub mode: Option<u32>,
}

impl fmt::Debug for Upload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("size", &self.size)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// The connection to one instance, shared by the steps of one build.
///
/// Remote paths are text and arrive as they are: no shell reads them, so spaces, quotes, `$` and newlines are safe.
/// Names inside trees are bytes and survive when they are not UTF-8, or are refused where the protocol has only text.
/// Modes, times in seconds and symbolic links are kept; device nodes and sockets are left out. A file with several names
/// may arrive as several. Holes in files may, and long runs of zeros may become some.
///
/// Nothing is resumed: a transfer that breaks off is an error, and the next one begins anew.
#[async_trait]
pub trait Communicator: Send + Sync + fmt::Debug {
    /// What is known of the instance.
    fn facts(&self) -> &InstanceFacts;

    /// How to connect to the instance by other means, where there are any.
    fn connection(&self) -> Option<Connection>;

    /// Starts a command.
    async fn start(&self, command: Command) -> Result<Box<dyn Process>, CommunicatorError>;

    /// Writes a file and returns the number of bytes. An existing file is replaced, a missing parent is an error.
    async fn upload(
        &self,
        to: &str,
        upload: Upload<'_>,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError>;

    /// Copies what is below `from` into the remote directory `to`, made if missing (with its parents), and returns
    /// the number of bytes. `name` is how the user calls the directory, for messages.
    async fn upload_tree(
        &self,
        to: &str,
        from: &Dir,
        name: &str,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError>;

    /// Reads a remote file into `to` and returns the number of bytes.
    async fn download(
        &self,
        from: &str,
        to: &mut (dyn AsyncWrite + Send + Unpin),
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError>;

    /// Copies what is below the remote directory `from` into `to`. Names that would leave `to` are refused, links
    /// are recreated and never followed.
    async fn download_tree(
        &self,
        from: &str,
        to: &Dir,
        progress: &dyn Progress,
    ) -> Result<u64, CommunicatorError>;

    /// Removes a remote file; a missing one is no error.
    async fn remove(&self, path: &str) -> Result<(), CommunicatorError>;

    /// Waits until the instance answers again after its connection was lost, for example by a reboot.
    async fn reconnect(&self, within: Duration) -> Result<(), CommunicatorError>;

    /// Waits, within bounds, until the commands that were given up have ended on the instance. One that ends a command
    /// before it lets go of it has nothing to wait for.
    async fn settle(&self) {}

    /// Ends the connection in order. Dropping does it without waiting.
    async fn close(&self);
}

/// What goes wrong on the way to an instance.
#[derive(Debug, thiserror::Error)]
pub enum CommunicatorError {
    /// The connection is gone or could not be made.
    #[error("connection to the instance: {0}")]
    Connection(String),
    /// The instance answered with a refusal.
    #[error("`{path}` on the instance: {reason}")]
    Remote {
        /// The remote path.
        path: String,
        /// What the instance said, hostile text, not yet cleaned.
        reason: String,
    },
    /// A local file could not be read or written.
    #[error("`{}`: {source}", path.display())]
    Local {
        /// As the user wrote it, or below what the user wrote.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A name that is not UTF-8 where only text can be carried.
    #[error("`{}` is not valid UTF-8 and cannot be named to the instance", .0.display())]
    NotUtf8(PathBuf),
    /// The instance sent something it must not: a name that leaves the target, a wrong size, an absurd length.
    #[error("the instance broke the protocol: {0}")]
    Hostile(String),
    /// This communicator cannot do it.
    #[error("{0} is not supported by this communicator")]
    Unsupported(&'static str),
    /// A deadline passed.
    #[error("timed out after {} while {doing}", humantime::format_duration(*after))]
    TimedOut {
        /// What was being done, as in "waiting for SSH".
        doing: String,
        /// The deadline.
        after: Duration,
    },
}
