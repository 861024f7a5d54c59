//! What all jobs share: one `sshd`, one Kilnbox, one Packer, and the command lines of OpenSSH's tools.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use kilnbox_tests::{Kilnbox, Packer, SshBed, relay};
use serde_json::{Value as Json, json};

/// Round trip of the delayed mode.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(40);

pub(crate) struct Bed {
    pub(crate) ssh: SshBed,
    kilnbox: Kilnbox,
    packer: Packer,
    /// The same server, [`ROUND_TRIP`] away.
    far: u16,
    /// The same server, twice as far away.
    farther: u16,
    rounds: Option<usize>,
}

impl Bed {
    pub(crate) fn new(rounds: Option<usize>) -> Self {
        let ssh = SshBed::start();
        let far = relay(ssh.port(), ROUND_TRIP);
        let farther = relay(ssh.port(), ROUND_TRIP * 2);
        Self {
            ssh,
            kilnbox: Kilnbox::new(),
            packer: Packer::new(),
            far,
            farther,
            rounds,
        }
    }

    /// The job's own number of rounds, or what the user asked for.
    pub(crate) fn rounds(&self, of_the_job: usize) -> usize {
        self.rounds.unwrap_or(of_the_job)
    }

    /// Where templates and what they name are.
    pub(crate) fn local(&self, name: &str) -> PathBuf {
        self.ssh.local().join(name)
    }

    /// Where things land on the instance.
    pub(crate) fn instance(&self, name: &str) -> PathBuf {
        self.ssh.instance().join(name)
    }

    pub(crate) fn near(&self) -> u16 {
        self.ssh.port()
    }

    pub(crate) fn far(&self) -> u16 {
        self.far
    }

    pub(crate) fn farther(&self) -> u16 {
        self.farther
    }

    /// A `null` builder for the server at a port.
    pub(crate) fn builder(&self, port: u16) -> Json {
        let mut builder = self.ssh.builder();
        builder["ssh_port"] = json!(port);
        builder
    }

    /// Writes a template of one builder and returns its name.
    pub(crate) fn template(&self, name: &str, builder: Json, provisioners: &[Json]) -> String {
        self.write(
            name,
            &json!({ "builders": [builder], "provisioners": provisioners }),
        )
    }

    pub(crate) fn write(&self, name: &str, template: &Json) -> String {
        let name = format!("{name}.json");
        fs::write(self.local(&name), template.to_string()).expect("a template can be written");
        name
    }

    pub(crate) fn kilnbox(&self, arguments: &[&str]) -> Command {
        let mut command = self.kilnbox.command(&self.ssh.local());
        command.args(arguments);
        command
    }

    pub(crate) fn packer(&self, arguments: &[&str]) -> Command {
        let mut command = self.packer.command(&self.ssh.local());
        command.args(arguments);
        command
    }

    /// `ssh` with a command line for the instance.
    pub(crate) fn ssh(&self, port: u16, line: &str) -> Command {
        let mut command = self.tool("ssh", "-p", port);
        command.arg("root@127.0.0.1").arg(line);
        command
    }

    /// `scp` between two paths, of which one begins with `instance:`.
    pub(crate) fn scp(&self, port: u16, from: &str, to: &str) -> Command {
        let mut command = self.tool("scp", "-P", port);
        command
            .args(["-q", "-r"])
            .args([from, to].map(|path| path.replace("instance:", "root@127.0.0.1:")));
        command
    }

    /// A remote file's bytes, thrown away on arrival.
    pub(crate) fn discard(&self, port: u16, file: &Path) -> Command {
        let mut command = Command::new("sh");
        let ssh = words(&self.tool("ssh", "-p", port));
        command.arg("-c").arg(format!(
            "{ssh} root@127.0.0.1 \"cat '{}'\" >/dev/null",
            file.display()
        ));
        command
    }

    /// A local folder packed by `tar`, unpacked by `tar` on the instance.
    pub(crate) fn tar(&self, port: u16, from: &Path, to: &Path) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!(
            "tar -C '{}' -cf - . | {} root@127.0.0.1 \"mkdir -p '{to}' && tar -C '{to}' -xf -\"",
            from.display(),
            words(&self.tool("ssh", "-p", port)),
            to = to.display()
        ));
        command
    }

    fn tool(&self, name: &str, port_flag: &str, port: u16) -> Command {
        let mut command = Command::new(name);
        command.args(["-F", "none", port_flag, &port.to_string(), "-i"]);
        command.arg(self.ssh.key());
        for option in [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "BatchMode=yes",
        ] {
            command.args(["-o", option]);
        }
        command
    }
}

/// A command as a line for a shell; nothing in it needs quotes.
fn words(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}
