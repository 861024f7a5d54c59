//! The moto server: EC2, IAM and STS in memory, one set of things for each account and region.

use std::{
    collections::BTreeMap,
    fs, io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tempfile::TempDir;

use super::http::{Line, Request, Response, exchange};
use crate::{repository, until};

/// It imports for a second; a busy machine makes that many.
const START: Duration = Duration::from_secs(60);

/// A server. It ends when dropped.
#[derive(Debug)]
pub(super) struct Moto {
    folder: TempDir,
    server: Child,
    port: u16,
}

impl Moto {
    /// Starts a server that holds these images, in moto's form, in each region.
    pub(super) fn start(images: &str) -> Self {
        let folder = TempDir::with_prefix("kilnbox-test-moto-").expect("a temporary folder can be made");
        fs::write(folder.path().join("images.json"), images).expect("a file can be written");
        let (server, port) = until("a free port for moto", START, || try_start(folder.path()));
        Self { folder, server, port }
    }

    /// Sends a request of a client on, as one of this account.
    pub(super) fn forward(&self, account: &str, request: &Request) -> io::Result<Response> {
        let mut request = request.clone();
        request
            .headers
            .push(("x-moto-account-id".to_owned(), account.to_owned()));
        exchange(self.port, &request)
    }

    /// A call of the bed's own. Gives the XML of the answer, whatever it says.
    pub(super) fn call(
        &self,
        account: &str,
        region: &str,
        action: &str,
        parameters: &BTreeMap<String, String>,
    ) -> String {
        self.call_service("ec2", "2016-11-15", account, region, action, parameters)
    }

    /// As [`Self::call`], of another service.
    pub(super) fn call_service(
        &self,
        service: &str,
        version: &str,
        account: &str,
        region: &str,
        action: &str,
        parameters: &BTreeMap<String, String>,
    ) -> String {
        let request = Request {
            start: Line {
                method: "POST".to_owned(),
                path: "/".to_owned(),
            },
            headers: [
                ("Host", format!("{service}.{region}.amazonaws.com")),
                ("Content-Type", "application/x-www-form-urlencoded".to_owned()),
                (
                    "Authorization",
                    format!(
                        "AWS4-HMAC-SHA256 Credential=BED/20250101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=none"
                    ),
                ),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
            body: form(action, version, parameters).into_bytes(),
        };
        self.forward(account, &request)
            .unwrap_or_else(|error| panic!("moto does not answer to {action}: {error}"))
            .text()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().filter(|line| !line.contains("\" 200 -")).collect();
            let from = lines.len().saturating_sub(60);
            eprintln!("moto had written at the end:\n{}", lines[from..].join("\n"));
        }
    }
}

/// The body of a call.
pub(super) fn form(action: &str, version: &str, parameters: &BTreeMap<String, String>) -> String {
    let mut form = format!("Action={action}&Version={version}");
    for (name, value) in parameters {
        let [name, value] = [name, value].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
        form += &format!("&{name}={value}");
    }
    form
}

/// Starts a server on a port that is free now. None if another took the port first.
fn try_start(folder: &Path) -> Option<(Child, u16)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .ok()?
        .port();
    let program = repository().join("target/moto/bin/moto_server");
    let log = fs::File::create(folder.join("log")).expect("a file can be made");
    let mut server = Command::new(&program)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .env("MOTO_AMIS_PATH", folder.join("images.json"))
        // What is not there is refused, as AWS does.
        .env("MOTO_ENABLE_AMI_VALIDATION", "true")
        .env("MOTO_ENABLE_KEYPAIR_VALIDATION", "true")
        .env("MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION", "true")
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a descriptor can be copied"))
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "`{}`: {error}; `scripts/setup test` installs it",
                program.display()
            )
        });
    let ready = until("moto to answer or to end", START, || {
        if server.try_wait().expect("moto can be waited for").is_some() {
            return Some(false);
        }
        TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .is_ok()
            .then_some(true)
    });
    if !ready {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(log.contains("in use"), "moto did not start:\n{log}");
    }
    ready.then_some((server, port))
}
