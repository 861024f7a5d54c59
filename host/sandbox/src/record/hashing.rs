//! Digests of bytes on their way.
//!
//! They are made where the bytes pass, on the thread that moves them: a file is read once. A digest of bytes that hold
//! a sensitive value is withheld, because a short value can be found from it by trying.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use kilnbox_engine::{Deed, Secrets, event::Content};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Recorder;
use crate::cache::hex;

/// Bytes of the end of a piece that are looked at again with the next one, for a value that lies in both.
const OVERLAP: usize = 1024;

/// A digest being made.
pub(crate) struct Hash {
    digest: Sha256,
    size: u64,
    secrets: Secrets,
    sensitive: bool,
    /// The end of the last piece.
    tail: Vec<u8>,
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hash")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Hash {
    pub(super) fn new(secrets: Secrets) -> Self {
        Self {
            digest: Sha256::new(),
            size: 0,
            secrets,
            sensitive: false,
            tail: Vec::new(),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.size += bytes.len() as u64;
        if !self.sensitive && self.secrets.any() {
            self.tail.extend_from_slice(bytes);
            let text = String::from_utf8_lossy(&self.tail);
            self.sensitive = matches!(self.secrets.redact(&text), std::borrow::Cow::Owned(_));
            let seen = self.tail.len().saturating_sub(OVERLAP);
            drop(self.tail.drain(..seen));
        }
    }

    pub(crate) fn content(self) -> Content {
        let sha256 = (!self.sensitive).then(|| hex(&self.digest.finalize()));
        Content {
            size: self.size,
            sha256,
            sensitive: self.sensitive,
        }
    }
}

/// A file that a component reads piece by piece. Told when the component lets go of it, if it has read at all.
#[derive(Debug)]
pub(crate) struct Reading {
    path: String,
    recorder: Recorder,
    /// Up to where it was read without a gap.
    read: u64,
    /// Absent before the first piece, and after one that is out of turn.
    hash: Option<Hash>,
    begun: bool,
    whole: bool,
}

impl Reading {
    pub(crate) fn new(path: String, recorder: Recorder) -> Self {
        Self {
            path,
            recorder,
            read: 0,
            hash: None,
            begun: false,
            whole: false,
        }
    }

    /// A piece at `offset` of a file of `size` bytes.
    pub(crate) fn piece(&mut self, offset: u64, bytes: &[u8], size: u64) {
        if !self.begun {
            self.begun = true;
            self.hash = self.recorder.hash();
        }
        if self.whole && bytes.is_empty() {
            return;
        }
        if offset != self.read {
            self.hash = None;
        }
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
            self.read += bytes.len() as u64;
            self.whole = self.read == size;
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if self.begun {
            let (path, hash) = (std::mem::take(&mut self.path), self.hash.take());
            let content = hash.filter(|_| self.whole).map(Hash::content);
            self.recorder.tell(|| Deed::Read { path, content });
        }
    }
}

/// Bytes that are read or written, and digested if somebody wants that.
#[derive(Debug)]
pub(crate) struct Hashing<T> {
    inner: T,
    hash: Option<Hash>,
}

impl<T> Hashing<T> {
    pub(crate) fn new(inner: T, hash: Option<Hash>) -> Self {
        Self { inner, hash }
    }

    /// What passed, and what was wrapped.
    pub(crate) fn end(self) -> (T, Option<Content>) {
        (self.inner, self.hash.map(Hash::content))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Hashing<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if let Some(hash) = &mut self.hash {
            hash.update(buffer.filled().get(before..).unwrap_or_default());
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Hashing<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(context, bytes))?;
        if let Some(hash) = &mut self.hash {
            hash.update(bytes.get(..written).unwrap_or_default());
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// FIPS 180-4, the example of `abc`.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[tokio::test]
    async fn what_passes_is_digested_both_ways() {
        let hash = || Some(Hash::new(Secrets::default()));
        let mut reader = Hashing::new(&b"abc"[..], hash());
        let mut read = Vec::new();
        reader.read_to_end(&mut read).await.unwrap();
        let mut writer = Hashing::new(Vec::new(), hash());
        for part in [&b"a"[..], b"bc"] {
            writer.write_all(part).await.unwrap();
        }
        let (written, sent) = writer.end();
        assert_eq!((read, written), (b"abc".to_vec(), b"abc".to_vec()));
        for content in [reader.end().1, sent].map(Option::unwrap) {
            assert_eq!((content.size, content.sha256.as_deref()), (3, Some(ABC)));
        }
    }

    #[test]
    fn a_file_read_in_turn_has_a_digest_and_another_is_told_without() {
        let check = |pieces: &[(u64, &str)], expect: Option<Option<&str>>| {
            let (events, said) = kilnbox_engine::Events::collecting();
            let recorder = Recorder::to(events, Secrets::default());
            let mut reading = Reading::new("file".to_owned(), recorder);
            for (offset, bytes) in pieces {
                reading.piece(*offset, bytes.as_bytes(), 3);
            }
            drop(reading);
            let told = said
                .events()
                .pop()
                .map(|event| serde_json::to_value(event).unwrap());
            let digest = told.map(|act| act["content"]["sha256"].as_str().map(str::to_owned));
            assert_eq!(
                digest,
                expect.map(|digest| digest.map(str::to_owned)),
                "{pieces:?}"
            );
        };
        check(&[], None);
        check(&[(0, "abc"), (3, "")], Some(Some(ABC)));
        check(&[(0, "a"), (1, "bc")], Some(Some(ABC)));
        check(&[(0, "a")], Some(None));
        check(&[(1, "bc")], Some(None));
        check(&[(0, "ab"), (0, "abc")], Some(None));
    }

    #[test]
    fn a_digest_of_a_secret_is_withheld_even_where_it_comes_in_parts() {
        let secrets = Secrets::default();
        secrets.add("correct horse");
        let check = |parts: &[&str], withheld: bool| {
            let mut hash = Hash::new(secrets.clone());
            parts.iter().for_each(|part| hash.update(part.as_bytes()));
            let content = hash.content();
            assert_eq!(content.sha256.is_none(), withheld, "{parts:?}");
            assert_eq!(content.sensitive, withheld, "{parts:?}");
        };
        check(&["pw=correct horse\n"], true);
        check(&["pw=corr", "ect horse\n"], true);
        check(&["pw=correct horse\n", "more"], true);
        check(&["pw=correct mouse\n"], false);
    }
}
