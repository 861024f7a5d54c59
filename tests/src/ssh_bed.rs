//! A real OpenSSH server on loopback. Its "instance" is this machine, seen through a folder of the bed.

use std::{
    fs,
    io::Read,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::unistd::{User, geteuid};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::{processes, until};

/// A server reads its keys and listens well within this.
const START: Duration = Duration::from_secs(20);

/// A server with a host key, a client key, a port and folders of its own. It and all it started end when dropped.
#[derive(Debug)]
pub struct SshBed {
    folder: TempDir,
    server: Child,
    port: u16,
}

impl SshBed {
    /// Starts a server that lets the user of this process in with [`Self::key`].
    pub fn start() -> Self {
        Self::with("")
    }

    /// Starts one with these lines at the end of its configuration.
    pub fn with(lines: &str) -> Self {
        let folder = TempDir::with_prefix("kilnbox-test-ssh-").expect("a temporary folder can be made");
        let at = folder.path();
        for name in ["instance", "local"] {
            fs::create_dir(at.join(name)).expect("a folder can be made");
        }
        for key in ["host", "key", "stranger"] {
            make_key(&at.join(key));
        }
        fs::copy(at.join("key.pub"), at.join("authorized")).expect("a key can be copied");
        if geteuid().is_root() {
            // OpenSSH insists on this folder when it runs as root.
            fs::create_dir_all("/run/sshd").expect("root can make /run/sshd");
        }
        let (server, port) = until("a free port for sshd", START, || try_start(at, lines));
        Self { folder, server, port }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The private key that is let in.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    /// A private key that is not let in.
    pub fn stranger_key(&self) -> PathBuf {
        self.folder.path().join("stranger")
    }

    /// The folder that stands for the instance.
    pub fn instance(&self) -> PathBuf {
        self.folder.path().join("instance")
    }

    /// A folder for templates and what they name.
    pub fn local(&self) -> PathBuf {
        self.folder.path().join("local")
    }

    /// A `null` builder that connects here.
    pub fn builder(&self) -> Json {
        json!({
            "type": "null",
            "ssh_host": "127.0.0.1",
            "ssh_port": self.port,
            "ssh_username": user_name(),
            "ssh_private_key_file": self.key(),
        })
    }

    /// What every command that runs over this server has in its environment, for [`processes::marked`].
    pub fn marker(&self) -> String {
        marker(self.folder.path())
    }

    /// The processes that were started over this server and still run.
    pub fn commands(&self) -> Vec<(u32, String)> {
        processes::marked(&self.marker())
    }

    /// The server's log, for messages.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for SshBed {
    fn drop(&mut self) {
        // Sessions are groups of their own, and a background command outlives its session: all are looked up first.
        let mut started = processes::descendants(self.server.id());
        started.extend(self.commands().into_iter().map(|(id, _)| id));
        let _ = self.server.kill();
        let _ = self.server.wait();
        processes::end(started);
        if std::thread::panicking() {
            eprintln!("sshd had written:\n{}", self.log());
        }
    }
}

/// Starts a server on a port that is free now. None if another took the port first.
fn try_start(at: &Path, lines: &str) -> Option<(Child, u16)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .ok()?
        .port();
    let config = at.join("sshd_config");
    fs::write(&config, configuration(at, port) + lines).expect("the configuration can be written");
    let mut server = Command::new("/usr/sbin/sshd")
        .arg("-D")
        .arg("-f")
        .arg(&config)
        .arg("-E")
        .arg(at.join("log"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("`scripts/setup test` installs openssh-server");
    let ready = until("sshd to answer or to end", START, || {
        if server.try_wait().expect("sshd can be waited for").is_some() {
            return Some(false);
        }
        greets(port).then_some(true)
    });
    if !ready {
        let log = fs::read_to_string(at.join("log")).unwrap_or_default();
        assert!(
            log.contains("Address already in use"),
            "sshd did not start:\n{log}"
        );
    }
    ready.then_some((server, port))
}

fn configuration(at: &Path, port: u16) -> String {
    let folder = at.display();
    let marker = marker(at);
    format!(
        "Port {port}\n\
         ListenAddress 127.0.0.1\n\
         HostKey {folder}/host\n\
         AuthorizedKeysFile {folder}/authorized\n\
         PidFile none\n\
         UsePAM no\n\
         PasswordAuthentication no\n\
         StrictModes no\n\
         PermitRootLogin yes\n\
         Subsystem sftp internal-sftp\n\
         MaxStartups 500\n\
         MaxSessions 500\n\
         SetEnv {marker} HOME={folder}\n\
         LogLevel VERBOSE\n"
    )
}

fn marker(at: &Path) -> String {
    format!("KILNBOX_TEST_BED={}", at.display())
}

fn greets(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut connection) = TcpStream::connect_timeout(&address, START) else {
        return false;
    };
    let mut greeting = [0; 4];
    connection.set_read_timeout(Some(START)).is_ok()
        && connection.read_exact(&mut greeting).is_ok()
        && &greeting == b"SSH-"
}

fn make_key(path: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(path)
        .stdin(Stdio::null())
        .status()
        .expect("`scripts/setup test` installs openssh-client");
    assert!(made.success(), "ssh-keygen: {made}");
}

fn user_name() -> String {
    User::from_uid(geteuid())
        .ok()
        .flatten()
        .expect("the user of this process has a name")
        .name
}
