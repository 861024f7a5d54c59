//! What a component is and asks for, for `kilnbox plugin inspect`.

use std::time::Duration;

use kilnbox_engine::{LoadError, StepKind};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::{
    cache::hex,
    component::{Looked, Ready, Shared, names},
    source::ComponentSource,
};

/// A component, looked at.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The name it gives itself.
    pub name: String,
    /// The version it gives itself.
    pub version: String,
    /// Provisioner or post-processor, by what it exports.
    pub kind: StepKind,
    /// Capabilities it imports, by name, in the contract's order.
    pub capabilities: Vec<String>,
    /// Those of them that must be granted.
    pub to_grant: Vec<String>,
    /// WASI interfaces it imports. They are inert and no capabilities.
    pub wasi: Vec<String>,
    /// Whether it checks its options further than the schema can.
    pub validates: bool,
    /// Bytes of the component.
    pub size: usize,
    /// SHA-256 of the component, in lower-case hexadecimal.
    pub sha256: String,
    /// JSON Schema of its options.
    pub schema: Json,
    /// How long compiling it took; absent where its code was compiled before.
    pub compile_time: Option<Duration>,
    /// Bytes that its largest memory begins with.
    pub memory: u64,
}

impl Inspection {
    pub(crate) async fn of(
        shared: std::sync::Arc<Shared>,
        source: &ComponentSource,
    ) -> Result<Self, LoadError> {
        let Looked {
            ready,
            bytes,
            border,
            compile_time,
            memory,
        } = Ready::look(shared, source).await?;
        let asked = border
            .capabilities
            .iter()
            .filter(|capability| !capability.by_default());
        Ok(Self {
            name: ready.info.name.clone(),
            version: ready.info.version.clone(),
            kind: border.kind,
            capabilities: names(&border),
            to_grant: asked.map(|capability| capability.name().to_owned()).collect(),
            wasi: border.wasi,
            validates: border.validates,
            size: bytes.len(),
            sha256: hex(&Sha256::digest(&bytes)),
            schema: ready.info.schema.clone(),
            compile_time,
            memory,
        })
    }
}
