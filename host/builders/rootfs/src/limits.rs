//! Every bound on what a container may do to this side, in one place (invariant 10).
//!
//! The agent is ours, but it runs among the container's processes, as root beside root: one of them may stop it or speak
//! in its place. Frames are bounded by [`crate::wire::FRAME_MAX`]; a command may run and be silent as long as it likes.

use std::time::Duration;

/// Longest time in which the agent takes or gives nothing of a transfer.
pub(crate) const STALLED: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 600 });
/// Bytes of what the agent says about a failure.
pub(crate) const SAID: usize = 4 * 1024;
/// Letters and digits of the name of a signal.
pub(crate) const SIGNAL_NAME: usize = 16;
/// Bytes of a path in an archive: what Linux takes.
pub(crate) const PATH: usize = 4096;
/// Names in an archive; twice as many as a large disk is made for.
pub(crate) const ENTRIES: u64 = if cfg!(test) { 10_000 } else { 32 * 1024 * 1024 };
/// Bytes of headers of an archive, long names included, between two entries.
pub(crate) const HEADERS: u64 = 1024 * 1024;
