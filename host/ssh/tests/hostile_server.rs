//! The communicator against servers that do what no server may: bounded, refused in words, this machine untouched.
//!
//! The servers speak SSH through the library and lie above it: SFTP answers and archives are written byte by byte.
//! Servers that say nothing any more are met in `src/silence.rs`, where they are left sooner.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "clippy knows tests by their attribute, and the bed's functions have none"
)]

mod hostile_server {
    pub(crate) mod archives;
    pub(crate) mod bed;
    pub(crate) mod commands;
    pub(crate) mod connections;
    pub(crate) mod files;
    pub(crate) mod packets;
    pub(crate) mod server;
    pub(crate) mod trees;
    pub(crate) mod uploads;
}
