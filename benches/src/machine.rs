//! Where the figures come from.

use std::{fmt, fs, process::Command};

use kilnbox_tests::{Kilnbox, repository};
use serde::Serialize;

/// The machine and the versions of all contenders.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    date: String,
    processor: String,
    cores: usize,
    memory_gib: u64,
    system: String,
    kernel: String,
    kilnbox: String,
    commit: String,
    packer: String,
    openssh: String,
}

impl Machine {
    pub(crate) fn describe() -> Self {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let field = |text: &str, name: &str, separator: char| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.trim().strip_prefix(separator))
                .unwrap_or("unknown")
                .trim()
                .trim_matches('"')
                .to_owned()
        };
        let kib: u64 = field(&memory, "MemTotal", ':')
            .split(' ')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0);
        let mut commit = Command::new("git");
        commit
            .current_dir(repository())
            .args(["describe", "--always", "--dirty"]);
        Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            processor: field(&processors, "model name", ':'),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: kib.div_ceil(1024 * 1024),
            system: field(&system, "PRETTY_NAME", '='),
            kernel: said(Command::new("uname").arg("-r")),
            kilnbox: said(Command::new(Kilnbox::binary()).arg("--version")),
            commit: said(&mut commit),
            packer: said(
                Command::new("packer")
                    .arg("version")
                    .env("CHECKPOINT_DISABLE", "1"),
            ),
            openssh: said(Command::new("ssh").arg("-V")),
        }
    }
}

/// The first line that a program says.
fn said(command: &mut Command) -> String {
    let answer = command
        .output()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let text = if answer.stdout.is_empty() {
        answer.stderr
    } else {
        answer.stdout
    };
    String::from_utf8_lossy(&text)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}, {} against {} and {}\n{} cores of {}, {} GiB, {}, Linux {}",
            self.kilnbox,
            self.commit,
            self.date,
            self.packer,
            self.openssh,
            self.cores,
            self.processor,
            self.memory_gib,
            self.system,
            self.kernel
        )
    }
}
