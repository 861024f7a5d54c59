//! Every bound on a component, in one struct (invariant 10).
//!
//! The defaults are documented field by field here and, with the test that proves each, in SPECIFICATION.md. Those that
//! a user may change in `kilnbox.toml` have a name and a ceiling in [`settings`]. What goes over a limit is refused or
//! ends the step, never the host: [`Reached`] says which limit it was.

mod reached;
mod settings;

use std::time::Duration;

pub(crate) use reached::Reached;
pub use settings::{Setting, Unit};

/// What one run of one component may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of the component before it is compiled, in bytes.
    pub component_size: usize,
    /// Wall-clock time of compiling it.
    pub compile_time: Duration,
    /// Memory of the process that compiles it, in bytes.
    pub compile_memory: u64,
    /// Memory in bytes: all linear memories and the host's buffers together.
    pub memory: usize,
    /// Core module instances.
    pub instances: usize,
    /// Tables.
    pub tables: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Linear memories.
    pub memories: usize,
    /// Bytes that one call may carry from the guest to the host.
    pub call_bytes: usize,
    /// Handles to resources of the host that are held at the same time.
    pub handles: usize,
    /// Random bytes that one call of WASI gives.
    pub random_bytes: u64,
    /// Time on the processor; time spent waiting for the instance does not count.
    pub cpu: Duration,
    /// Wall-clock time of one try, waiting included. The template's `timeout` is often shorter.
    pub wall: Duration,
    /// Wall-clock time of `describe` and `validate`.
    pub question: Duration,
    /// Wall-clock time of an output's lock being waited for.
    pub lock: Duration,
    /// One message to the person who watches, in bytes; the rest is cut.
    pub message: usize,
    /// Messages per second; more are counted and suppressed.
    pub messages_per_second: u32,
    /// Messages that may come at once.
    pub message_burst: u32,
    /// Bytes of all messages of one run; what follows is suppressed.
    pub messages_total: usize,
    /// Bytes of the guest's standard error that are kept for the report of a crash.
    pub stderr_tail: usize,
    /// Bytes of captured output, for each of standard output and standard error.
    pub capture: usize,
    /// Commands that are followed by the guest itself at the same time.
    pub processes: usize,
    /// Bytes that one `read` of an asset or output gives.
    pub read: u32,
    /// Length of a path or of the name of an archive's entry, in bytes.
    pub path: usize,
    /// Bytes written to local files: outputs, downloads and archives together.
    pub written_bytes: u64,
    /// Local files and folders made.
    pub written_files: u64,
    /// Files of one archive.
    pub archive_entries: usize,
    /// Digests of one file that are computed at once.
    pub digests: usize,
    /// Local files that one run may find by pattern or by a rendered path.
    pub found_files: usize,
    /// JSON text of a schema, in bytes.
    pub schema: usize,
    /// Diagnostics of one `validate`.
    pub diagnostics: usize,
    /// Time for removing one temporary file from the instance.
    pub removal: Duration,
    /// Time for removing everything that one run left on the instance.
    pub removals: Duration,
}

/// Components that are compiled at the same time, by the whole program.
pub(crate) const COMPILATIONS: usize = 2;
/// How often the engine looks at guests that compute. Limits of processor time are as exact as this.
pub(crate) const TICK: Duration = Duration::from_millis(10);

impl Default for Limits {
    /// For a stranger's component.
    fn default() -> Self {
        Self {
            component_size: 64 * MIB,
            compile_time: MINUTE.saturating_mul(5),
            compile_memory: 2 * GIB,
            memory: 256 * MIB,
            instances: 64,
            tables: 64,
            table_elements: 100_000,
            memories: 16,
            call_bytes: 4 * MIB,
            handles: 1024,
            random_bytes: 64 * 1024,
            cpu: MINUTE,
            wall: Duration::from_secs(6 * HOUR),
            question: Duration::from_secs(10),
            lock: MINUTE,
            message: 8 * 1024,
            messages_per_second: 1000,
            message_burst: 2000,
            messages_total: 16 * MIB,
            stderr_tail: 64 * 1024,
            capture: 16 * MIB,
            processes: 16,
            read: 1024 * 1024,
            path: 4096,
            written_bytes: 16 * GIB,
            written_files: 100_000,
            archive_entries: 10_000,
            digests: 16,
            found_files: 10_000,
            schema: MIB,
            diagnostics: 100,
            removal: Duration::from_secs(10),
            removals: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// For Kilnbox's own components. A step of a template that needs a day, or that fetches a disk image, needs no
    /// permission of anybody: their time and their files are bounded by what could never be meant.
    pub fn own() -> Self {
        Self {
            wall: Duration::from_secs(30 * DAY),
            written_bytes: 1 << 50,
            written_files: 100_000_000,
            ..Self::default()
        }
    }
}

const MIB: usize = 1024 * 1024;
const GIB: u64 = 1 << 30;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
