//! Single files over SFTP: greetings, packets, numbers and sizes that lie.

use std::time::Duration;

use kilnbox_engine::{Communicator, NoProgress};
use tokio::time::timeout;

use super::{
    bed::{Bed, hostile, refuses, told, within},
    packets::{
        Asked, FILE, FSTAT, OPEN, READ, attrs, data, done, handle, honest, lying, packet, status, text,
        version,
    },
    server::Behaviour,
};

/// A server that answers one kind of request so, and all others honestly.
async fn answering(kind: u8, answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Bed {
    Bed::start(Behaviour::default().sftp(lying(move |asked| (asked.kind == kind).then(|| answer(asked)))))
        .await
}

#[tokio::test]
async fn an_honest_server_is_believed() {
    let bed = Bed::start(Behaviour::default().sftp(lying(|_| None))).await;
    assert_eq!(bed.download().await.unwrap(), b"0123456789");
}

#[tokio::test]
async fn a_greeting_of_no_version() {
    for number in [0, 4, u32::MAX] {
        let bed = answering(1, move |_| version(number)).await;
        hostile(
            bed.download().await,
            &format!("`SFTP`: a greeting of SFTP version {number}"),
        );
    }
    let bed = answering(1, |_| status(0, 0, "")).await;
    hostile(
        bed.download().await,
        "`SFTP`: an SFTP packet of type 101 before the greeting",
    );
}

#[tokio::test]
async fn lengths_that_are_absurd() {
    let bed = answering(FSTAT, |_| vec![255; 64]).await;
    hostile(
        bed.download().await,
        "`/data`: an SFTP packet of 4294967295 bytes",
    );
    let bed = answering(FSTAT, |_| vec![0; 64]).await;
    hostile(bed.download().await, "`/data`: an SFTP packet of no bytes");
    let bed = answering(READ, |asked| status(asked.id, 4, &"x".repeat(1024 * 1024))).await;
    hostile(bed.download().await, "`/data`: an SFTP packet of 1048593 bytes");
}

#[tokio::test]
async fn packets_that_end_before_their_content() {
    let short = |asked: &Asked| packet(105, &[&asked.id.to_be_bytes(), &15_u32.to_be_bytes()]);
    let bed = answering(FSTAT, short).await;
    hostile(
        bed.download().await,
        "`/data`: an SFTP packet that cannot be read",
    );
    let short = |asked: &Asked| packet(103, &[&asked.id.to_be_bytes(), &1000_u32.to_be_bytes(), b"x"]);
    let bed = answering(READ, short).await;
    hostile(
        bed.download().await,
        "`/data`: an SFTP packet that cannot be read",
    );
    let bed = answering(FSTAT, |asked| packet(77, &[&asked.id.to_be_bytes()])).await;
    hostile(
        bed.download().await,
        "`/data`: an SFTP packet that cannot be read",
    );
}

#[tokio::test]
async fn answers_to_something_else() {
    let bed = answering(FSTAT, |asked| handle(asked.id, "h")).await;
    hostile(
        bed.download().await,
        "`/data`: an answer that does not fit what was asked",
    );
    // Not one of a hundred thousand is what was asked for, but the last.
    let bed = answering(FSTAT, |asked| {
        let mut answers = done(asked.id + 1_000_000).repeat(100_000);
        answers.extend(honest(asked));
        answers
    })
    .await;
    assert_eq!(bed.download().await.unwrap(), b"0123456789");
    bed.check();
}

#[tokio::test]
async fn more_than_the_size_says() {
    let endless = |asked: &Asked| data(asked.id, &vec![7; asked.range().1 as usize]);
    for size in [3, 100_000] {
        let bed = Bed::start(Behaviour::default().sftp(lying(move |asked| match asked.kind {
            FSTAT => Some(attrs(asked.id, FILE, size)),
            READ => Some(endless(asked)),
            _ => None,
        })))
        .await;
        hostile(
            bed.download().await,
            &format!("`/data`: more than the {size} bytes that it may have"),
        );
    }
}

#[tokio::test]
async fn more_than_was_asked_for() {
    let bed = answering(READ, |asked| {
        data(asked.id, &vec![7; asked.range().1 as usize + 1])
    })
    .await;
    hostile(
        bed.download().await,
        "`/data`: more than the 10 bytes that it may have",
    );
}

#[tokio::test]
async fn a_size_that_no_file_has() {
    let bed = answering(FSTAT, |asked| attrs(asked.id, FILE, u64::MAX)).await;
    hostile(
        bed.download().await,
        "`/data`: a size of 18446744073709551615 bytes",
    );
}

#[tokio::test]
async fn less_than_the_size_says_is_the_whole_file() {
    let bed = answering(FSTAT, |asked| attrs(asked.id, FILE, 1 << 40)).await;
    assert_eq!(bed.download().await.unwrap(), b"0123456789");
}

#[tokio::test]
async fn a_file_that_grows_is_read_to_its_end() {
    let asked_for = std::sync::atomic::AtomicU64::new(0);
    let bed = Bed::start(Behaviour::default().sftp(lying(move |asked| match asked.kind {
        FSTAT => {
            let times = asked_for.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Some(attrs(asked.id, FILE, 5 + 5 * times))
        }
        _ => None,
    })))
    .await;
    assert_eq!(bed.download().await.unwrap(), b"0123456789");
}

#[tokio::test]
async fn a_file_without_end_fills_no_memory() {
    let bed = Bed::start(Behaviour::default().sftp(lying(|asked| match asked.kind {
        FSTAT => Some(attrs(asked.id, FILE, 1 << 62)),
        READ => Some(data(asked.id, &vec![7; asked.range().1 as usize])),
        _ => None,
    })))
    .await;
    let ssh = bed.connect().await;
    let mut sink = tokio::io::sink();
    let download = ssh.download("/data", &mut sink, &NoProgress);
    assert!(timeout(Duration::from_secs(2), download).await.is_err());
    within(ssh.close()).await;
    bed.check();
}

#[tokio::test]
async fn handles_that_are_too_long() {
    for length in [257, 200_000] {
        let bed = answering(OPEN, move |asked| handle(asked.id, &"h".repeat(length))).await;
        hostile(
            bed.download().await,
            &format!("`/data`: a handle of {length} bytes"),
        );
    }
}

#[tokio::test]
async fn refusals_that_act_on_a_terminal() {
    let bed = answering(OPEN, |asked| {
        status(asked.id, 4, "\u{1b}]0;owned\u{7}no\u{202e}\r\nsecond")
    })
    .await;
    refuses(
        bed.download().await,
        "/data",
        "\\x1b]0;owned\\x07no\\u{202e}\nsecond",
    );
    let bed = answering(OPEN, |asked| status(asked.id, 4, &"\u{1b}c".repeat(100_000))).await;
    let told = told(&bed.download().await.unwrap_err());
    assert!(told.ends_with("… [195904 bytes cut]"), "{told}");
    // No words at all, and words that are no text.
    let bed = answering(OPEN, |asked| status(asked.id, 4, "")).await;
    refuses(bed.download().await, "/data", "Failure");
    let bed = answering(OPEN, |asked| {
        let parts = [asked.id, 4].map(u32::to_be_bytes).concat();
        packet(101, &[&parts, &text(b"\xff\xfe"), &text("")])
    })
    .await;
    refuses(bed.download().await, "/data", "\u{fffd}\u{fffd}");
}
