//! A server, a folder that a test writes to, and a neighbour that nothing may touch.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use cap_std::{ambient_authority, fs::Dir};
use kilnbox_engine::{
    Command, Communicator, CommunicatorError, Events, Exit, NoProgress, Options, Output, Upload,
};
use kilnbox_ssh::{ConnectError, SshCommunicator, SshOptions};
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use super::server::{Behaviour, Server};

/// Longest time for anything that is not about waiting.
const WITHIN: Duration = Duration::from_secs(30);
/// What the process may have in memory at any time, all tests together.
const MEMORY: u64 = 512 * 1024 * 1024;

pub(crate) struct Bed {
    pub(crate) server: Server,
    folder: tempfile::TempDir,
}

impl Bed {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("outside"), "untouched").unwrap();
        Self {
            server: Server::start(behaviour).await,
            folder,
        }
    }

    pub(crate) async fn try_connect(&self, more: Json) -> Result<SshCommunicator, ConnectError> {
        connect(self.server.port, more).await
    }

    pub(crate) async fn connect(&self) -> SshCommunicator {
        self.try_connect(json!({})).await.unwrap()
    }

    /// A name in the target.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("target").join(name)
    }

    /// Names in the target.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn target(&self) -> Dir {
        Dir::open_ambient_dir(self.path(""), ambient_authority()).unwrap()
    }

    /// Copies the tree that the server pretends to have.
    pub(crate) async fn download_tree(&self) -> Result<u64, CommunicatorError> {
        let ssh = self.connect().await;
        let result = within(ssh.download_tree("/data", &self.target(), &NoProgress)).await;
        self.check();
        result
    }

    /// Copies the file that the server pretends to have.
    pub(crate) async fn download(&self) -> Result<Vec<u8>, CommunicatorError> {
        let ssh = self.connect().await;
        let mut content = Vec::new();
        within(ssh.download("/data", &mut content, &NoProgress)).await?;
        Ok(content)
    }

    /// This machine is as it was: nothing beside the target, and not too much in memory.
    #[track_caller]
    pub(crate) fn check(&self) {
        let outside = fs::read_to_string(self.folder.path().join("outside"));
        assert_eq!(outside.unwrap(), "untouched");
        let names = fs::read_dir(self.folder.path()).unwrap().count();
        assert_eq!(names, 2, "something was written beside the target");
        let peak = peak();
        assert!(peak < MEMORY, "{peak} bytes in memory");
    }
}

pub(crate) async fn connect(port: u16, more: Json) -> Result<SshCommunicator, ConnectError> {
    let mut json = json!({
        "ssh_host": "127.0.0.1", "ssh_port": port, "ssh_username": "root", "ssh_password": "secret",
        "ssh_timeout": "20s",
    });
    for (name, value) in more.as_object().unwrap() {
        json[name] = value.clone();
    }
    let options = Options {
        json,
        build_name: "test".to_owned(),
        working_dir: std::env::temp_dir(),
        template_dir: None,
        force: false,
        templates: Arc::new(kilnbox_engine::NoTemplates),
    };
    let options = Arc::new(SshOptions::prepare(&options).unwrap());
    SshCommunicator::connect("127.0.0.1", options).await
}

/// What must come to an end soon.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(WITHIN, work).await.expect("it takes too long")
}

/// The most the process ever had in memory.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The text of an error as a person reads it, which is clean and short.
#[track_caller]
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let (events, collected) = Events::collecting();
    events.error(error.to_string());
    let told = collected.texts().concat();
    assert!(
        !told.contains(|c: char| c.is_control() && c != '\n'),
        "{told:?} acts on a terminal"
    );
    assert!(told.len() < 32 * 1024, "{} bytes of an error", told.len());
    told
}

/// The error says exactly this.
#[track_caller]
pub(crate) fn says<T: std::fmt::Debug>(result: Result<T, CommunicatorError>, expect: &str) {
    assert_eq!(told(&result.unwrap_err()), expect);
}

/// The instance refused something about `/data` or what is below it, and the error says why.
#[track_caller]
pub(crate) fn refuses<T: std::fmt::Debug>(result: Result<T, CommunicatorError>, path: &str, why: &str) {
    says(result, &format!("`{path}` on the instance: {why}"));
}

/// The instance broke the protocol, and the error says how.
#[track_caller]
pub(crate) fn hostile<T: std::fmt::Debug>(result: Result<T, CommunicatorError>, how: &str) {
    says(result, &format!("the instance broke the protocol: {how}"));
}

/// Runs a command to its end.
pub(crate) async fn run(ssh: &SshCommunicator) -> Result<(Vec<u8>, Vec<u8>, Exit), CommunicatorError> {
    let mut process = ssh.start(Command::line("true")).await?;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    loop {
        match process.next().await? {
            Output::Stdout(bytes) => out.extend_from_slice(&bytes),
            Output::Stderr(bytes) => err.extend_from_slice(&bytes),
            Output::Exited(exit) => return Ok((out, err, exit)),
        }
    }
}

/// Writes a file to the instance.
pub(crate) async fn upload(ssh: &SshCommunicator, mut content: &[u8]) -> Result<u64, CommunicatorError> {
    let upload = Upload {
        content: &mut content,
        size: None,
        mode: Some(0o600),
    };
    ssh.upload("/data", upload, &NoProgress).await
}
