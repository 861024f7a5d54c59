//! Connections that break in the middle: an error that says so and names what was under way, and nothing that could be
//! taken for the whole.

use std::{fs, path::Path};

use kilnbox_engine::{Communicator, CommunicatorError, NoProgress};
use kilnbox_ssh::SshCommunicator;
use serde_json::json;

use super::{contents, download_tree, noise, upload, upload_tree};
use crate::bed::{Bed, relay::Relay};

const SFTP: &str = "Subsystem sftp internal-sftp\n";
const LENGTH: u32 = 20_000_000;
/// Where the connection breaks.
const BREAK: u64 = 6_000_000;

async fn through(relay: &Relay, bed: &Bed) -> SshCommunicator {
    bed.connect_with(json!({ "ssh_port": relay.port })).await
}

#[track_caller]
fn cut<T: std::fmt::Debug>(relay: &Relay, result: Result<T, CommunicatorError>, named: &Path) {
    let error = result.unwrap_err();
    assert!(relay.is_broken());
    assert!(matches!(error, CommunicatorError::Connection(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("ended during the transfer"), "{text}");
    assert!(text.contains(named.to_str().unwrap()), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_is_an_error_and_the_next_try_begins_anew() {
    for bed in [Bed::start(), Bed::with("")] {
        let content = noise(LENGTH);
        let to = bed.path("to");
        let relay = Relay::breaking(bed.port, BREAK).await;
        let ssh = through(&relay, &bed).await;
        cut(&relay, upload(&ssh, &to, &content).await, &to);
        assert!(fs::metadata(&to).unwrap().len() < content.len() as u64);

        let other = content.iter().map(|byte| !byte).collect::<Vec<_>>();
        upload(&bed.connect().await, &to, &other).await.unwrap();
        assert!(
            fs::read(&to).unwrap() == other,
            "something of the first try is left"
        );

        let relay = Relay::breaking(bed.port, BREAK).await;
        let ssh = through(&relay, &bed).await;
        let mut back = Vec::new();
        let result = ssh.download(to.to_str().unwrap(), &mut back, &NoProgress).await;
        cut(&relay, result, &to);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_is_cut_is_an_error_and_leaves_no_half_file_here() {
    for bed in [Bed::start(), Bed::without_tar(SFTP)] {
        let (from, to, back) = (bed.path("from"), bed.path("to"), bed.path("back"));
        fs::create_dir(&from).unwrap();
        fs::write(from.join("a"), "small").unwrap();
        fs::write(from.join("b"), noise(LENGTH)).unwrap();
        let relay = Relay::breaking(bed.port, BREAK).await;
        let ssh = through(&relay, &bed).await;
        cut(&relay, upload_tree(&ssh, &to, &from).await, &to);

        let ssh = bed.connect().await;
        upload_tree(&ssh, &to, &from).await.unwrap();
        assert_eq!(contents(&to), contents(&from));

        let relay = Relay::breaking(bed.port, BREAK).await;
        let ssh = through(&relay, &bed).await;
        cut(&relay, download_tree(&ssh, &to, &back).await, &to);
        assert!(!back.join("b").exists(), "half a file looks like a whole one");
    }
}
