//! Transfers against a real OpenSSH server: trees with and without `tar`, holes, broken connections, compression.

mod compression;
mod cut;
mod holes;
mod trees;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Mutex,
};

use kilnbox_engine::{Communicator, CommunicatorError, NoProgress, Progress, Upload};
use kilnbox_ssh::SshCommunicator;

use crate::dir;

/// Every number that was reported.
#[derive(Default)]
struct Reports(Mutex<Vec<u64>>);

impl Progress for Reports {
    fn moved(&self, bytes: u64, _: Option<u64>) {
        self.0.lock().unwrap().push(bytes);
    }
}

impl Reports {
    /// Progress grows, and ends with all of it.
    #[track_caller]
    fn check(&self, total: u64) {
        let mut reported = self.0.lock().unwrap().clone();
        reported.dedup();
        assert!(reported.is_sorted(), "{reported:?}");
        assert_eq!(reported.last(), Some(&total));
    }
}

/// Everything below a folder: what it is, its mode, its time in seconds, its content.
fn contents(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(&inside).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(folder).unwrap().to_owned();
            let (mode, modified) = (about.mode() & 0o7777, about.mtime());
            let text = if about.is_dir() {
                folders.push(path);
                format!("directory {mode:04o} {modified}")
            } else if about.is_symlink() {
                format!("link to {:?}", fs::read_link(&path).unwrap())
            } else if about.is_file() {
                let content = fs::read(&path).unwrap();
                let sum = content.iter().fold(0_u64, |sum, byte| {
                    sum.wrapping_mul(31).wrapping_add((*byte).into())
                });
                format!("file {mode:04o} {modified} {} {sum:x}", content.len())
            } else {
                "something else".to_owned()
            };
            found.insert(name, text);
        }
    }
    found
}

/// Bytes that compress badly and differ from place to place.
fn noise(length: u32) -> Vec<u8> {
    (0..length)
        .map(|n| (n.wrapping_mul(2_654_435_761).rotate_left(n % 29) >> 24) as u8)
        .collect()
}

async fn upload(ssh: &SshCommunicator, to: &Path, mut content: &[u8]) -> Result<u64, CommunicatorError> {
    let upload = Upload {
        content: &mut content,
        size: None,
        mode: None,
    };
    ssh.upload(to.to_str().unwrap(), upload, &NoProgress).await
}

async fn upload_tree(ssh: &SshCommunicator, to: &Path, from: &Path) -> Result<u64, CommunicatorError> {
    let name = from.to_str().unwrap();
    ssh.upload_tree(to.to_str().unwrap(), &dir(from), name, &NoProgress)
        .await
}

async fn download_tree(ssh: &SshCommunicator, from: &Path, to: &Path) -> Result<u64, CommunicatorError> {
    fs::create_dir_all(to).unwrap();
    ssh.download_tree(from.to_str().unwrap(), &dir(to), &NoProgress)
        .await
}
