//! `kilnbox plugin publish`: a component into a registry, by the layout that Kilnbox, `wkg` and `oras` read.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{
    Border, Digest, Error, Repository, Settings,
    remote::{self, Access, Http, Publication, Remote, RemoteError},
};

/// What is published, and where.
#[derive(Clone, Debug)]
pub struct Publish {
    /// The component.
    pub bytes: Bytes,
    /// Its name, such as `hardening`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it goes.
    pub repository: Repository,
    /// Which tag it gets.
    pub tag: String,
    /// When it was made, RFC 3339.
    pub created: String,
    /// More to tell, such as `org.opencontainers.image.licenses`.
    pub annotations: BTreeMap<String, String>,
    /// A tag that has other bytes gets these.
    pub force: bool,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of the component.
    pub sha256: Digest,
    /// It was there already, with the same bytes.
    pub already: bool,
}

impl Publish {
    /// Does it.
    pub async fn run(self, settings: &Settings) -> Result<Published, Error> {
        let border = Border::read(&self.bytes).map_err(|reason| Error::Unusable {
            message: format!("`{}` is no component: {reason}", self.name),
            hint: None,
        })?;
        let http = Http::new(settings)?;
        let remote = Remote::new(&http, settings, &self.repository, Access::Push)?;
        let sha256 = Digest::of(&self.bytes);
        if let Some((manifest, layers)) = there(&remote, &self.tag).await? {
            if layers.contains(&sha256) {
                return Ok(Published {
                    manifest,
                    sha256,
                    already: true,
                });
            }
            if !self.force {
                return Err(Error::Taken {
                    repository: self.repository.to_string(),
                    tag: self.tag,
                    there: manifest,
                });
            }
        }
        let mut annotations = self.annotations;
        annotations.insert("org.opencontainers.image.title".to_owned(), self.name.clone());
        annotations.insert("org.opencontainers.image.version".to_owned(), self.version);
        annotations.insert(
            "org.opencontainers.image.created".to_owned(),
            self.created.clone(),
        );
        let publication = Publication {
            bytes: self.bytes,
            border: &border,
            created: self.created,
            title: format!("{}.wasm", self.name),
            annotations,
            target: None,
        };
        let manifest = remote::publish(&remote, &self.tag, &publication).await?;
        Ok(Published {
            manifest,
            sha256,
            already: false,
        })
    }
}

/// What a tag is now: the digest of its manifest, and of its layers.
async fn there(remote: &Remote<'_>, tag: &str) -> Result<Option<(Digest, Vec<Digest>)>, RemoteError> {
    let (bytes, digest) = match remote.manifest(tag).await {
        Err(RemoteError::NotFound { .. }) => return Ok(None),
        found => found?,
    };
    let manifest: Option<oci_spec::image::ImageManifest> = serde_json::from_slice(&bytes).ok();
    let layers = manifest.iter().flat_map(|manifest| manifest.layers());
    let layers = layers.filter_map(|layer| Digest::parse(layer.digest().as_ref()).ok());
    Ok(Some((digest, layers.collect())))
}
