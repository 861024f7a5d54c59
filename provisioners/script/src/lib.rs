//! What `shell` and `shell-local` share: scripts, environments and exit codes.
//!
//! `shell` runs scripts on the instance, `shell-local` on the host, as a provisioner and as a post-processor. The
//! texts are those that Packer's users know. Everything but [`local`] is pure.

mod environment;
mod exit;
mod inline;
pub mod local;
mod options;

pub use environment::{EnvVarFormat, Environment};
pub use exit::{DISCONNECTED, check_exit_code, exit_code};
pub use inline::inline_text;
pub use options::{ScriptOptions, environment_problems};
