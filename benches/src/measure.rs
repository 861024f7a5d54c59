//! One program run, measured from outside: wall clock, processor time and peak memory.
//!
//! Processor time and memory are the kernel's figures for the program and all the children it waited for; a program's
//! `sshd` is not among them. Peak memory is that of the largest process, which flatters a program of several, as
//! Packer is. The kernel counts no less for a child than this program itself had when it started it, some 22 MiB at
//! most, so that small programs look larger than they are.

use std::{
    fs::File,
    io::{Read as _, Seek as _},
    process::{Command, Stdio},
    time::Instant,
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

/// The middle value; of an even number, the lower of the two middle ones.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}
