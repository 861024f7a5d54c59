//! SFTP as bytes: what a client asked, and answers that may be anything.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::server::Running;

pub(crate) const OPEN: u8 = 3;
pub(crate) const READ: u8 = 5;
pub(crate) const WRITE: u8 = 6;
pub(crate) const LSTAT: u8 = 7;
pub(crate) const FSTAT: u8 = 8;
pub(crate) const OPENDIR: u8 = 11;
pub(crate) const READDIR: u8 = 12;
pub(crate) const STAT: u8 = 17;
pub(crate) const READLINK: u8 = 19;

pub(crate) const FOLDER: u32 = 0o040_755;
pub(crate) const FILE: u32 = 0o100_644;
pub(crate) const LINK: u32 = 0o120_777;

const INIT: u8 = 1;
const OK: u32 = 0;
pub(crate) const EOF: u32 = 1;
pub(crate) const FAILURE: u32 = 4;

/// One request.
pub(crate) struct Asked {
    pub(crate) kind: u8,
    pub(crate) id: u32,
    /// What follows the number of the request.
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The path or handle it is about.
    pub(crate) fn name(&self) -> &str {
        let length = u32::from_be_bytes(self.body[..4].try_into().unwrap()) as usize;
        std::str::from_utf8(&self.body[4..4 + length]).unwrap()
    }

    /// Where a request to read begins, and how much it asks for.
    pub(crate) fn range(&self) -> (u64, u32) {
        let numbers = &self.body[4 + self.name().len()..];
        let offset = u64::from_be_bytes(numbers[..8].try_into().unwrap());
        (offset, u32::from_be_bytes(numbers[8..12].try_into().unwrap()))
    }
}

/// A packet whose length is right.
pub(crate) fn packet(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = u32::try_from(body.len() + 1).unwrap();
    [&length.to_be_bytes()[..], &[kind], &body].concat()
}

pub(crate) fn text(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text].concat()
}

pub(crate) fn version(number: u32) -> Vec<u8> {
    packet(2, &[&number.to_be_bytes()])
}

pub(crate) fn status(id: u32, code: u32, message: &str) -> Vec<u8> {
    packet(
        101,
        &[&id.to_be_bytes(), &code.to_be_bytes(), &text(message), &text("")],
    )
}

pub(crate) fn done(id: u32) -> Vec<u8> {
    status(id, OK, "")
}

pub(crate) fn handle(id: u32, handle: &str) -> Vec<u8> {
    packet(102, &[&id.to_be_bytes(), &text(handle)])
}

pub(crate) fn data(id: u32, bytes: &[u8]) -> Vec<u8> {
    packet(103, &[&id.to_be_bytes(), &text(bytes)])
}

/// Size, mode and times.
fn attributes(mode: u32, size: u64) -> Vec<u8> {
    let times = 1_000_000_000_u32.to_be_bytes();
    [
        &0b1101_u32.to_be_bytes()[..],
        &size.to_be_bytes(),
        &mode.to_be_bytes(),
        &times,
        &times,
    ]
    .concat()
}

pub(crate) fn attrs(id: u32, mode: u32, size: u64) -> Vec<u8> {
    packet(105, &[&id.to_be_bytes(), &attributes(mode, size)])
}

/// A listing, or the target of a link.
pub(crate) fn names(id: u32, names: &[(&[u8], u32, u64)]) -> Vec<u8> {
    let count = u32::try_from(names.len()).unwrap();
    let names: Vec<u8> = names
        .iter()
        .flat_map(|(name, mode, size)| [text(name), text(""), attributes(*mode, *size)].concat())
        .collect();
    packet(104, &[&id.to_be_bytes(), &count.to_be_bytes(), &names])
}

/// What an honest server says that has a file of ten bytes under every name, and nothing in any folder.
pub(crate) fn honest(asked: &Asked) -> Vec<u8> {
    match asked.kind {
        INIT => version(3),
        OPEN | OPENDIR => handle(asked.id, "h"),
        STAT | LSTAT | FSTAT => attrs(asked.id, FILE, 10),
        READ => match asked.range() {
            (0, _) => data(asked.id, b"0123456789"),
            _ => status(asked.id, EOF, ""),
        },
        READDIR => status(asked.id, EOF, ""),
        READLINK => names(asked.id, &[(b"target", LINK, 0)]),
        _ => done(asked.id),
    }
}

/// Answers every request with what `answer` makes of it, until the client has enough.
pub(crate) async fn serve(running: Running, mut answer: impl FnMut(Asked) -> Vec<u8> + Send) {
    let mut stream = running.channel.into_stream();
    loop {
        let Ok(length) = stream.read_u32().await else {
            return;
        };
        let mut packet = vec![0; length as usize];
        if stream.read_exact(&mut packet).await.is_err() {
            return;
        }
        let (kind, rest) = packet.split_first().unwrap();
        // The greeting has a version where the others have their number.
        let (id, body) = rest.split_at(4);
        let asked = Asked {
            kind: *kind,
            id: u32::from_be_bytes(id.try_into().unwrap()),
            body: body.to_vec(),
        };
        if stream.write_all(&answer(asked)).await.is_err() {
            return;
        }
    }
}

/// A subsystem that answers as `answer` says, and honestly where it says nothing.
pub(crate) fn lying(
    answer: impl Fn(&Asked) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> impl Fn(Running) -> futures::future::BoxFuture<'static, ()> + Send + Sync + 'static {
    let answer = Arc::new(answer);
    move |running| {
        let answer = answer.clone();
        Box::pin(serve(running, move |asked| {
            answer(&asked).unwrap_or_else(|| honest(&asked))
        }))
    }
}
