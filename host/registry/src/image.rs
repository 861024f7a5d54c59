//! Images of containers from registries, for a builder to start from: `docker.io/library/debian:12`.
//!
//! The same client, limits and care as for plugins: the image for this machine is found in an index, every blob has the
//! digest that names it, or is refused. What was fetched is kept under its digest, so that a layer is fetched once; the
//! caller gets an OCI layout of it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use oci_spec::{
    distribution::Reference,
    image::{Arch, Descriptor, ImageIndex, ImageManifest, Os},
};
use serde_json::json;

use crate::{
    Digest, Error, RemoteError, Repository, Settings, Store, file, limits,
    remote::{Access, Http, Remote},
    store::{Incoming, Kind},
};

/// The name of an image in a registry, with its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageName {
    repository: Repository,
    /// A tag, or a digest with `sha256:`.
    reference: String,
}

impl ImageName {
    /// Reads `HOST/REPOSITORY[:TAG][@DIGEST]`; none where the host is missing, as in the name of a file.
    pub fn parse(text: &str) -> Option<Self> {
        let reference: Reference = text.parse().ok()?;
        let without_digest = text.split_once('@').map_or(text, |(name, _)| name);
        let (repository, _) = Repository::parse(without_digest).ok()?;
        let named = reference.digest().or(reference.tag())?;
        Some(Self {
            repository,
            reference: named.to_owned(),
        })
    }
}

/// Where images come from.
#[derive(Clone, Debug)]
pub struct Images {
    settings: Settings,
    store: Store,
}

impl Images {
    /// With the user's settings, keeping what is fetched in the store.
    pub fn new(settings: Settings, store: Store) -> Self {
        Self { settings, store }
    }

    /// Fetches what is missing of an image for this machine, and makes an OCI layout of it in an empty folder.
    pub async fn pull(&self, name: &ImageName, layout: &Path) -> Result<(), Error> {
        let http = Http::new(&self.settings)?;
        let remote = Remote::new(&http, &self.settings, &name.repository, Access::Pull)?;
        let pulling = Pulling {
            remote: &remote,
            store: &self.store,
            layout,
        };
        let (bytes, digest) = pulling.manifest(&name.reference).await?;
        let what = |reason: String| RemoteError::Malformed {
            host: remote.host(),
            what: format!("`{}`", name.reference),
            reason,
        };
        let manifest: ImageManifest =
            serde_json::from_slice(&bytes).map_err(|error| what(error.to_string()))?;
        if manifest.layers().len() > limits::IMAGE_LAYERS {
            let count = manifest.layers().len();
            return Err(what(format!("it has {count} layers")).into());
        }
        pulling.link(digest)?;
        pulling.blob(manifest.config(), limits::MANIFEST_SIZE).await?;
        for layer in manifest.layers() {
            pulling.blob(layer, limits::LAYER_SIZE).await?;
        }
        pulling.index(digest, bytes.len())
    }
}

struct Pulling<'p> {
    remote: &'p Remote<'p>,
    store: &'p Store,
    layout: &'p Path,
}

impl Pulling<'_> {
    /// An index or a manifest. One that is named by its digest is asked for once and for all.
    async fn document(&self, reference: &str) -> Result<(Bytes, Digest), Error> {
        if let Some(digest) = reference.strip_prefix("sha256:")
            && let Ok(digest) = Digest::parse(digest)
            && let Some(path) = self.store.image_part(digest)?
        {
            return Ok((file::read(&path, limits::MANIFEST_SIZE)?.into(), digest));
        }
        let (bytes, digest) = self.remote.manifest(reference).await?;
        let mut incoming = Incoming::new(self.store, Kind::Image)?;
        incoming.write(&bytes)?;
        self.arrived(incoming, digest, reference)?;
        Ok((bytes, digest))
    }

    /// The manifest for this machine, through an index or without.
    async fn manifest(&self, reference: &str) -> Result<(Bytes, Digest), Error> {
        let (bytes, digest) = self.document(reference).await?;
        let Ok(index) = serde_json::from_slice::<ImageIndex>(&bytes) else {
            return Ok((bytes, digest));
        };
        let ours = index.manifests().iter().find(|manifest| {
            let platform = manifest.platform().as_ref();
            platform.is_some_and(|platform| {
                *platform.os() == Os::Linux && *platform.architecture() == Arch::default()
            })
        });
        let ours = ours.ok_or_else(|| RemoteError::Malformed {
            host: self.remote.host(),
            what: format!("`{reference}`"),
            reason: format!("it has no image for `{}`", Arch::default()),
        })?;
        self.document(ours.digest().as_ref()).await
    }

    /// Makes a blob be in the store and in the layout.
    async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<(), Error> {
        let written = descriptor.digest();
        let what = format!("the blob `{written}`");
        let digest = Digest::parse(written.as_ref()).map_err(|error| RemoteError::Malformed {
            host: self.remote.host(),
            what: what.clone(),
            reason: error.to_string(),
        })?;
        if self.store.image_part(digest)?.is_none() {
            let mut answer = self.remote.open(digest, &what).await?;
            let limit = limit.min(descriptor.size());
            let mut incoming = Incoming::new(self.store, Kind::Image)?;
            while let Some(chunk) = answer.chunk().await? {
                answer.within(&what, limit, incoming.size() + chunk.len() as u64)?;
                incoming.write(&chunk)?;
            }
            self.arrived(incoming, digest, &what)?;
        }
        self.link(digest)
    }

    fn arrived(&self, incoming: Incoming<'_>, digest: Digest, what: &str) -> Result<(), Error> {
        let arrived = incoming
            .verify(digest)
            .map_err(|actual| self.remote.wrong_bytes(what, digest, actual))?;
        arrived.keep()
    }

    /// Into the layout without a copy where the file system can.
    fn link(&self, digest: Digest) -> Result<(), Error> {
        let (from, to) = (self.store.path_of(Kind::Image, digest), self.path(digest)?);
        match fs::hard_link(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(_) => fs::copy(&from, &to).map(drop).map_err(Error::io("writing", to)),
            Ok(()) => Ok(()),
        }
    }

    fn path(&self, digest: Digest) -> Result<PathBuf, Error> {
        let folder = self.layout.join("blobs/sha256");
        file::make_private(&folder)?;
        Ok(folder.join(digest.to_string()))
    }

    fn index(&self, manifest: Digest, size: usize) -> Result<(), Error> {
        let documents = [
            ("oci-layout", json!({ "imageLayoutVersion": "1.0.0" })),
            (
                "index.json",
                json!({
                    "schemaVersion": 2,
                    "manifests": [{
                        "mediaType": "application/vnd.oci.image.manifest.v1+json",
                        "digest": manifest.oci(),
                        "size": size,
                    }],
                }),
            ),
        ];
        for (name, document) in documents {
            let path = self.layout.join(name);
            fs::write(&path, document.to_string()).map_err(Error::io("writing", path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_images_and_of_files() {
        fn name(text: &str) -> Option<String> {
            ImageName::parse(text).map(|name| format!("{} {}", name.repository, name.reference))
        }
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            name("docker.io/library/debian:12"),
            some("docker.io/library/debian 12")
        );
        assert_eq!(name("docker.io/debian"), some("docker.io/library/debian latest"));
        assert_eq!(name("localhost:5000/base:1"), some("localhost:5000/base 1"));
        let digest = Digest::of(b"").oci();
        assert_eq!(
            name(&format!("ghcr.io/acme/base:1@{digest}")),
            Some(format!("ghcr.io/acme/base {digest}"))
        );
        for file in [
            "base.tar",
            "images/base",
            "./base",
            "/srv/base.tar",
            "debian:12",
            "host",
        ] {
            assert_eq!(name(file), None, "{file}");
        }
    }
}
