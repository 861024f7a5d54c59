//! One program run, measured from outside: wall clock, processor time and peak memory.
//!
//! Processor time and memory are the kernel's figures for the program and all the children it waited for; a program's
//! `sshd` is not among them. Peak memory is that of the largest process, which flatters a program of several, as
//! Packer is. The kernel counts no less for a child than this program itself had when it started it, some 22 MiB at
//! most, so that small programs look larger than they are.

use std::{
    fs::{self, File},
    io::{Read as _, Seek as _},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use kilnbox_tests::Usage;
use wait4::Wait4 as _;

/// Runs a program that must succeed.
pub(crate) fn run(mut command: Command) -> Usage {
    // Files, since a pipe that nobody empties would hold the program up.
    let mut said = tempfile::tempfile().expect("a temporary file can be made");
    let to = |file: &File| Stdio::from(file.try_clone().expect("a file can be shared"));
    command.stdin(Stdio::null()).stdout(to(&said)).stderr(to(&said));
    let begun = Instant::now();
    let child = command
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let used = child.wait4().expect("a child can be waited for");
    let wall = begun.elapsed();
    if !used.status.success() {
        let mut text = String::new();
        let _ = said.rewind().and_then(|()| said.read_to_string(&mut text));
        panic!("{command:?}: {}\n{text}", used.status);
    }
    Usage::new(wall, &used.rusage)
}

/// Runs a program that must succeed, and returns the most memory that it and all its descendants held at one time: the
/// sum of their proportional set sizes, looked at every [`LOOK`]. A page that several of them share counts once.
pub(crate) fn all_processes(mut command: Command) -> u64 {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let mut most = 0;
    loop {
        let status = child.try_wait().expect("a child can be waited for");
        if let Some(status) = status {
            assert!(status.success(), "{command:?}: {status}");
            return most;
        }
        most = most.max(descendants(child.id()).into_iter().filter_map(proportional).sum());
        thread::sleep(LOOK);
    }
}

/// Between two looks at a program's memory.
const LOOK: Duration = Duration::from_millis(10);

/// A process and all that it or its children started and that still run.
fn descendants(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(process) = found.get(next).copied() {
        next += 1;
        let threads = fs::read_dir(format!("/proc/{process}/task"))
            .into_iter()
            .flatten()
            .flatten();
        for thread in threads {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            found.extend(
                children
                    .split_whitespace()
                    .filter_map(|id| id.parse::<u32>().ok()),
            );
        }
    }
    found
}

/// Bytes of a process, its part of shared pages included; none where it has ended.
fn proportional(process: u32) -> Option<u64> {
    let maps = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = maps.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// The middle value; of an even number, the lower of the two middle ones.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}
