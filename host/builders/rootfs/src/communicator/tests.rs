//! What somebody in the agent's place may not do.

use std::{fs, os::unix::net::UnixListener as Listener};

use cap_std::ambient_authority;
use kilnbox_engine::{Events, NoProgress};
use tar::{EntryType, Header};
use tokio::net::UnixListener;
use tokio_util::task::AbortOnDropHandle;

use super::*;

/// A place where an agent answers every request with the same bytes, `times` over, and stays.
struct Bed {
    folder: tempfile::TempDir,
    inside: ContainerCommunicator,
    _agent: AbortOnDropHandle<()>,
}

impl Bed {
    async fn answering(bytes: Vec<u8>, times: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("outside"), "untouched").unwrap();
        let listener = Listener::bind(folder.path().join("agent.sock")).unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = UnixListener::from_std(listener).unwrap();
        let agent = AbortOnDropHandle::new(tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                for _ in 0..times {
                    if stream.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
                kept.push(stream);
            }
        }));
        let inside = ContainerCommunicator::new(folder.path(), "agent.sock").unwrap();
        Self {
            folder,
            inside,
            _agent: agent,
        }
    }

    async fn download_tree(&self) -> Result<u64, CommunicatorError> {
        let to = Dir::open_ambient_dir(self.folder.path().join("target"), ambient_authority()).unwrap();
        let result = self.inside.download_tree("/data", &to, &NoProgress).await;
        let outside = fs::read_to_string(self.folder.path().join("outside"));
        assert_eq!(outside.unwrap(), "untouched");
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 3);
        result
    }

    async fn download(&self) -> Result<u64, CommunicatorError> {
        self.inside.download("/data", &mut Vec::new(), &NoProgress).await
    }

    async fn run(&self) -> Result<Output, CommunicatorError> {
        self.inside.start(Command::line("true")).await?.next().await
    }
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    wire::write_frame(&mut frame, kind, payload).unwrap();
    frame
}

/// What a person reads of an error.
#[track_caller]
fn told<T: std::fmt::Debug>(result: Result<T, CommunicatorError>) -> String {
    let (events, collected) = Events::collecting();
    events.error(result.unwrap_err().to_string());
    collected.texts().concat()
}

fn entry(kind: EntryType, name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_mode(0o7777);
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// An archive in frames, and its end.
fn archive(bytes: &[u8]) -> Vec<u8> {
    let mut frames: Vec<u8> = bytes.chunks(CHUNK).flat_map(|chunk| frame(DATA, chunk)).collect();
    frames.extend(frame(DONE, b""));
    frames
}

#[tokio::test]
async fn frames_that_are_too_long_or_of_no_kind() {
    let bed = Bed::answering(vec![255; 5], 1).await;
    assert_eq!(
        told(bed.download().await),
        "the instance broke the protocol: a frame of 4294967295 bytes"
    );
    let bed = Bed::answering(frame(b'?', b"x"), 1).await;
    assert_eq!(
        told(bed.run().await),
        "the instance broke the protocol: an unexpected frame of kind 63"
    );
    let bed = Bed::answering(frame(STDOUT, &[b'x'; CHUNK + 1]), 1).await;
    assert_eq!(
        told(bed.run().await),
        "the instance broke the protocol: an unexpected frame of kind 111"
    );
}

#[tokio::test]
async fn ends_that_act_on_a_terminal() {
    for (name, shown) in [
        (r"\u001b[2JEVIL", "2JEVIL"),
        (r"\u001b\u202e", "unknown"),
        (&*"A".repeat(1000), "AAAAAAAAAAAAAAAA"),
    ] {
        let end = format!(r#"{{"signal":"{name}"}}"#);
        let bed = Bed::answering(frame(EXITED, end.as_bytes()), 1).await;
        assert_eq!(
            bed.run().await.unwrap(),
            Output::Exited(Exit::Signal(shown.to_owned()))
        );
    }
    let bed = Bed::answering(frame(EXITED, b"nonsense"), 1).await;
    let told = told(bed.run().await);
    assert!(
        told.starts_with("the instance broke the protocol: the end of a command: "),
        "{told}"
    );
}

#[tokio::test]
async fn refusals_without_end() {
    let bed = Bed::answering(frame(FAILED, &[b'x'; FRAME_MAX]), 1).await;
    let told = told(bed.download().await);
    assert!(told.ends_with("… [1044480 bytes cut]"), "{} bytes", told.len());
}

#[tokio::test]
async fn archives_that_lie() {
    let up = entry(EntryType::Regular, b"../outside", b"x");
    let bed = Bed::answering(archive(&up), 1).await;
    assert_eq!(
        told(bed.download_tree().await),
        "the instance broke the protocol: the name `../outside` leaves the target"
    );
    for kind in [EntryType::GNULongName, EntryType::XHeader] {
        let huge = entry(kind, b"a", &[b'a'; 4 * 1024 * 1024]);
        let bed = Bed::answering(archive(&huge), 1).await;
        let told = told(bed.download_tree().await);
        assert!(told.ends_with("a header of more than 1048576 bytes"), "{told}");
    }
    let deep = [
        entry(EntryType::GNULongName, b"a", "d/".repeat(3000).as_bytes()),
        entry(EntryType::Directory, b"a", b""),
    ];
    let bed = Bed::answering(archive(&deep.concat()), 1).await;
    assert_eq!(
        told(bed.download_tree().await),
        "the instance broke the protocol: a path of more than 4096 bytes"
    );
    let cut = entry(EntryType::Regular, b"a", &[7; 4096])[..2048].to_vec();
    let bed = Bed::answering(archive(&cut), 1).await;
    let text = told(bed.download_tree().await);
    assert!(
        text.starts_with("the instance broke the protocol: its archive: "),
        "{text}"
    );
    for kind in [EntryType::Char, EntryType::Fifo, EntryType::Link] {
        let bed = Bed::answering(archive(&entry(kind, b"a", b"")), 1).await;
        assert_eq!(
            told(bed.download_tree().await),
            format!("the instance broke the protocol: `a` is a {kind:?}")
        );
    }
}

#[tokio::test]
async fn archives_without_end() {
    let same = entry(EntryType::Regular, b"a", b"").repeat(64);
    let bed = Bed::answering(frame(DATA, &same), usize::MAX).await;
    assert_eq!(
        told(bed.download_tree().await),
        "the instance broke the protocol: an archive of more than 10000 names"
    );
}

#[tokio::test]
async fn silence_in_a_transfer_ends() {
    let expect = "timed out after 2s while waiting for the container to go on with a transfer";
    let bed = Bed::answering(Vec::new(), 0).await;
    assert_eq!(told(bed.download().await), expect);
    assert_eq!(told(bed.download_tree().await), expect);
    assert_eq!(told(bed.inside.remove("/data").await), expect);
    // More than any socket holds.
    let upload = Upload {
        content: &mut &[7; 16 * 1024 * 1024][..],
        size: None,
        mode: None,
    };
    assert_eq!(
        told(bed.inside.upload("/data", upload, &NoProgress).await),
        expect
    );
}
