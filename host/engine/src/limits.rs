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
/// Time one clean-up action may take before it is reported and left to `gc`, unless it asks for more.
pub const CLEANUP: Duration = Duration::from_secs(60);
/// Most that a clean-up action may ask for: a cloud takes some minutes to end an instance, and a person who waits longer
/// than this takes it for stuck.
pub const CLEANUP_MOST: Duration = Duration::from_secs(15 * 60);
/// Time one clean-up action has after a second signal, whatever it asks for.
pub const CLEANUP_HURRIED: Duration = Duration::from_secs(5);
/// How often `gc` goes through what a journal holds: an entry that another one stood in the way of is tried again.
pub const GC_PASSES: usize = 3;
/// Secrets shorter than this are announced and not redacted: replacing them would garble every text.
pub const SECRET_MIN: usize = 4;
/// Longest secret that is also found where a tool broke its base64 or hex into lines: keys and chains of certificates.
pub const SECRET_WRAPPED: usize = 8 * 1024;
/// JSON values in a component's schema. Kilnbox's own have up to 400.
pub const SCHEMA_VALUES: usize = 20_000;
/// Schemas in a component's schema once its references are followed: how often one value may be looked at.
pub const SCHEMA_SIZE: usize = 5_000;
/// How deep schemas may stand in and refer to one another.
pub const SCHEMA_DEPTH: usize = 64;
/// Patterns of a schema; each is compiled, which takes up to some milliseconds.
pub const SCHEMA_PATTERNS: usize = 100;
/// Bytes a compiled pattern may take: `\w{10}` takes 300 KiB.
pub const SCHEMA_PATTERN: usize = 512 * 1024;
/// Conditions (`if`) of a schema; each is compiled together with all definitions.
pub const SCHEMA_CONDITIONS: usize = 32;
