//! Every bound on what crosses into the engine, in one place (invariant 10).

use std::time::Duration;

/// Largest chunk of a command's output, in bytes.
pub const OUTPUT_CHUNK: usize = 64 * 1024;
/// Longest line of guest or instance text that a reader sees; the rest is cut and counted.
pub const TEXT_LINE: usize = 64 * 1024;
/// Longest text of one event, likewise.
pub const TEXT: usize = 1024 * 1024;
/// Events waiting for a reader; when full, the one who emits waits.
pub const EVENT_QUEUE: usize = 4096;
/// How long one event waits for a reader that does not read. Then the reader misses events, and the builds go on. Also
/// how long the end of a run waits for a reader that takes nothing.
pub const READER_WAIT: Duration = if cfg!(test) {
    Duration::from_millis(200)
} else {
    Duration::from_secs(10)
};
/// How long a slow reader may hold up a run in all.
pub const READER_DELAY: Duration = Duration::from_secs(300);
/// Missed events that a reader still gets, because they say how the run went: of some hundred builds.
pub const EVENTS_KEPT: usize = 1000;
/// Acts of one run of a component that are told; further ones are counted.
pub const ACTS: u64 = 10_000;
/// Files of a transferred folder that are told one by one; its digest is of all.
pub const TREE_ENTRIES: usize = 256;
/// Time a cancelled step has to end by itself before its store is dropped (invariant 12).
pub const GRACE: Duration = Duration::from_secs(1);
/// Time a runner has beyond [`GRACE`] to remove a step's temporary files from the instance (invariant 12); longer than
/// the sandbox's own bound for that. The engine's own tests, whose steps leave nothing, do without.
pub const TIDY: Duration = if cfg!(test) {
    Duration::ZERO
} else {
    Duration::from_secs(35)
};
/// Time one clean-up action may take before it is reported and left to `gc`.
pub const CLEANUP: Duration = Duration::from_secs(60);
/// The same after a second signal.
pub const CLEANUP_HURRIED: Duration = Duration::from_secs(5);
/// Secrets shorter than this are announced and not redacted: replacing them would garble every text.
pub const SECRET_MIN: usize = 4;
