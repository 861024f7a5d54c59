//! The sandbox as eyes for components: what they are and ask for, without running them on anything.

use async_trait::async_trait;
use bytes::Bytes;
use kilnbox_registry::{Digest, Look, Looked, Unusable};
use kilnbox_sandbox::{Inspection, Sandbox};
use serde_json::json;

use crate::{error::Error, folders::Folders, wire};

/// A sandbox that offers nothing but Kilnbox's own components.
pub(crate) struct Eyes {
    sandbox: Sandbox,
}

impl Eyes {
    pub(crate) async fn new(folders: &Folders) -> Result<Self, Error> {
        Ok(Self {
            sandbox: wire::sandbox(&[], folders, None).await?,
        })
    }

    /// Looks at a component.
    pub(crate) async fn inspect(&self, name: &str, bytes: Bytes) -> Result<Inspection, Error> {
        Ok(self.sandbox.inspect(&wire::unknown(name, bytes)).await?)
    }

    /// Looks at one of Kilnbox's own.
    pub(crate) async fn inspect_own(&self, name: &str) -> Result<Vec<Inspection>, Error> {
        Ok(self.sandbox.inspect_named(name).await?)
    }
}

#[async_trait]
impl Look for Eyes {
    async fn look(&self, plugin: &str, bytes: Bytes) -> Result<Looked, Unusable> {
        match self.inspect(plugin, bytes).await {
            Ok(found) => Ok(Looked {
                describe: described(&found),
                version: found.version,
                capabilities: found.capabilities,
            }),
            Err(Error::Other { message, hint }) => Err(Unusable { message, hint }),
            Err(error) => Err(Unusable {
                message: error.to_string(),
                hint: None,
            }),
        }
    }
}

/// Digest of all that a component says of itself, as compact JSON: a list of name, version, kind and schema.
fn described(of: &Inspection) -> Digest {
    let said = json!([of.name, of.version, of.kind.as_str(), of.schema]);
    Digest::of(said.to_string().as_bytes())
}
