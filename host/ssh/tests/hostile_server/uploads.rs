//! Files and trees to an instance that refuses, stays silent or takes nothing.

use std::{fs, time::Duration};

use kilnbox_engine::{Communicator, NoProgress};

use super::{
    bed::{Bed, hostile, refuses, upload, within},
    packets::{FAILURE, OPEN, WRITE, data, honest, lying, status},
    server::Behaviour,
};

const MKDIR: u8 = 14;

#[tokio::test]
async fn refusals_are_told() {
    for kind in [OPEN, WRITE] {
        let bed = Bed::start(Behaviour::default().sftp(lying(move |asked| {
            (asked.kind == kind).then(|| status(asked.id, FAILURE, "quota\u{1b}[2J exceeded"))
        })))
        .await;
        let ssh = bed.connect().await;
        refuses(
            within(upload(&ssh, b"content")).await,
            "/data",
            "quota\\x1b[2J exceeded",
        );
    }
}

#[tokio::test]
async fn what_is_acknowledged_with_something_else() {
    let bed = Bed::start(
        Behaviour::default().sftp(lying(|asked| (asked.kind == WRITE).then(|| data(asked.id, b"x")))),
    )
    .await;
    let ssh = bed.connect().await;
    refuses(
        within(upload(&ssh, b"content")).await,
        "/data",
        "unexpected response packet",
    );
    let bed = Bed::start(Behaviour::default().sftp(lying(|asked| {
        (asked.kind == WRITE).then(|| [vec![0, 0, 0, 0], honest(asked)].concat())
    })))
    .await;
    let ssh = bed.connect().await;
    hostile(
        within(upload(&ssh, b"content")).await,
        "`/data`: an SFTP packet of no bytes",
    );
}

#[tokio::test]
async fn a_program_that_complains_without_end() {
    let bed = Bed::start(Behaviour::default().exec(|running| async move {
        for _ in 0..1000 {
            if running
                .channel
                .extended_data_bytes(1, vec![0x1b; 30_000])
                .await
                .is_err()
            {
                return;
            }
        }
        running.exit(1).await;
    }))
    .await;
    let ssh = bed.connect().await;
    let from = tempfile::tempdir().unwrap();
    fs::write(from.path().join("file"), "content").unwrap();
    let dir = cap_std::fs::Dir::open_ambient_dir(from.path(), cap_std::ambient_authority()).unwrap();
    let result = within(ssh.upload_tree("/data", &dir, "from", &NoProgress)).await;
    refuses(result, "/data", &"\\x1b".repeat(4096));
    bed.check();
}

#[tokio::test]
async fn a_tree_that_is_refused() {
    let bed = Bed::start(
        Behaviour::default()
            .exec(|running| running.exit(127))
            .sftp(lying(|asked| {
                (asked.kind == MKDIR || asked.kind == 17).then(|| status(asked.id, 3, ""))
            })),
    )
    .await;
    let ssh = bed.connect().await;
    let from = tempfile::tempdir().unwrap();
    let dir = cap_std::fs::Dir::open_ambient_dir(from.path(), cap_std::ambient_authority()).unwrap();
    let result = within(ssh.upload_tree("/data", &dir, "from", &NoProgress)).await;
    refuses(result, "/data", "permission denied");
    tokio::time::timeout(Duration::from_secs(20), ssh.close())
        .await
        .unwrap();
}
