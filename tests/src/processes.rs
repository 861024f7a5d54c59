//! The processes of this machine, by descent and by an environment variable that marks them.

use std::{collections::BTreeMap, fs};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Every process below `ancestor`, children first in no other order.
pub fn descendants(ancestor: u32) -> Vec<u32> {
    let parents: BTreeMap<u32, u32> = ids().filter_map(|id| Some((id, parent(id)?))).collect();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(&above) = found.get(next) {
        found.extend(
            parents
                .iter()
                .filter(|(_, parent)| **parent == above)
                .map(|(id, _)| *id),
        );
        next += 1;
    }
    found.remove(0);
    found
}

/// Every process that was started with `marker`, such as `NAME=value`, in its environment, with its command line.
pub fn marked(marker: &str) -> Vec<(u32, String)> {
    ids()
        .filter(|id| {
            fs::read(format!("/proc/{id}/environ")).is_ok_and(|environment| {
                environment
                    .split(|byte| *byte == 0)
                    .any(|pair| pair == marker.as_bytes())
            })
        })
        .map(|id| (id, command_line(id)))
        .collect()
}

/// Every process whose command line holds `text`.
pub fn with_command_line(text: &str) -> Vec<(u32, String)> {
    ids()
        .map(|id| (id, command_line(id)))
        .filter(|(_, line)| line.contains(text))
        .collect()
}

/// Ends processes at once. Those that are gone already are no error.
pub fn end(ids: impl IntoIterator<Item = u32>) {
    for id in ids {
        let _ = kill(Pid::from_raw(id.cast_signed()), Signal::SIGKILL);
    }
}

fn ids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .expect("/proc is mounted")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name stands in parentheses and may hold anything; state and parent follow it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// The most memory that a program this one started has had so far, in bytes; none where it has ended.
///
/// A child that was started shares this program's memory for a moment, and that is not its own.
pub fn peak(id: u32) -> Option<u64> {
    let program = |process: &str| fs::read_link(format!("/proc/{process}/exe")).ok();
    // In this order: once it is another program, its memory is another's, too.
    if program(&id.to_string())? == program("self")? {
        return None;
    }
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

fn command_line(id: u32) -> String {
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}
