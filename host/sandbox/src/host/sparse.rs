//! A new local file that is downloaded, without the long runs of zeros in it.
//!
//! A communicator hands over a stream, which knows no holes; passing over zeros makes them again. Zeros count for the
//! quota all the same: how long a file may become is nothing for the instance to decide.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use kilnbox_engine::zeros::{Run, first_run};
use tokio::{
    fs::File,
    io::{AsyncSeek, AsyncWrite, AsyncWriteExt as _},
};

use crate::quota::Quota;

/// The file being written.
#[derive(Debug)]
pub(crate) struct Sparse {
    file: File,
    length: u64,
    /// Zeros between the file's position and what is written next.
    ahead: u64,
    seeking: bool,
    quota: Quota,
}

impl Sparse {
    /// `file` is empty.
    pub(crate) fn new(file: std::fs::File, quota: Quota) -> Self {
        Self {
            file: File::from_std(file),
            length: 0,
            ahead: 0,
            seeking: false,
            quota,
        }
    }

    /// Gives the file its length.
    pub(crate) async fn finish(mut self) -> io::Result<()> {
        self.file.flush().await?;
        match self.ahead {
            0 => Ok(()),
            _ => self.file.set_len(self.length).await,
        }
    }

    fn poll_pass(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ahead == 0 {
            return Poll::Ready(Ok(()));
        }
        if !self.seeking {
            // What was written before is on its way from another thread.
            ready!(Pin::new(&mut self.file).poll_flush(context))?;
            Pin::new(&mut self.file).start_seek(io::SeekFrom::Start(self.length))?;
            self.seeking = true;
        }
        ready!(Pin::new(&mut self.file).poll_complete(context))?;
        (self.seeking, self.ahead) = (false, 0);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Sparse {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match first_run(bytes) {
            Run::Zeros(length) => {
                self.ahead += length as u64;
                length
            }
            Run::Data(length) => {
                ready!(self.poll_pass(context))?;
                let bytes = bytes.get(..length).unwrap_or(bytes);
                ready!(Pin::new(&mut self.file).poll_write(context, bytes))?
            }
        };
        self.length += written as u64;
        self.quota.bytes(written as u64)?;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[tokio::test]
    async fn zeros_take_no_room_and_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut content = vec![0; 8 * 1024 * 1024];
        content[..5].fill(1);
        content[3_000_000..3_000_100].fill(2);
        for end in [content.len(), 3_000_050, 3_000_100, 5, 0] {
            let mut file = Sparse::new(
                std::fs::File::create(&path).unwrap(),
                Quota::new(&crate::Limits::default()),
            );
            for part in content[..end].chunks(300_000) {
                file.write_all(part).await.unwrap();
            }
            file.finish().await.unwrap();
            assert!(std::fs::read(&path).unwrap() == content[..end]);
            let room = std::fs::metadata(&path).unwrap().blocks() * 512;
            assert!(room <= 128 * 1024, "{room} bytes for 105");
        }
    }
}
