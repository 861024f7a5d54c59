//! Files of the web over TLS, served by the `openssl` program.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use super::Certificates;
use crate::until;

const START: Duration = Duration::from_secs(20);

/// A folder that is served, and the authority behind its certificate. It ends when dropped.
#[derive(Debug)]
pub struct Files {
    folder: TempDir,
    certificates: Certificates,
    server: Child,
    port: u16,
}

impl Files {
    /// Serves an empty folder.
    pub fn start() -> Self {
        let folder = TempDir::with_prefix("kilnbox-test-files-").expect("a temporary folder can be made");
        let certificates = Certificates::make(folder.path());
        let (server, port) = until("a free port for openssl", START, || try_start(&folder));
        Self {
            folder,
            certificates,
            server,
            port,
        }
    }

    /// The address of a file with this content.
    pub fn put(&self, name: &str, content: &[u8]) -> String {
        fs::write(self.folder.path().join(name), content).expect("a file can be written");
        format!("https://localhost:{}/{name}", self.port)
    }

    /// The authority behind its certificate.
    pub fn authority(&self) -> PathBuf {
        self.certificates.authority()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn try_start(folder: &TempDir) -> Option<(Child, u16)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .ok()?
        .port();
    let mut server = Command::new("openssl")
        .args([
            "s_server",
            "-quiet",
            "-WWW",
            "-cert",
            "server.pem",
            "-key",
            "server.key",
            "-accept",
        ])
        .arg(format!("127.0.0.1:{port}"))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("`scripts/setup test` installs openssl");
    let ready = until("openssl to answer or to end", START, || {
        if server.try_wait().expect("it can be waited for").is_some() {
            return Some(false);
        }
        TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .is_ok()
            .then_some(true)
    });
    ready.then_some((server, port))
}
