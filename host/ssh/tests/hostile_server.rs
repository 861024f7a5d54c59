//! The communicator against servers that do what no server may: bounded, refused in words, this machine untouched.
//!
//! The servers speak SSH through the library and lie above it: SFTP answers and archives are written byte by byte.
//! Servers that say nothing any more are met in `src/silence.rs`, where they are left sooner.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "clippy knows tests by their attribute, and the bed's functions have none"
)]

#[path = "hostile_server/archives.rs"]
mod archives;
#[path = "hostile_server/bed.rs"]
mod bed;
#[path = "hostile_server/commands.rs"]
mod commands;
#[path = "hostile_server/connections.rs"]
mod connections;
#[path = "hostile_server/files.rs"]
mod files;
#[path = "hostile_server/packets.rs"]
mod packets;
#[path = "hostile_server/server.rs"]
mod server;
#[path = "hostile_server/trees.rs"]
mod trees;
#[path = "hostile_server/uploads.rs"]
mod uploads;
