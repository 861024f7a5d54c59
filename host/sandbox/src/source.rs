//! Where the bytes of a component come from, as `cli` hands them over.

use std::path::PathBuf;

use bytes::Bytes;
use kilnbox_engine::StepKind;

use crate::{Grants, Limits};

/// One component that templates may name.
#[derive(Clone, Debug)]
pub struct ComponentSource {
    /// The name in templates, such as `shell`.
    pub name: String,
    /// What it must be.
    pub kind: StepKind,
    /// Its bytes.
    pub code: Code,
    /// What the user granted it.
    pub grants: Grants,
    /// What one run of it may use.
    pub limits: Limits,
}

/// The bytes of a component.
#[derive(Clone, Debug)]
pub enum Code {
    /// One of Kilnbox's own, built with this program.
    Bundled {
        /// The component.
        wasm: &'static [u8],
        /// The same, compiled by `kilnbox_wasm::compile_ahead` for the target of this program. Native code: it must
        /// come from this program's own build.
        ahead: Option<&'static [u8]>,
    },
    /// Somebody else's, in a file that is read when the component is first used.
    File(PathBuf),
    /// Somebody else's, in memory.
    Bytes(Bytes),
}

impl Code {
    /// Not one of Kilnbox's own.
    pub fn third_party(&self) -> bool {
        !matches!(self, Self::Bundled { .. })
    }
}
