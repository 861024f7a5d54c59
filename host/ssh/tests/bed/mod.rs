//! A real OpenSSH server on loopback, one per test, with its own host key and one account: who runs the test.

pub(crate) mod relay;

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use kilnbox_engine::{Communicator, Exit, Options, Output};
use kilnbox_ssh::{SshCommunicator, SshOptions};
use serde_json::{Value as Json, json};

/// The server; ended when dropped, with all its sessions.
pub(crate) struct Bed {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) port: u16,
    server: Child,
}

impl Bed {
    /// Starts a server with SFTP.
    pub(crate) fn start() -> Self {
        Self::with("Subsystem sftp internal-sftp\n")
    }

    /// Starts a server with these lines at the end of its configuration.
    pub(crate) fn with(lines: &str) -> Self {
        Self::with_programs(None, lines)
    }

    /// Starts a server whose commands find a few programs and no `tar`.
    pub(crate) fn without_tar(lines: &str) -> Self {
        Self::with_programs(Some(&["cat", "chmod", "mkdir", "rm", "sh"]), lines)
    }

    fn with_programs(programs: Option<&[&str]>, lines: &str) -> Self {
        let sshd = Path::new("/usr/sbin/sshd");
        assert!(
            sshd.exists(),
            "no OpenSSH server at {}: run scripts/setup",
            sshd.display()
        );
        fs::create_dir_all("/run/sshd").expect("the sshd suite runs as root");
        let folder = tempfile::tempdir().unwrap();
        keygen(&folder.path().join("host"), "");
        keygen(&folder.path().join("key"), "");
        fs::copy(folder.path().join("key.pub"), folder.path().join("authorized")).unwrap();
        // The port is free a moment later as well: nothing else binds on this address and the kernel hands out others.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let here = folder.path().display();
        let mut environment = format!("HOME={here}");
        if let Some(programs) = programs {
            let bin = folder.path().join("bin");
            fs::create_dir(&bin).unwrap();
            for name in programs {
                std::os::unix::fs::symlink(Path::new("/bin").join(name), bin.join(name)).unwrap();
            }
            environment.push_str(&format!(" PATH={here}/bin"));
        }
        // A home of its own: what the account's profile does must not reach into a test.
        fs::write(
            folder.path().join("config"),
            format!(
                "ListenAddress 127.0.0.1\nHostKey {here}/host\nAuthorizedKeysFile {here}/authorized\n\
                 PidFile none\nUsePAM no\nPermitRootLogin yes\nStrictModes no\nMaxStartups 500\nMaxSessions 500\n\
                 PasswordAuthentication yes\nSetEnv {environment}\n{lines}"
            ),
        )
        .unwrap();
        let server = spawn(folder.path(), port);
        Self { folder, port, server }
    }

    /// Ends the server and starts it again, as a reboot does.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.server = spawn(self.folder.path(), self.port);
    }

    /// Ends the server and all its sessions.
    pub(crate) fn stop(&mut self) {
        // First the sessions: those of a dead server are nobody's children.
        self.kill_sessions();
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Gives the server another host key.
    pub(crate) fn change_host_key(&mut self) {
        fs::remove_file(self.path("host")).unwrap();
        keygen(&self.path("host"), "");
        self.restart();
    }

    /// Kills the processes that serve connections: the connection is lost, the server lives.
    pub(crate) fn kill_sessions(&self) {
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let Some(id) = process
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u32>().ok())
            else {
                continue;
            };
            let parent = |id: u32| -> Option<u32> {
                let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
                stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
            };
            if parent(id) == Some(self.server.id()) {
                let killed = Command::new("kill")
                    .args(["-9", &id.to_string()])
                    .stderr(Stdio::null())
                    .status();
                assert!(killed.is_ok());
            }
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Options for this server, with `more` over them.
    pub(crate) fn options(&self, more: Json) -> Arc<SshOptions> {
        Arc::new(SshOptions::prepare(&self.written(more)).unwrap())
    }

    /// The same of a builder that starts its instance.
    pub(crate) fn options_of_instance(&self, more: Json) -> Arc<SshOptions> {
        Arc::new(SshOptions::prepare_instance(&self.written(more)).unwrap())
    }

    fn written(&self, more: Json) -> Options {
        let mut json = json!({
            "ssh_host": "127.0.0.1", "ssh_port": self.port, "ssh_username": "root", "ssh_timeout": "20s",
            "ssh_private_key_file": self.path("key"),
        });
        for (name, value) in more.as_object().unwrap() {
            json[name] = value.clone();
        }
        Options {
            json,
            build_name: "test".to_owned(),
            working_dir: self.folder.path().to_owned(),
            template_dir: None,
            force: false,
            templates: Arc::new(kilnbox_engine::NoTemplates),
        }
    }

    pub(crate) async fn connect(&self) -> SshCommunicator {
        self.connect_with(json!({})).await
    }

    /// Connects with `more` over the usual options.
    pub(crate) async fn connect_with(&self, more: Json) -> SshCommunicator {
        SshCommunicator::connect("127.0.0.1", self.options(more))
            .await
            .unwrap()
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(folder: &Path, port: u16) -> Child {
    let server = Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-f"])
        .arg(folder.join("config"))
        .args(["-p", &port.to_string()])
        .stderr(fs::File::create(folder.join("log")).unwrap())
        .spawn()
        .unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    until("the server listens", || TcpStream::connect(address).is_ok());
    server
}

/// Makes a key pair.
pub(crate) fn keygen(file: &Path, passphrase: &str) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", passphrase, "-f"])
        .arg(file)
        .status()
        .expect("no ssh-keygen: run scripts/setup");
    assert!(made.success());
}

/// Polls until it holds.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "waited in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a command to its end.
pub(crate) async fn run(
    communicator: &dyn Communicator,
    command: kilnbox_engine::Command,
) -> (Vec<u8>, Vec<u8>, Exit) {
    let mut process = communicator.start(command).await.unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    loop {
        match process.next().await.unwrap() {
            Output::Stdout(bytes) => out.extend_from_slice(&bytes),
            Output::Stderr(bytes) => err.extend_from_slice(&bytes),
            Output::Exited(exit) => return (out, err, exit),
        }
    }
}
