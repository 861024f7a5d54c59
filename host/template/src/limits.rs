//! How much a template may ask for: everything the crate bounds, in one place.
//!
//! A template may come from a stranger. Whatever it says, reading and expanding it ends well within a second and
//! 256 MiB. What counts is repetition: a text costs no more than its own length unless it uses `range`, `template`
//! or `{{user}}` to do something many times.

/// Steps one text may take, variables it brings in included: actions, function calls and turns of a `range`.
/// The longest boot commands take some hundreds; 100,000 steps take about 10 ms.
pub const STEPS: u64 = 100_000;

/// A function that reads or writes this many bytes counts as one step more: searching a long text is work too.
pub const BYTES_PER_STEP: usize = 256;

/// Bytes one text may produce, results of functions that are thrown away included. User data of a cloud is 16 KiB,
/// scripts in a variable are rarely more than 1 MiB.
pub const BYTES: u64 = 8 << 20;

/// How deep blocks and parentheses may run in one another, and templates and variables bring in one another. A level
/// takes 1 KiB of stack, one of a variable 4 KiB (measured, optimised): all of them fit half of a worker thread's 2 MiB.
pub const DEPTH: usize = 200;

/// How many variables may bring in one another. Packer gives up after as many passes.
pub const CHAIN: usize = 100;

/// How deep blocks and parentheses of one text may stand in one another. To read a level takes 2 KiB of stack.
pub const NESTING: usize = 100;

/// Pieces of one text: words, literals and signs inside `{{ }}`, and the texts between. A piece takes up to 200 bytes.
pub const PIECES: usize = 200_000;

/// Steps all texts of a template may take together before the build runs, beyond what their own length explains.
pub const STEPS_TOGETHER: u64 = 1_000_000;

/// Bytes all texts of a template may produce together before the build runs, beyond their own length.
pub const BYTES_TOGETHER: u64 = 32 << 20;

/// JSON values in one file. A value takes some 330 bytes while it is read, however short it is written.
pub const VALUES: usize = 500_000;

/// Problems reported of one template: who has more has a file of another kind, and nobody reads them.
pub const PROBLEMS: usize = 500;
