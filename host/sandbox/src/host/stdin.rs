//! Standard input of a command: bytes, or a local file that the user named, given piece by piece as it is taken.

use bytes::Bytes;
use tokio::io::AsyncReadExt as _;

use super::assets::Asset;
use crate::{failure::Failure, patience::Patience, record::Hash};

/// Bytes of standard input given at once.
const CHUNK: usize = 32 * 1024;

/// As the guest gave it.
#[derive(Clone, Debug)]
pub(super) enum Stdin {
    None,
    Bytes(Bytes),
    Asset(Asset),
    Open,
}

impl Stdin {
    /// The file it comes from, as the user wrote it.
    pub(super) fn from(&self) -> Option<String> {
        match self {
            Self::Asset(asset) => Some(asset.written.clone()),
            Self::None | Self::Bytes(_) | Self::Open => None,
        }
    }

    /// Opens it for one command.
    pub(super) async fn feed(self, patience: &Patience, hash: Option<Hash>) -> Result<Feed, Failure> {
        let source = match self {
            Self::None | Self::Open => Source::Done,
            Self::Bytes(bytes) => Source::Bytes(bytes),
            Self::Asset(asset) => {
                let written = asset.written.clone();
                let file = patience.block(move || asset.file()).await?;
                let file = file.map_err(|error| Failure::local(&written, &error))?;
                Source::File {
                    file: tokio::fs::File::from_std(file),
                    chunk: Bytes::new(),
                    written,
                }
            }
        };
        Ok(Feed { source, hash })
    }
}

/// Where standard input comes from while a command runs.
pub(super) struct Feed {
    source: Source,
    /// Of what the command took.
    pub(super) hash: Option<Hash>,
}

enum Source {
    Done,
    Bytes(Bytes),
    File {
        file: tokio::fs::File,
        chunk: Bytes,
        written: String,
    },
}

impl Feed {
    /// The next piece; none at the end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        Ok(match &mut self.source {
            Source::Done => None,
            Source::Bytes(bytes) => {
                Some(bytes.slice(..bytes.len().min(CHUNK))).filter(|piece| !piece.is_empty())
            }
            Source::File { file, chunk, written } => {
                if chunk.is_empty() {
                    let mut buffer = vec![0; CHUNK];
                    let count = file
                        .read(&mut buffer)
                        .await
                        .map_err(|error| Failure::local(written, &error))?;
                    buffer.truncate(count);
                    *chunk = Bytes::from(buffer);
                }
                Some(chunk.clone()).filter(|piece| !piece.is_empty())
            }
        })
    }

    pub(super) fn advance(&mut self, taken: usize) {
        match &mut self.source {
            Source::Done => {}
            Source::Bytes(bytes) | Source::File { chunk: bytes, .. } => {
                let taken = bytes.split_to(taken.min(bytes.len()));
                if let Some(hash) = &mut self.hash {
                    hash.update(&taken);
                }
            }
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.source, Source::Done)
    }

    pub(super) fn end(&mut self) {
        self.source = Source::Done;
    }
}
