//! What the program's exit code says.
//!
//! Scripts written for Packer test for zero and not zero; that stays true. Packer uses 1 for everything else. Kilnbox
//! tells a wrong command line apart, as most programs do.

/// Everything that was asked for was done.
pub(crate) const SUCCESS: u8 = 0;
/// A build did not succeed, the template or `kilnbox.toml` is wrong, the run was cancelled, or something is left that
/// `kilnbox gc` could not remove.
pub(crate) const FAILURE: u8 = 1;
/// The command line makes no sense (Packer: 1). Same as clap's.
pub(crate) const USAGE: u8 = 2;
/// `fmt -check` found a file that is laid out differently, as Packer's `fmt` has it.
pub(crate) const UNFORMATTED: u8 = 3;
/// A third signal ended the program before its clean-up was done: 128 and SIGINT's number, as shells have it.
/// `kilnbox gc` finishes what was left.
pub(crate) const INTERRUPTED: u8 = 130;
