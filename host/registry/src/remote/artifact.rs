//! A component in a registry, by the CNCF's layout of Wasm artifacts.
//!
//! <https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>: one manifest, one configuration that tells
//! what the component imports, one layer that is the component. So it can be shown what a component asks for before it
//! is downloaded; that it is true is checked when the bytes are here.

use std::collections::BTreeSet;

use oci_spec::image::{Descriptor, ImageManifest, MediaType};
use serde::{Deserialize, Serialize};

use super::{Remote, RemoteError};
use crate::{
    Digest,
    border::{Border, capability},
    limits,
};

pub(super) const CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub(super) const LAYER: &str = "application/wasm";

/// The configuration of a Wasm artifact.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WasmConfig {
    pub(super) created: Option<String>,
    pub(super) author: Option<String>,
    pub(super) architecture: String,
    pub(super) os: String,
    pub(super) layer_digests: Vec<String>,
    pub(super) component: Option<WasmComponent>,
}

/// What the configuration tells of the component.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct WasmComponent {
    pub(super) exports: Vec<String>,
    pub(super) imports: Vec<String>,
    pub(super) target: Option<String>,
}

/// A component that is in a registry, as its manifest and configuration tell it.
#[derive(Clone, Debug)]
pub(crate) struct Artifact {
    pub(crate) manifest: Digest,
    pub(crate) layer: Digest,
    pub(crate) size: u64,
    pub(crate) claims: Claims,
    pub(crate) created: Option<String>,
}

/// What a registry says that a component imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims(BTreeSet<String>);

impl Claims {
    /// The names of the contract's interfaces among them, in alphabetical order.
    pub fn capabilities(&self) -> Vec<String> {
        let names = self.0.iter().filter_map(|import| capability(import));
        names.map(ToOwned::to_owned).collect()
    }

    /// What the bytes import and the registry does not tell, and the other way round.
    pub(crate) fn differ_from(&self, border: &Border) -> Option<(Vec<String>, Vec<String>)> {
        let real: BTreeSet<String> = border.imports.iter().cloned().collect();
        let hidden: Vec<String> = real.difference(&self.0).cloned().collect();
        let invented: Vec<String> = self.0.difference(&real).cloned().collect();
        (!hidden.is_empty() || !invented.is_empty()).then_some((hidden, invented))
    }
}

impl Artifact {
    /// Reads manifest and configuration; the component stays where it is.
    pub(crate) async fn read(remote: &Remote<'_>, reference: &str) -> Result<Self, RemoteError> {
        let (bytes, digest) = remote.manifest(reference).await?;
        let what = format!("`{reference}`");
        let (config, layer) = shape(&bytes).map_err(|reason| remote.malformed(&what, reason))?;
        let size = layer.size();
        if size > limits::COMPONENT_SIZE {
            return Err(RemoteError::TooLarge {
                host: remote.host(),
                what: format!("the component {what}"),
                limit: limits::COMPONENT_SIZE,
            });
        }
        let of = |descriptor: &Descriptor| {
            Digest::parse(descriptor.digest().as_ref())
                .map_err(|error| remote.malformed(&what, format!("{error}, not `{}`", descriptor.digest())))
        };
        let layer = of(&layer)?;
        let text = remote
            .blob(
                of(&config)?,
                &format!("the configuration of {what}"),
                limits::CONFIG_SIZE,
            )
            .await?;
        let config: WasmConfig = serde_json::from_slice(&text)
            .map_err(|error| remote.malformed(&what, format!("its configuration: {error}")))?;
        let claims = claims(&config, layer).map_err(|reason| remote.malformed(&what, reason))?;
        Ok(Self {
            manifest: digest,
            layer,
            size,
            claims,
            created: config.created,
        })
    }
}

/// The two descriptors of a Wasm artifact's manifest.
fn shape(bytes: &[u8]) -> Result<(Descriptor, Descriptor), String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Kind {
        media_type: Option<String>,
    }
    let kind: Kind = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if kind
        .media_type
        .is_some_and(|kind| kind.contains("index") || kind.contains("list"))
    {
        return Err("it is an index of images, not a component".to_owned());
    }
    let manifest: ImageManifest = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let config = manifest.config();
    if *config.media_type() != MediaType::Other(CONFIG.to_owned()) {
        return Err(format!("it is `{}`, not a component", config.media_type()));
    }
    match manifest.layers().as_slice() {
        [layer] if *layer.media_type() == MediaType::Other(LAYER.to_owned()) => {
            Ok((config.clone(), layer.clone()))
        }
        [layer] => Err(format!("its layer is `{}`, not `{LAYER}`", layer.media_type())),
        layers => Err(format!("it has {} layers, and a component has one", layers.len())),
    }
}

fn claims(config: &WasmConfig, layer: Digest) -> Result<Claims, String> {
    if config.architecture != "wasm" || config.os != "wasip2" {
        let (architecture, os) = (&config.architecture, &config.os);
        return Err(format!(
            "it is for `{architecture}` and `{os}`, not for `wasm` and `wasip2`"
        ));
    }
    if config.layer_digests != [layer.oci()] {
        return Err("its configuration is about another component".to_owned());
    }
    let component = config.component.as_ref();
    let component = component.ok_or("its configuration does not tell what it imports")?;
    Ok(Claims(component.imports.iter().cloned().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_of_other_things_are_refused() {
        let digest = Digest::of(b"").oci();
        let manifest = |config: &str, layers: &[&str]| {
            let descriptor = |kind: &str| format!(r#"{{"mediaType":"{kind}","digest":"{digest}","size":0}}"#);
            let layers: Vec<String> = layers.iter().map(|kind| descriptor(kind)).collect();
            format!(
                r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
                descriptor(config),
                layers.join(",")
            )
        };
        let refused = |text: String| shape(text.as_bytes()).unwrap_err();
        assert!(shape(manifest(CONFIG, &[LAYER]).as_bytes()).is_ok());
        let told = [
            refused("{}".to_owned()),
            refused(r#"{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#.to_owned()),
            refused(manifest("application/vnd.oci.image.config.v1+json", &[LAYER])),
            refused(manifest(CONFIG, &["application/vnd.oci.image.layer.v1.tar+gzip"])),
            refused(manifest(CONFIG, &[LAYER, LAYER])),
            refused(manifest(CONFIG, &[])),
        ];
        insta::assert_snapshot!(told.join("\n"));
    }
}
