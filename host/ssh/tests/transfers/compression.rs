//! `ssh_compression`, seen by what crosses the connection.

use std::fs;

use kilnbox_engine::{Communicator, NoProgress};
use serde_json::json;

use super::{contents, download_tree, noise, upload, upload_tree};
use crate::bed::{Bed, relay::Relay};

const MIB: u64 = 1024 * 1024;
const SFTP: &str = "Subsystem sftp internal-sftp\n";

fn text(length: u64) -> Vec<u8> {
    b"the quick brown fox jumps over the lazy dog\n"
        .iter()
        .copied()
        .cycle()
        .take(length as usize)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_compresses_takes_less_of_the_link_on_request() {
    let bed = Bed::start();
    let (from, file) = (bed.path("from"), bed.path("file"));
    fs::create_dir(&from).unwrap();
    fs::write(from.join("text"), text(8 * MIB)).unwrap();
    for compressed in [false, true] {
        let relay = Relay::to(bed.port).await;
        let options = json!({ "ssh_port": relay.port, "ssh_compression": compressed });
        let ssh = bed.connect_with(options).await;
        upload(&ssh, &file, &text(8 * MIB)).await.unwrap();
        upload_tree(&ssh, &bed.path("to"), &from).await.unwrap();
        let mut back = Vec::new();
        ssh.download(file.to_str().unwrap(), &mut back, &NoProgress)
            .await
            .unwrap();
        assert!(back == text(8 * MIB));
        download_tree(&ssh, &bed.path("to"), &bed.path("back"))
            .await
            .unwrap();
        assert_eq!(contents(&bed.path("back")), contents(&from));
        for passed in [relay.up(), relay.down()] {
            assert_eq!(passed < MIB, compressed, "{passed} bytes for 16 MiB");
            assert_eq!(passed > 16 * MIB, !compressed, "{passed} bytes for 16 MiB");
        }
    }
}

/// A new key exchange goes on with the compression or begins it anew; both sides must agree.
#[tokio::test(flavor = "multi_thread")]
async fn compression_survives_new_keys() {
    let bed = Bed::with(&format!("{SFTP}RekeyLimit 1M\nLogLevel DEBUG1\n"));
    let ssh = bed.connect_with(json!({ "ssh_compression": true })).await;
    let mut content = noise(12_000_000);
    content.extend(text(12 * MIB));
    content.extend(noise(3_000_000));
    let (from, file) = (bed.path("from"), bed.path("file"));
    fs::create_dir(&from).unwrap();
    fs::write(from.join("mixed"), &content).unwrap();
    upload(&ssh, &file, &content).await.unwrap();
    assert!(fs::read(&file).unwrap() == content);
    let mut back = Vec::new();
    ssh.download(file.to_str().unwrap(), &mut back, &NoProgress)
        .await
        .unwrap();
    assert!(back == content);
    upload_tree(&ssh, &bed.path("to"), &from).await.unwrap();
    download_tree(&ssh, &bed.path("to"), &bed.path("back"))
        .await
        .unwrap();
    assert_eq!(contents(&bed.path("back")), contents(&from));
    assert!(
        fs::read_to_string(bed.path("log")).unwrap().contains("rekey"),
        "no keys were exchanged anew"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_compress_is_no_obstacle() {
    let bed = Bed::with(&format!("{SFTP}Compression no\n"));
    let ssh = bed.connect_with(json!({ "ssh_compression": true })).await;
    upload(&ssh, &bed.path("file"), &text(MIB)).await.unwrap();
    assert!(fs::read(bed.path("file")).unwrap() == text(MIB));
}
