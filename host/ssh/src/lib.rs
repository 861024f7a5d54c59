//! The SSH communicator: how a build reaches an instance that runs an SSH server.
//!
//! [`SshOptions`] reads the `ssh_*` options that every builder with an instance shares, [`StepConnect`] is the
//! builder step that connects with them, and [`SshCommunicator`] is what the steps then work through. Only this crate
//! knows russh. Whatever the server sends is hostile: lengths are bounded, names are checked, channels it opens are
//! refused.

mod ahead;
mod algorithms;
mod authenticate;
mod communicator;
mod connect;
mod credentials;
mod error;
mod exec;
mod generate;
mod handler;
mod instance;
mod limits;
mod link;
mod links;
pub mod offline;
mod options;
mod quote;
mod said;
mod schema;
mod sftp;
#[cfg(test)]
mod silence;
mod socket;
mod step_cleanup_temp_keys;
mod step_connect;
mod sweep;
mod temporary_key;
mod transfer;

pub use communicator::SshCommunicator;
pub use credentials::{AgentAuth, PrivateKey};
pub use error::ConnectError;
pub use generate::{GeneratedKey, KeyType, generate_key};
pub use instance::InstanceSlot;
pub use options::{CommunicatorKind, SshOptions, asks_for_something, duration, locate};
pub use schema::{NOT_BUILT, instance_schema_properties, schema, schema_properties};
pub use step_cleanup_temp_keys::StepCleanupTempKeys;
pub use step_connect::StepConnect;
pub use temporary_key::TemporaryKey;
