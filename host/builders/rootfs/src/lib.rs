//! The embedded builder: a root file system, made in a container of its own on this machine.
//!
//! The program starts itself again as a helper ([`container_main`]) that prepares a private view of the base and runs
//! the container with `libcontainer`. Process 1 of the container is the agent, which carries out what the
//! [`Communicator`](kilnbox_engine::Communicator) asks for, so that every path is resolved inside the new root. All
//! mounts live in the helper's own mount namespace and end with it, and the helper ends with the program.

mod agent;
mod artifact;
mod builder;
mod capture;
mod communicator;
mod container;
mod helper;
mod host_view;
mod image;
mod images;
mod layers;
mod limits;
mod mounts;
mod options;
mod process;
mod reclaim;
mod seccomp;
mod spec;
mod steps;
mod wire;

pub use artifact::RootfsArtifact;
pub use builder::RootfsBuilder;
pub use communicator::ContainerCommunicator;
pub use container::{Captured, Container};
pub use helper::container_main;
pub use images::{Images, Unavailable};
pub use reclaim::{reclaimers, remove_folder};
pub use wire::{Base, Isolation, Setup};

/// The hidden first argument with which the program starts itself as the container's helper.
pub const CONTAINER_COMMAND: &str = "rootfs-container";

/// What goes wrong while a root file system is made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something of this machine did not work.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, such as "mounting the overlay".
        doing: String,
        /// Why it did not work.
        source: std::io::Error,
    },
    /// The machine cannot run the container; the second text says what to do.
    #[error("{message}")]
    Unable {
        /// What does not work.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// An image or archive that cannot be used as a base.
    #[error("`{name}`: {reason}")]
    Image {
        /// As the user named it.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The container library refused.
    #[error("starting the container: {0}")]
    Container(String),
    /// The other side of a socket broke the protocol.
    #[error("the container's helper broke the protocol: {0}")]
    Protocol(String),
}

impl Error {
    /// Says what was being done when `source` happened.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
