//! Trees as a tar stream that the instance's `tar` never wrote.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use kilnbox_engine::{Communicator, CommunicatorError, NoProgress};
use tar::{EntryType, Header};
use tokio::time::timeout;

use super::{
    bed::{Bed, hostile, says, told, within},
    server::Behaviour,
};

/// An entry with exactly this name and link, however bad.
fn entry(kind: EntryType, name: &[u8], link: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
    header.set_mode(0o7777);
    header.set_mtime(1_000_000_000);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn file(name: &str, content: &[u8]) -> Vec<u8> {
    entry(EntryType::Regular, name.as_bytes(), b"", content)
}

fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.extend_from_slice(&[0; 1024]);
    bytes
}

/// An instance whose `tar` writes this, `times` over, and ends well.
async fn writing(bytes: Vec<u8>, times: usize) -> Bed {
    let bytes = Arc::new(bytes);
    Bed::start(Behaviour::default().exec(move |running| {
        let bytes = bytes.clone();
        async move {
            assert!(running.line.starts_with("tar -cf - -C /data"), "{}", running.line);
            for _ in 0..times {
                for piece in bytes.chunks(32 * 1024) {
                    if !running.say(piece.to_vec()).await {
                        return;
                    }
                }
            }
            running.exit(0).await;
        }
    }))
    .await
}

async fn received(entries: &[Vec<u8>]) -> (Bed, Result<u64, CommunicatorError>) {
    let bed = writing(archive(entries), 1).await;
    let result = bed.download_tree().await;
    (bed, result)
}

async fn refused(entries: &[Vec<u8>], how: &str) {
    let (bed, result) = received(entries).await;
    hostile(result, how);
    bed.check();
}

#[tokio::test]
async fn names_that_leave_the_target() {
    for name in ["../outside", "/etc/passwd", "a/../../outside"] {
        refused(
            &[file(name, b"x")],
            &format!("the name `{name}` leaves the target"),
        )
        .await;
    }
    refused(
        &[entry(EntryType::Link, b"a", b"../outside", b"")],
        "the name `../outside` leaves the target",
    )
    .await;
    refused(
        &[entry(EntryType::Symlink, b"../\x1b[2J", b"x", b"")],
        "the name `../\\x1b[2J` leaves the target",
    )
    .await;
}

#[tokio::test]
async fn links_lead_nowhere() {
    let up = entry(EntryType::Symlink, b"up", b"..", b"");
    refused(
        &[up.clone(), file("up/outside", b"x")],
        "the name `up` passes through `up`, which is no directory",
    )
    .await;
    refused(
        &[up, entry(EntryType::Link, b"a", b"up/outside", b"")],
        "the name `up` passes through `up`, which is no directory",
    )
    .await;
    // File, link, and the file through the link.
    let (bed, result) = received(&[
        file("a", b"one"),
        entry(EntryType::Symlink, b"a", b"../outside", b""),
        file("a", b"two"),
    ])
    .await;
    assert_eq!(result.unwrap(), 6);
    assert_eq!(fs::read(bed.path("a")).unwrap(), b"two");
    // A link out stays a link, and is never followed here.
    let (bed, result) = received(&[entry(EntryType::Symlink, b"a", b"/etc/passwd", b"")]).await;
    result.unwrap();
    assert_eq!(fs::read_link(bed.path("a")).unwrap(), Path::new("/etc/passwd"));
}

#[tokio::test]
async fn hard_links_to_what_was_not_sent() {
    refused(
        &[entry(EntryType::Link, b"a", b"missing", b"")],
        "`a` is a link to `missing`, which is not among the files it sent",
    )
    .await;
}

#[tokio::test]
async fn devices_are_not_made() {
    let (bed, result) = received(&[
        entry(EntryType::Char, b"null", b"", b""),
        entry(EntryType::Block, b"disk", b"", b""),
        entry(EntryType::Fifo, b"pipe", b"", b""),
        file("a", b"x"),
    ])
    .await;
    assert_eq!(result.unwrap(), 1);
    assert_eq!(bed.names(), ["a"]);
}

#[tokio::test]
async fn programs_of_the_instance_get_no_rights() {
    let (bed, result) = received(&[file("a", b"x")]).await;
    result.unwrap();
    let mode = fs::metadata(bed.path("a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o777);
}

#[tokio::test]
async fn entries_that_are_none() {
    refused(
        &[entry(EntryType::XGlobalHeader, b"a", b"", b"")],
        "`a` is a XGlobalHeader",
    )
    .await;
    refused(
        &[entry(EntryType::new(b'Z'), b"a", b"", b"")],
        "`a` is a __Nonexhaustive(90)",
    )
    .await;
}

#[tokio::test]
async fn headers_without_end() {
    for kind in [EntryType::GNULongName, EntryType::XHeader, EntryType::GNULongLink] {
        let huge = vec![b'a'; 4 * 1024 * 1024];
        let (_bed, result) = received(&[entry(kind, b"a", b"", &huge)]).await;
        let told = told(&result.unwrap_err());
        assert!(told.ends_with("a header of more than 1048576 bytes"), "{told}");
    }
}

#[tokio::test]
async fn sizes_that_lie() {
    // A header that announces 8 GiB, and ten bytes.
    let mut header = Header::new_gnu();
    header.set_path("a").unwrap();
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_size(8 << 30);
    header.set_cksum();
    let bed = writing([header.as_bytes(), &b"0123456789"[..]].concat(), 1).await;
    let told = told(&bed.download_tree().await.unwrap_err());
    assert!(
        told.starts_with("the instance broke the protocol: `a` in the archive it sent"),
        "{told}"
    );
    assert!(bed.names().is_empty(), "half a file stayed");
}

#[tokio::test]
async fn streams_that_are_no_archive() {
    let bed = writing(b"\x1b[2Jhello".repeat(10_000), 1).await;
    let result = bed.download_tree().await;
    let told = told(&result.unwrap_err());
    assert!(
        told.starts_with("the instance broke the protocol: the archive it sent: "),
        "{told}"
    );
    let bed = writing(file("a", &[7; 4096])[..2048].to_vec(), 1).await;
    let result = bed.download_tree().await;
    hostile(result, "`a` in the archive it sent: unexpected end of file");
}

#[tokio::test]
async fn padding_without_end() {
    let mut bytes = archive(&[file("a", b"x")]);
    bytes.resize(64 * 1024, 0);
    let bed = Bed::start(Behaviour::default().exec(move |running| {
        let bytes = bytes.clone();
        async move {
            let mut more = running.say(bytes).await;
            while more {
                more = running.say(vec![0; 32 * 1024]).await;
            }
        }
    }))
    .await;
    hostile(
        bed.download_tree().await,
        "more than 1048576 bytes behind the end of the archive",
    );
}

#[tokio::test]
async fn entries_without_end_fill_no_memory() {
    for kind in [EntryType::Fifo, EntryType::Regular, EntryType::Directory] {
        let once = entry(kind, b"a", b"", b"").repeat(64);
        let bed = writing(once, usize::MAX).await;
        let ssh = bed.connect().await;
        let target = bed.target();
        let download = ssh.download_tree("/data", &target, &NoProgress);
        assert!(timeout(Duration::from_secs(1), download).await.is_err());
        within(ssh.close()).await;
        bed.check();
    }
}

#[tokio::test]
async fn an_archive_that_ends_badly() {
    let bytes = archive(&[file("a", b"x")]);
    let bed = Bed::start(Behaviour::default().exec(move |running| {
        let bytes = bytes.clone();
        async move {
            running.say(bytes).await;
            let complaint = "no\u{1b}[2J\n".repeat(100_000);
            for piece in complaint.as_bytes().chunks(32 * 1024) {
                if running
                    .channel
                    .extended_data_bytes(1, piece.to_vec())
                    .await
                    .is_err()
                {
                    return;
                }
            }
            running.exit(2).await;
        }
    }))
    .await;
    let told = told(&bed.download_tree().await.unwrap_err());
    assert!(
        told.starts_with("`/data` on the instance: no\\x1b[2J\nno\\x1b[2J\n"),
        "{told}"
    );
}

#[tokio::test]
async fn neither_an_archive_nor_sftp() {
    let bed = Bed::start(Behaviour::default()).await;
    says(
        bed.download_tree().await,
        "copying a directory to or from an instance with neither `tar` nor SFTP is not supported by this communicator",
    );
}
