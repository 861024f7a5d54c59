//! Every bound on a component, in one struct (invariant 10).
//!
//! The defaults are documented field by field; a test in this crate proves each that can be reached by a guest. What
//! is refused for going over a limit is an error with the code `limit` or a trap, never a panic of the host.

use std::time::Duration;

/// What one run of one component may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of the component before it is compiled, in bytes.
    pub component_size: usize,
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
    /// Bytes that one `read` of an asset or output gives.
    pub read: u32,
    /// Files of one archive.
    pub archive_entries: usize,
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
    /// Components that are compiled at the same time.
    pub compilations: usize,
}

/// How often the engine looks at guests that compute. Limits of processor time are as exact as this.
pub(crate) const TICK: Duration = Duration::from_millis(10);

impl Default for Limits {
    fn default() -> Self {
        Self {
            component_size: 64 * MIB,
            memory: 256 * MIB,
            instances: 64,
            tables: 64,
            table_elements: 100_000,
            memories: 16,
            call_bytes: 4 * MIB,
            handles: 1024,
            random_bytes: 64 * 1024,
            cpu: Duration::from_secs(60),
            question: Duration::from_secs(10),
            lock: Duration::from_secs(60),
            message: 8 * 1024,
            messages_per_second: 1000,
            message_burst: 2000,
            messages_total: 16 * MIB,
            stderr_tail: 64 * 1024,
            capture: 16 * MIB,
            read: 1024 * 1024,
            archive_entries: 10_000,
            found_files: 10_000,
            schema: MIB,
            diagnostics: 100,
            removal: Duration::from_secs(10),
            removals: Duration::from_secs(30),
            compilations: 2,
        }
    }
}

const MIB: usize = 1024 * 1024;
