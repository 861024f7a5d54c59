//! Holes in a single file that is uploaded over SFTP.
//!
//! Its content comes as a stream that knows no holes, so long runs of zeros are passed over: in a new or emptied file
//! they are there already. A device is no such file and gets every byte.

use std::io;

use kilnbox_engine::zeros::{Run, first_run};
use russh_sftp::{client::fs::File, protocol::FileAttributes};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::transfer::remote::{Is, kind};

/// One file's writing.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// Whether nothing but what is written stands in it, once that was asked.
    blank: Option<bool>,
    /// What came last was passed over.
    open: bool,
}

impl Gaps {
    /// Writes the next bytes of `file`, which was empty at first.
    pub(crate) async fn write(&mut self, file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let length = match first_run(bytes) {
                Run::Zeros(length) if self.is_blank(file).await? => {
                    let ahead = i64::try_from(length).map_err(io::Error::other)?;
                    file.seek(io::SeekFrom::Current(ahead)).await?;
                    self.open = true;
                    length
                }
                Run::Zeros(length) | Run::Data(length) => {
                    file.write_all(bytes.get(..length).unwrap_or(bytes)).await?;
                    self.open = false;
                    length
                }
            };
            bytes = bytes.get(length..).unwrap_or_default();
        }
        Ok(())
    }

    /// Gives the file its length, where zeros at its end were passed over.
    pub(crate) async fn end(self, file: &File, length: u64) -> io::Result<()> {
        if !self.open {
            return Ok(());
        }
        let size = FileAttributes {
            size: Some(length),
            ..FileAttributes::empty()
        };
        file.set_metadata(size).await.map_err(io::Error::from)
    }

    async fn is_blank(&mut self, file: &File) -> io::Result<bool> {
        if let Some(known) = self.blank {
            return Ok(known);
        }
        let regular = kind(&file.metadata().await.map_err(io::Error::from)?) == Some(Is::File);
        Ok(*self.blank.insert(regular))
    }
}
