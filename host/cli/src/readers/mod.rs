//! Readers of the event stream: a person's terminal, JSON lines, Packer's machine-readable lines, and log files.
//!
//! What Packer's users know word by word stands in [`phrases`], once for the terminal and for machines.

mod closing;
mod json;
mod log_files;
mod machine;
mod phrases;
mod progress;
mod stream;
mod terminal;

#[cfg(test)]
pub(crate) mod script;

pub(crate) use json::Json;
pub(crate) use log_files::LogFiles;
pub(crate) use machine::{Machine, record};
pub(crate) use terminal::{Look, Terminal};
