//! The answers of an SFTP server to who copies a tree from it: it ends with a number or an error, and nothing is made but
//! files, folders and links without rights, below the target.
//!
//! An answer is made of the input: a byte that says how far it is to be believed, its type, two bytes of length, and its
//! content. Where it is believed, its number is that of the request.

use kilnbox_ssh::offline;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use crate::target::Target;

const GREETING: &[u8] = &[0, 0, 0, 5, 2, 0, 0, 0, 3];

/// See the module.
pub fn check(data: &[u8]) {
    let target = Target::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (near, far) = duplex(1024 * 1024);
        let serving = serve(far, data);
        let receiving = offline::receive(near, target.dir());
        let (_served, _bytes_or_refusal) = tokio::join!(serving, receiving);
    });
    drop(runtime);
    target.check();
}

/// One answer to each request, until there are no more.
async fn serve(mut stream: DuplexStream, mut data: &[u8]) -> std::io::Result<()> {
    // An empty input is one without a greeting.
    let greeted = data.first().is_none_or(|first| *first != 0);
    let _init = request(&mut stream).await?;
    if greeted {
        stream.write_all(GREETING).await?;
    }
    let (mut id, mut orderly) = ([0; 4], greeted);
    while let Some(answer) = next(&mut data) {
        if orderly {
            id = request(&mut stream).await?;
        }
        // Who gets no answer, or half a packet, asks nothing more before its time is up: the rest comes at once.
        orderly &= answer.trust < 224;
        stream.write_all(&packet(answer, id)).await?;
    }
    Ok(())
}

/// The number of the next request.
async fn request(stream: &mut DuplexStream) -> std::io::Result<[u8; 4]> {
    let length = stream.read_u32().await?;
    let mut packet = vec![0; length as usize];
    stream.read_exact(&mut packet).await?;
    Ok(packet
        .get(1..5)
        .and_then(|id| id.try_into().ok())
        .unwrap_or_default())
}

struct Answer<'a> {
    trust: u8,
    kind: u8,
    content: &'a [u8],
}

fn next<'a>(data: &mut &'a [u8]) -> Option<Answer<'a>> {
    let [trust, kind, high, low, rest @ ..] = data else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
    let (content, rest) = rest.split_at(length);
    *data = rest;
    Some(Answer {
        trust: *trust,
        kind: *kind,
        content,
    })
}

fn packet(answer: Answer<'_>, id: [u8; 4]) -> Vec<u8> {
    // As it is, with whatever length it claims.
    if answer.trust == 255 {
        return answer.content.to_vec();
    }
    // Handle, data, names, attributes, status; any other type where it says so.
    let kind = if answer.trust >= 192 {
        answer.kind
    } else {
        101 + answer.kind % 5
    };
    let id = if answer.trust >= 224 {
        [answer.trust; 4]
    } else {
        id
    };
    let length = u32::try_from(5 + answer.content.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &[kind], &id, answer.content].concat()
}
