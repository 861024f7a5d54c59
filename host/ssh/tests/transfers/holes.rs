//! Files with holes: they are not sent where the other side can make them, and they take no room on either.

use std::{
    fs,
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
};

use kilnbox_engine::{Communicator, NoProgress, Upload};
use serde_json::json;

use super::{download_tree, upload_tree};
use crate::bed::{Bed, relay::Relay};

const MIB: u64 = 1024 * 1024;
const SFTP: &str = "Subsystem sftp internal-sftp\n";
/// Where data is; the file ends with a hole.
const DATA: [u64; 7] = [0, 3, 10, 50, 51, 100, 200];

/// A file of `size` bytes that holds a few KiB.
fn plant(path: &Path, size: u64) {
    let file = fs::File::create(path).unwrap();
    file.set_len(size).unwrap();
    for at in DATA {
        file.write_all_at(&[7; 5000], at * MIB + 4000).unwrap();
    }
}

/// Reads the data and what is around it, and counts the room it takes.
#[track_caller]
fn check(path: &Path, size: u64) {
    let about = fs::metadata(path).unwrap();
    assert_eq!(about.len(), size);
    let room = about.blocks() * 512;
    assert!(room <= MIB, "{} takes {room} bytes", path.display());
    let file = fs::File::open(path).unwrap();
    for at in DATA {
        let mut around = [1; 12_000];
        file.read_exact_at(&mut around, at * MIB).unwrap();
        let filled = |index: usize| (4000..9000).contains(&index);
        assert!(
            around
                .iter()
                .enumerate()
                .all(|(index, byte)| *byte == if filled(index) { 7 } else { 0 }),
            "{} at {at} MiB",
            path.display()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holes_of_a_tree_are_not_sent_and_take_no_room() {
    for bed in [Bed::start(), Bed::without_tar(SFTP)] {
        let relay = Relay::to(bed.port).await;
        let ssh = bed.connect_with(json!({ "ssh_port": relay.port })).await;
        let from = bed.path("from");
        fs::create_dir(&from).unwrap();
        plant(&from.join("one"), 1024 * MIB);
        plant(&from.join("two"), 9000 * MIB);
        fs::File::create(from.join("nothing"))
            .unwrap()
            .set_len(MIB)
            .unwrap();
        let bytes = upload_tree(&ssh, &bed.path("to"), &from).await.unwrap();
        assert_eq!(bytes, 10_025 * MIB);
        assert!(relay.up() < MIB, "{} bytes were sent", relay.up());
        check(&bed.path("to/one"), 1024 * MIB);
        check(&bed.path("to/two"), 9000 * MIB);
        assert_eq!(fs::metadata(bed.path("to/nothing")).unwrap().len(), MIB);
        assert_eq!(fs::metadata(bed.path("to/nothing")).unwrap().blocks(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holes_of_the_instance_take_no_room_here() {
    for bed in [Bed::start(), Bed::without_tar(SFTP)] {
        let ssh = bed.connect().await;
        let from = bed.path("from");
        fs::create_dir(&from).unwrap();
        plant(&from.join("file"), 1024 * MIB);
        let bytes = download_tree(&ssh, &from, &bed.path("back")).await.unwrap();
        assert_eq!(bytes, 1024 * MIB);
        check(&bed.path("back/file"), 1024 * MIB);
    }
}

/// A program that is no GNU `tar` would refuse the archive, so it gets zeros.
#[tokio::test(flavor = "multi_thread")]
async fn another_tar_gets_zeros() {
    let bed = Bed::without_tar("");
    let line =
        "#!/bin/sh\ncase $1 in --version) echo 'tar (busybox) 1.36.1' ;; *) exec /bin/tar \"$@\" ;; esac\n";
    fs::write(bed.path("bin/tar"), line).unwrap();
    fs::set_permissions(
        bed.path("bin/tar"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let relay = Relay::to(bed.port).await;
    let ssh = bed.connect_with(json!({ "ssh_port": relay.port })).await;
    let from = bed.path("from");
    fs::create_dir(&from).unwrap();
    plant(&from.join("file"), 201 * MIB);
    upload_tree(&ssh, &bed.path("to"), &from).await.unwrap();
    assert!(relay.up() > 201 * MIB);
    assert!(fs::read(bed.path("to/file")).unwrap() == fs::read(from.join("file")).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn zeros_of_a_single_file_are_not_sent() {
    let bed = Bed::start();
    let relay = Relay::to(bed.port).await;
    let ssh = bed.connect_with(json!({ "ssh_port": relay.port })).await;
    plant(&bed.path("from"), 1024 * MIB);
    // A new file, then one that has other content.
    for turn in 0..2 {
        let mut content = tokio::fs::File::open(bed.path("from")).await.unwrap();
        let upload = Upload {
            content: &mut content,
            size: Some(1024 * MIB),
            mode: Some(0o600),
        };
        let before = relay.up();
        let to = bed.path("to");
        let moved = ssh.upload(to.to_str().unwrap(), upload, &NoProgress).await;
        assert_eq!(moved.unwrap(), 1024 * MIB);
        assert!(
            relay.up() - before < 2 * MIB,
            "turn {turn}: {} bytes were sent",
            relay.up()
        );
        check(&to, 1024 * MIB);
        fs::write(&to, vec![9; 4_000_000]).unwrap();
    }
}

/// Zeros that are passed over in a device would leave what was there before.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_gets_every_zero() {
    let bed = Bed::start();
    let relay = Relay::to(bed.port).await;
    let ssh = bed.connect_with(json!({ "ssh_port": relay.port })).await;
    let content = vec![0; 3 * MIB as usize];
    // The server cannot flush this one, and says so in the end.
    let written = super::upload(&ssh, Path::new("/dev/null"), &content).await;
    assert!(relay.up() > 3 * MIB, "{written:?}");
}
