//! What the program, its helper and the container's agent say to each other.
//!
//! Everything is a frame: one byte of kind, four bytes of length (big endian), the payload. Between program and helper
//! the payload is JSON; between program and agent it is JSON for the request and raw bytes for data. Whoever reads a
//! frame refuses one longer than [`FRAME_MAX`].

use std::{
    io::{self, Read, Write},
    path::PathBuf,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Longest payload: a request with a large environment, or one chunk of data.
pub(crate) const FRAME_MAX: usize = 1024 * 1024;
/// Bytes of file content and output in one frame.
pub(crate) const CHUNK: usize = 64 * 1024;
/// The agent's socket in the work folder.
pub(crate) const AGENT_SOCKET: &str = "agent.sock";

/// JSON: a request, or an answer of the helper.
pub(crate) const JSON: u8 = b'j';
/// Content of a file, an archive, or standard input.
pub(crate) const DATA: u8 = b'd';
/// No more [`DATA`] follows.
pub(crate) const END: u8 = b'e';
/// The name of a signal for the command.
pub(crate) const SIGNAL: u8 = b's';
/// Standard output.
pub(crate) const STDOUT: u8 = b'o';
/// Standard error.
pub(crate) const STDERR: u8 = b'r';
/// How the command ended, as JSON of [`Ended`].
pub(crate) const EXITED: u8 = b'x';
/// The request was carried out.
pub(crate) const DONE: u8 = b'k';
/// It was not; the payload says why.
pub(crate) const FAILED: u8 = b'f';

/// What the container starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// A copy-on-write view of this machine.
    Host,
    /// A directory, never modified.
    Directory(PathBuf),
    /// Archives of layers, plain, gzip or zstd, the lowest first.
    Layers(Vec<PathBuf>),
}

/// What the helper needs to know to start a container in its working directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setup {
    /// What to start from.
    pub base: Base,
    /// Whether the container shares the network of this machine.
    pub host_network: bool,
    /// Name of the machine inside.
    pub hostname: String,
}

/// How far the container is from this machine's accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// A user namespace whose ids are an unused range outside, over idmapped layers.
    Mapped {
        /// The id outside that is 0 inside.
        first: u32,
    },
    /// A user namespace in which only 0 exists; it is the calling user outside.
    Single {
        /// The id outside that is 0 inside.
        uid: u32,
    },
    /// No user namespace: the kernel cannot map the ids of these layers. Capabilities are dropped.
    Capabilities,
}

/// From the program to the helper.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Stop the container and write what was asked for into the work folder.
    Capture {
        /// The changes, as `layer.tar.gz`.
        layer: bool,
        /// The base as one layer, as `base.tar.gz`.
        base: bool,
        /// Everything as one plain archive, as `flat.tar`.
        flat: bool,
    },
    /// Stop the container and remove what only the helper can remove.
    Remove,
}

/// A finished layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// Hex SHA-256 of the file.
    pub digest: String,
    /// Hex SHA-256 of the archive before compression.
    pub diff_id: String,
    /// Bytes of the file.
    pub size: u64,
}

/// From the helper to the program.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// The agent answers.
    Ready(Isolation),
    /// The files are written.
    Captured {
        layer: Option<Blob>,
        base: Option<Blob>,
        flat: Option<Blob>,
    },
    /// Nothing is left that the program cannot remove itself.
    Removed,
    /// It did not work.
    Failed { message: String, hint: Option<String> },
}

/// From the program to the agent: the first frame of a connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    Run {
        line: String,
        env: Vec<(String, String)>,
        stdin: bool,
    },
    Upload {
        path: String,
        mode: u32,
    },
    UploadTree {
        path: String,
    },
    Download {
        path: String,
    },
    DownloadTree {
        path: String,
    },
    Remove {
        path: String,
    },
}

/// How a command ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ended {
    Code(u32),
    Signal(String),
}

/// Writes one frame.
pub(crate) fn write_frame(to: &mut impl Write, kind: u8, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut header = [kind, 0, 0, 0, 0];
    header[1..].copy_from_slice(&length.to_be_bytes());
    to.write_all(&header)?;
    to.write_all(payload)
}

/// Reads one frame; none at the end of the stream.
pub(crate) fn read_frame(from: &mut impl Read) -> io::Result<Option<(u8, Vec<u8>)>> {
    let mut header = [0; 5];
    match from.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let [kind, length @ ..] = header;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > FRAME_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    let mut payload = vec![0; length];
    from.read_exact(&mut payload)?;
    Ok(Some((kind, payload)))
}

/// Writes a value as a JSON frame.
pub(crate) fn write_json(to: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    write_frame(to, JSON, &serde_json::to_vec(value)?)
}

/// Reads a JSON frame; none at the end of the stream.
pub(crate) fn read_json<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    match read_frame(from)? {
        None => Ok(None),
        Some((JSON, payload)) => Ok(Some(serde_json::from_slice(&payload)?)),
        Some((kind, _)) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("unexpected frame {kind}"),
        )),
    }
}
