//! A real registry on loopback, Debian's `docker-registry`: over TLS, with a password, and with its files in reach.
//!
//! What it serves is honest; what no honest registry would serve comes from [`Web`].

mod certificates;
mod files;
mod web;

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use tempfile::TempDir;

use crate::until;

pub use certificates::Certificates;
pub use files::Files;
pub use web::{Reply, Request, Web};

/// It reads its configuration and listens well within this.
const START: Duration = Duration::from_secs(20);

const USER: &str = "kilnbox";
const PASSWORD: &str = "open sesame";
/// The password as bcrypt has it, the only form that the registry reads.
const HTPASSWD: &str = "kilnbox:$2y$05$4VQerhiXC7q6HUjwyAfco.FLDzi1asyW.xRph4sowq0cLb.RWjUem\n";

/// A registry with a port, certificates and storage of its own. It ends when dropped.
#[derive(Debug)]
pub struct Registry {
    folder: TempDir,
    certificates: Certificates,
    server: Child,
    port: u16,
}

impl Registry {
    /// Starts one that lets nobody in but who knows the password.
    pub fn start() -> Self {
        Self::with("")
    }

    /// Starts one that sends who wants a blob on to another place, as those in clouds do.
    pub fn sending_on(to: &str) -> Self {
        Self::with(&format!(
            "middleware: {{ storage: [{{ name: redirect, options: {{ baseurl: '{to}' }} }}] }}\n"
        ))
    }

    /// Starts one with these lines at the end of its configuration.
    fn with(lines: &str) -> Self {
        let folder = TempDir::with_prefix("kilnbox-test-registry-").expect("a temporary folder can be made");
        let at = folder.path();
        let certificates = Certificates::make(at);
        fs::write(at.join("htpasswd"), HTPASSWD).expect("a file can be written");
        let (server, port) = until("a free port for docker-registry", START, || try_start(at, lines));
        let registry = Self {
            folder,
            certificates,
            server,
            port,
        };
        registry.write_credentials();
        registry
    }

    /// The name in sources: host and port.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The authority behind its certificate.
    pub fn authority(&self) -> PathBuf {
        self.certificates.authority()
    }

    /// A folder for `DOCKER_CONFIG`, as `docker login` leaves it.
    pub fn docker_config(&self) -> PathBuf {
        self.folder.path().join("docker")
    }

    /// Takes a tag away, as a registry's owner can.
    pub fn forget_tag(&self, repository: &str, tag: &str) {
        let tags = self
            .storage()
            .join("repositories")
            .join(repository)
            .join("_manifests/tags");
        fs::remove_dir_all(tags.join(tag)).expect("the tag is there");
    }

    /// Takes all that was ever pushed away, tags too.
    pub fn forget_everything(&self) {
        fs::remove_dir_all(self.storage()).expect("something was pushed");
    }

    /// Puts a blob into a repository without looking at it.
    pub fn put_blob(&self, repository: &str, bytes: &[u8], digest: &str) {
        let session = self.curl(
            &["-X", "POST", "-D", "-"],
            &format!("{repository}/blobs/uploads/"),
            b"",
        );
        let location = session
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("location"))
            .map(|(_, location)| location)
            .unwrap_or_else(|| panic!("no place to upload to:\n{session}"))
            .trim();
        let joint = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{joint}digest={digest}");
        let kind = "Content-Type: application/octet-stream";
        self.curl_url(&["-X", "PUT", "-H", kind, "--data-binary", "@-"], &url, bytes);
    }

    /// Puts a manifest under a tag without looking at it.
    pub fn put_manifest(&self, repository: &str, tag: &str, manifest: &[u8]) {
        let kind = "Content-Type: application/vnd.oci.image.manifest.v1+json";
        let path = format!("{repository}/manifests/{tag}");
        self.curl(&["-X", "PUT", "-H", kind, "--data-binary", "@-"], &path, manifest);
    }

    /// A command with what it needs to be let in: the authority and the credentials.
    pub fn known_to<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("KILNBOX_CA_FILE", self.authority())
            .env("DOCKER_CONFIG", self.docker_config())
    }

    fn curl(&self, arguments: &[&str], path: &str, input: &[u8]) -> String {
        let url = format!("https://{}/v2/{path}", self.host());
        self.curl_url(arguments, &url, input)
    }

    fn curl_url(&self, arguments: &[&str], url: &str, input: &[u8]) -> String {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--user"])
            .arg(format!("{USER}:{PASSWORD}"))
            .arg("--cacert")
            .arg(self.authority())
            .args(arguments)
            .arg(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = curl.spawn().expect("`scripts/setup test` installs curl");
        let mut pipe = child.stdin.take().expect("standard input is piped");
        std::io::Write::write_all(&mut pipe, input).expect("curl reads its input");
        drop(pipe);
        let output = child.wait_with_output().expect("curl ends");
        assert!(
            output.status.success(),
            "curl {url}: {}\n{}",
            output.status,
            self.log()
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn write_credentials(&self) {
        let folder = self.docker_config();
        fs::create_dir(&folder).expect("a folder can be made");
        let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let config = json!({ "auths": { self.host(): { "auth": auth } } });
        fs::write(folder.join("config.json"), config.to_string()).expect("a file can be written");
    }

    fn storage(&self) -> PathBuf {
        self.folder.path().join("storage/docker/registry/v2")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        if std::thread::panicking() {
            eprintln!("docker-registry had written:\n{}", self.log());
        }
    }
}

/// Starts a registry on a port that is free now. None if another took the port first.
fn try_start(at: &Path, lines: &str) -> Option<(Child, u16)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .ok()?
        .port();
    let config = at.join("config.yml");
    fs::write(&config, configuration(at, port) + lines).expect("the configuration can be written");
    let log = fs::File::create(at.join("log")).expect("a file can be made");
    let mut server = Command::new("docker-registry")
        .arg("serve")
        .arg(&config)
        .env("OTEL_TRACES_EXPORTER", "none")
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file can be shared"))
        .stderr(log)
        .spawn()
        .expect("`scripts/setup test` installs docker-registry");
    let ready = until("docker-registry to answer or to end", START, || {
        if server.try_wait().expect("it can be waited for").is_some() {
            return Some(false);
        }
        TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .is_ok()
            .then_some(true)
    });
    if !ready {
        let log = fs::read_to_string(at.join("log")).unwrap_or_default();
        assert!(
            log.contains("address already in use"),
            "docker-registry did not start:\n{log}"
        );
    }
    ready.then_some((server, port))
}

fn configuration(at: &Path, port: u16) -> String {
    let folder = at.display();
    format!(
        "version: 0.1\n\
         log: {{ level: warn, accesslog: {{ disabled: true }} }}\n\
         storage: {{ filesystem: {{ rootdirectory: {folder}/storage }} }}\n\
         auth: {{ htpasswd: {{ realm: kilnbox-test, path: {folder}/htpasswd }} }}\n\
         http:\n\
         \u{20} addr: 127.0.0.1:{port}\n\
         \u{20} secret: of-this-test\n\
         \u{20} tls: {{ certificate: {folder}/server.pem, key: {folder}/server.key }}\n"
    )
}
