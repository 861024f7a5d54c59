//! Putting a component into a registry, by the layout that [`super::artifact`] reads.
//!
//! The component and its configuration go first, the manifest that names them last: a registry never shows a tag whose
//! bytes are not there.

use std::collections::BTreeMap;

use bytes::Bytes;
use oci_spec::image::{DescriptorBuilder, ImageManifestBuilder, MediaType, Sha256Digest};
use reqwest::{
    Method, Url,
    header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION},
};

use super::{
    Remote, RemoteError,
    artifact::{CONFIG, LAYER, WasmComponent, WasmConfig},
};
use crate::{Digest, border::Border};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What is published.
#[derive(Clone, Debug)]
pub(crate) struct Publication<'p> {
    pub(crate) bytes: Bytes,
    pub(crate) border: &'p Border,
    /// When it was made, RFC 3339.
    pub(crate) created: String,
    /// The file's name for who unpacks it, such as `hardening.wasm`.
    pub(crate) title: String,
    /// `org.opencontainers.image.*` and the like.
    pub(crate) annotations: BTreeMap<String, String>,
    /// The world it was made for.
    pub(crate) target: Option<String>,
}

/// The manifest of a component, as it would be published.
pub(crate) fn manifest(of: &Publication<'_>) -> Result<(Bytes, Bytes), String> {
    let layer = Digest::of(&of.bytes);
    let config = WasmConfig {
        created: Some(of.created.clone()),
        author: None,
        architecture: "wasm".to_owned(),
        os: "wasip2".to_owned(),
        layer_digests: vec![layer.oci()],
        component: Some(WasmComponent {
            exports: of.border.exports.clone(),
            imports: of.border.imports.clone(),
            target: of.target.clone(),
        }),
    };
    let config = serde_json::to_vec(&config).map_err(|error| error.to_string())?;
    let descriptor = |kind: &str, bytes: &[u8], annotations: Option<(&str, &str)>| {
        let digest: Sha256Digest = Digest::of(bytes)
            .to_string()
            .parse()
            .map_err(|error: oci_spec::OciSpecError| error.to_string())?;
        let mut builder = DescriptorBuilder::default()
            .media_type(MediaType::Other(kind.to_owned()))
            .digest(digest)
            .size(bytes.len() as u64);
        if let Some((key, value)) = annotations {
            builder = builder.annotations([(key.to_owned(), value.to_owned())]);
        }
        builder.build().map_err(|error| error.to_string())
    };
    let title = ("org.opencontainers.image.title", of.title.as_str());
    let manifest = ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(descriptor(CONFIG, &config, None)?)
        .layers(vec![descriptor(LAYER, &of.bytes, Some(title))?])
        .annotations(
            of.annotations
                .clone()
                .into_iter()
                .collect::<std::collections::HashMap<_, _>>(),
        )
        .build()
        .map_err(|error| error.to_string())?;
    // Keys in alphabetical order: the same component gives the same manifest.
    let sorted = serde_json::to_value(&manifest).map_err(|error| error.to_string())?;
    let manifest = serde_json::to_vec(&crate::json::sorted(sorted)).map_err(|error| error.to_string())?;
    Ok((manifest.into(), config.into()))
}

/// Uploads what is missing, and gives it the tag. Returns the digest of the manifest.
pub(crate) async fn publish(
    remote: &Remote<'_>,
    tag: &str,
    publication: &Publication<'_>,
) -> Result<Digest, RemoteError> {
    let (manifest, config) =
        manifest(publication).map_err(|reason| remote.malformed("the manifest for", reason))?;
    remote.upload(publication.bytes.clone()).await?;
    remote.upload(config).await?;
    let url = remote.url(&format!("manifests/{tag}"))?;
    let answer = remote
        .ask(Method::PUT, &url, |request| {
            request.header(CONTENT_TYPE, MANIFEST).body(manifest.clone())
        })
        .await?;
    remote.expect(answer, &[201, 202], "repository").await?;
    Ok(Digest::of(&manifest))
}

impl Remote<'_> {
    /// Uploads a blob at once, if it is not there.
    async fn upload(&self, bytes: Bytes) -> Result<(), RemoteError> {
        let digest = Digest::of(&bytes);
        let url = self.url(&format!("blobs/{}", digest.oci()))?;
        let there = self.ask(Method::HEAD, &url, |request| request).await?;
        if there.status() == 200 {
            return Ok(());
        }
        let begin = self.url("blobs/uploads/")?;
        let answer = self
            .ask(Method::POST, &begin, |request| request.header(CONTENT_LENGTH, 0))
            .await?;
        let answer = self.expect(answer, &[202], "repository").await?;
        let mut session = self.session(&answer, &begin)?;
        session.query_pairs_mut().append_pair("digest", &digest.oci());
        let answer = self
            .ask(Method::PUT, &session, |request| {
                request
                    .header(CONTENT_TYPE, "application/octet-stream")
                    .body(bytes.clone())
            })
            .await?;
        self.expect(answer, &[201, 202], "upload to").await?;
        Ok(())
    }

    /// Where the bytes go: the registry says it, on this host or another.
    fn session(&self, answer: &super::Answer, begin: &Url) -> Result<Url, RemoteError> {
        let location = answer.head().headers().get(LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let url = location.and_then(|location| begin.join(location).ok());
        match url {
            Some(url) if url.scheme() == "https" || url.origin() == self.place.base.origin() => Ok(url),
            _ => Err(self.malformed("the answer to an upload", "it does not say where the bytes go")),
        }
    }
}
