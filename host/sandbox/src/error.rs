//! What keeps the sandbox as a whole from working. Troubles of one component are [`kilnbox_engine::LoadError`] and
//! [`kilnbox_engine::StepError`].

/// The sandbox could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This machine cannot run it.
    #[error("the sandbox cannot start: {0}")]
    Engine(String),
    /// Two components claim the same name.
    #[error("the {kind} `{name}` is there twice", kind = kind.as_str())]
    Twice {
        /// Provisioner or post-processor.
        kind: kilnbox_engine::StepKind,
        /// The name.
        name: String,
    },
    /// A grant names nothing that could be granted.
    #[error("unknown capability `{name}`; there are {}", known.join(", "))]
    UnknownCapability {
        /// As written.
        name: String,
        /// All that can be granted.
        known: Vec<&'static str>,
    },
}
