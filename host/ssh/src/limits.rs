//! Every bound on what an instance may do to this side over SSH, in one place (invariant 10).
//!
//! A server that stays silent is left after a while, and one that talks without end finds something that is full. What
//! only makes things fast (chunks, jobs, requests in flight) stands where it is used. A command may run and be silent
//! as long as it likes: its end is the user's `timeout`.

use std::time::Duration;

/// Seconds; this crate's own tests wait less long for servers that say nothing.
const fn seconds(usual: u64, in_tests: u64) -> Duration {
    Duration::from_secs(if cfg!(test) { in_tests } else { usual })
}

/// Longest time for a TCP connection.
pub(crate) const DIAL: Duration = Duration::from_secs(15);
/// Longest time for key exchange and login, banners and questions included.
pub(crate) const HANDSHAKE: Duration = seconds(60, 5);
/// Longest time to open a channel, or to say that a command or a subsystem starts on it.
pub(crate) const OPEN: Duration = seconds(60, 2);
/// Longest time for one SFTP request, with everything before it in the queue.
pub(crate) const REQUEST: Duration = seconds(120, 3);
/// Longest time in which a program at the far end of a transfer takes or gives nothing.
pub(crate) const STALLED: Duration = seconds(600, 4);
/// Longest time to end what runs on a connection: the login shell may be slow to start, and the script waits a second
/// between TERM and KILL.
pub(crate) const SWEEP: Duration = seconds(20, 2);
/// Longest time for the commands that were given up to end, the sweep's own limit and a little more.
pub(crate) const ENDING: Duration = seconds(24, 3);
/// Longest time to remove the temporary key from two files.
pub(crate) const CLEAR: Duration = Duration::from_secs(60);
/// Longest time to say goodbye; a connection that nobody uses any more is cut then.
pub(crate) const GOODBYE: Duration = Duration::from_secs(2);

/// Connections to one instance; OpenSSH gives each ten sessions by default.
pub(crate) const LINKS: usize = 8;
/// Keys of an agent that are offered. Servers end the connection after six refusals by default.
pub(crate) const AGENT_KEYS: usize = 16;
/// Rounds of questions of a keyboard-interactive login that are answered.
pub(crate) const ROUNDS: usize = 4;

/// Bytes a channel may be behind, and a little more than a fast link holds in flight.
pub(crate) const WINDOW: u32 = 8 * 1024 * 1024;
/// Largest packet of a channel; what OpenSSH sends.
pub(crate) const PACKET: u32 = 32 * 1024;
/// Messages a channel holds that nobody has read: as many packets as the window. A server that goes on all the same
/// stops its own connection.
pub(crate) const MESSAGES: usize = (WINDOW / PACKET) as usize;

/// Bytes of what an instance says about a failure.
pub(crate) const SAID: usize = 4 * 1024;
/// Letters and digits of the name of a signal.
pub(crate) const SIGNAL: usize = 16;

/// Largest packet of SFTP; what OpenSSH takes.
pub(crate) const SFTP_PACKET: u32 = 256 * 1024;
/// Bytes of a handle (draft-ietf-secsh-filexfer-02, 6.2).
pub(crate) const HANDLE: usize = 256;
/// Bytes of a path: what Linux takes, and the end of directories in directories without end.
pub(crate) const PATH: usize = 4096;
/// Longest file that there can be; what Linux takes.
pub(crate) const FILE: u64 = i64::MAX as u64;
/// Bytes of a file that is said to have none, as those in `/proc` are.
pub(crate) const UNANNOUNCED: u64 = if cfg!(test) {
    1024 * 1024
} else {
    1024 * 1024 * 1024
};

/// Names in a tree, with those that are left out; twice as many as a large disk is made for.
pub(crate) const ENTRIES: u64 = if cfg!(test) { 10_000 } else { 32 * 1024 * 1024 };
/// Bytes of all directories of a tree, which are remembered until their content is written: half a million directories,
/// each 100 bytes of path.
pub(crate) const FOLDERS: usize = if cfg!(test) {
    1024 * 1024
} else {
    128 * 1024 * 1024
};
/// What a directory costs beside its name.
pub(crate) const FOLDER: usize = 128;
/// Bytes of headers of an archive, long names included, between two entries.
pub(crate) const HEADERS: u64 = 1024 * 1024;
/// Bytes of padding behind the end of an archive; `tar` writes 10 KiB at once unless it is told otherwise.
pub(crate) const PADDING: u64 = 1024 * 1024;
