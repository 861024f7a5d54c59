//! Getting the bytes, and what is locked of them.
//!
//! Bytes are hashed while they arrive. Only what has the right digest is looked at, and only what imports what the
//! registry told, and can be used at all, gets a name in the store.

use bytes::Bytes;
use reqwest::Url;

use super::{
    Change, Init, Looked,
    resolve::{Candidate, Wanted},
};
use crate::{
    Border, Claims, Digest, Entry, Error, Locked, Plugin, RemoteError, Repository, Source, limits,
    remote::{Access, Answer, Http, Remote, host},
    store::{Arrived, Incoming, Kind},
};

/// Makes a candidate's bytes be here, and tells what is locked of them.
pub(super) async fn fetch(init: &Init<'_>, http: &Http, candidate: Candidate<'_>) -> Result<Change, Error> {
    let Candidate {
        plugin,
        source,
        was,
        bytes,
    } = candidate;
    let fetching = Fetching {
        init,
        http,
        plugin,
        source,
    };
    let again = matches!(bytes, Wanted::Again);
    let now = match (bytes, was) {
        (Wanted::Kept, Some(was)) => fetching.kept(was),
        (Wanted::Again, Some(was)) => fetching.again(was).await?,
        (Wanted::Local(bytes), _) => {
            let looked = fetching.look(bytes.clone()).await?;
            fetching.locked(looked, &bytes)
        }
        (Wanted::Web(digest), _) => {
            let (bytes, looked) = fetching.unseen(digest, None, None).await?;
            fetching.locked(looked, &bytes)
        }
        (Wanted::Registry { version, artifact }, _) => {
            let size = Some(artifact.size);
            let (bytes, looked) = fetching
                .unseen(artifact.layer, size, Some(&artifact.claims))
                .await?;
            Locked {
                version: version.to_string(),
                manifest: Some(artifact.manifest),
                created: artifact.created,
                ..fetching.locked(looked, &bytes)
            }
        }
        (Wanted::Kept | Wanted::Again, None) => {
            return Err(Error::NotLocked {
                plugin: plugin.name.clone(),
                folder: init.project.folder().to_owned(),
            });
        }
    };
    Ok(Change {
        plugin: plugin.name.clone(),
        now,
        was: was.cloned(),
        fetched: again,
    })
}

struct Fetching<'f> {
    init: &'f Init<'f>,
    http: &'f Http,
    plugin: &'f Plugin,
    source: &'f Source,
}

impl Fetching<'_> {
    fn kept(&self, was: &Locked) -> Locked {
        Locked {
            grants: self.plugin.grant.clone(),
            ..was.clone()
        }
    }

    /// What is locked, once more: the lock knows all of it, so only the digest counts.
    async fn again(&self, was: &Locked) -> Result<Locked, Error> {
        let incoming = self.download(was.sha256, Some(was.size), Some(was)).await?;
        self.verified(incoming, was.sha256)?.keep()?;
        Ok(self.kept(was))
    }

    /// Bytes that nobody here has looked at.
    async fn unseen(
        &self,
        digest: Digest,
        size: Option<u64>,
        claims: Option<&Claims>,
    ) -> Result<(Bytes, Looked), Error> {
        // Another project may have brought them.
        if let Entry::Whole(bytes) = self.init.store.read(digest)? {
            self.compare(&bytes, claims)?;
            return Ok((bytes.clone(), self.look(bytes).await?));
        }
        let incoming = self.download(digest, size, None).await?;
        let arrived = self.verified(incoming, digest)?;
        let bytes = Bytes::from(arrived.bytes()?);
        self.compare(&bytes, claims)?;
        let looked = self.look(bytes.clone()).await?;
        arrived.keep()?;
        Ok((bytes, looked))
    }

    async fn download(
        &self,
        digest: Digest,
        size: Option<u64>,
        locked: Option<&Locked>,
    ) -> Result<Incoming<'_>, Error> {
        let what = format!("the component of `{}`", self.plugin.name);
        let mut answer = self.open(digest, &what, locked).await?;
        let announced = answer.head().content_length();
        let told = Error::remote(&self.plugin.name);
        self.fits(&what, size, announced.unwrap_or(0)).map_err(&told)?;
        let name = &self.plugin.name;
        self.init.watch.begins(name, size.or(announced));
        let arrived = async {
            let mut incoming = Incoming::new(self.init.store, Kind::Plugin)?;
            while let Some(chunk) = answer.chunk().await.map_err(&told)? {
                let so_far = incoming.size() + chunk.len() as u64;
                self.fits(&what, size, so_far).map_err(&told)?;
                incoming.write(&chunk)?;
                self.init.watch.arrived(name, chunk.len() as u64);
            }
            Ok(incoming)
        };
        let arrived = arrived.await;
        self.init.watch.ends(name);
        arrived
    }

    /// Whether so many bytes may be of it: as many as were told before, else as any component may have.
    fn fits(&self, what: &str, size: Option<u64>, bytes: u64) -> Result<(), RemoteError> {
        match size {
            Some(size) if bytes > size => Err(RemoteError::Longer {
                host: self.host(),
                what: what.to_owned(),
            }),
            None if bytes > limits::COMPONENT_SIZE => Err(RemoteError::TooLarge {
                host: self.host(),
                what: what.to_owned(),
                limit: limits::COMPONENT_SIZE,
            }),
            _ => Ok(()),
        }
    }

    async fn open(&self, digest: Digest, what: &str, locked: Option<&Locked>) -> Result<Answer, Error> {
        let told = Error::remote(&self.plugin.name);
        match self.source {
            Source::Oci(repository) => {
                let remote =
                    Remote::new(self.http, self.init.settings, repository, Access::Pull).map_err(&told)?;
                match (remote.open(digest, what).await, locked) {
                    (Err(RemoteError::NotFound { .. }), Some(locked)) => {
                        Err(self.why_gone(&remote, repository, locked).await)
                    }
                    (answer, _) => answer.map_err(&told),
                }
            }
            Source::Https { url, .. } => {
                let answer = self.http.send(self.http.client().get(url)).await.map_err(&told)?;
                match answer.status() {
                    200 => Ok(answer),
                    404 => Err(told(RemoteError::NotFound {
                        host: self.host(),
                        what: format!("`{url}`"),
                    })),
                    status => Err(told(RemoteError::Refused {
                        host: self.host(),
                        status,
                        message: String::new(),
                    })),
                }
            }
            // A file is where it is, and never fetched.
            Source::File(path) => Err(Error::NotHere {
                plugin: self.plugin.name.clone(),
                version: path.display().to_string(),
                folder: self.init.project.folder().to_owned(),
            }),
        }
    }

    /// The locked bytes are gone: the tag tells whether others came in their place.
    async fn why_gone(&self, remote: &Remote<'_>, repository: &Repository, locked: &Locked) -> Error {
        match (remote.manifest(&locked.version).await, locked.manifest) {
            (Ok((_, found)), Some(manifest)) if found != manifest => Error::Moved {
                plugin: self.plugin.name.clone(),
                repository: repository.to_string(),
                version: locked.version.clone(),
                locked: manifest.oci(),
                found: found.oci(),
            },
            (Ok(_) | Err(RemoteError::NotFound { .. }), _) => Error::Gone {
                plugin: self.plugin.name.clone(),
                repository: repository.to_string(),
                version: locked.version.clone(),
            },
            (Err(error), _) => Error::remote(&self.plugin.name)(error),
        }
    }

    fn verified<'s>(&self, incoming: Incoming<'s>, digest: Digest) -> Result<Arrived<'s>, Error> {
        incoming.verify(digest).map_err(|actual| {
            Error::remote(&self.plugin.name)(RemoteError::WrongBytes {
                host: self.host(),
                what: format!("the component of `{}`", self.plugin.name),
                wanted: digest,
                actual,
            })
        })
    }

    fn compare(&self, bytes: &[u8], claims: Option<&Claims>) -> Result<(), Error> {
        let Some(claims) = claims else { return Ok(()) };
        let border = Border::read(bytes).map_err(|reason| Error::Unusable {
            message: format!("the plugin `{}` is no component: {reason}", self.plugin.name),
            hint: None,
        })?;
        match claims.differ_from(&border) {
            None => Ok(()),
            Some((hidden, invented)) => Err(Error::Lie {
                plugin: self.plugin.name.clone(),
                host: self.host(),
                hidden,
                invented,
            }),
        }
    }

    /// Looks at the bytes, and whether they say that they are a version that may be used.
    async fn look(&self, bytes: Bytes) -> Result<Looked, Error> {
        let looked = self.init.look.look(&self.plugin.name, bytes).await;
        let looked = looked.map_err(|unusable| Error::Unusable {
            message: unusable.message,
            hint: unusable.hint,
        })?;
        let version = semver::Version::parse(&looked.version).ok();
        match &self.plugin.version {
            Some(wanted) if !version.is_some_and(|version| wanted.matches(&version)) => {
                Err(Error::WrongVersion {
                    plugin: self.plugin.name.clone(),
                    version: looked.version,
                    wanted: wanted.clone(),
                })
            }
            _ => Ok(looked),
        }
    }

    fn locked(&self, looked: Looked, bytes: &[u8]) -> Locked {
        Locked {
            source: self.source.to_string(),
            version: looked.version,
            manifest: None,
            sha256: Digest::of(bytes),
            size: bytes.len() as u64,
            describe: looked.describe,
            imports: looked.capabilities,
            grants: self.plugin.grant.clone(),
            created: None,
            locked: self.init.now.clone(),
        }
    }

    fn host(&self) -> String {
        match self.source {
            Source::Oci(repository) => repository.registry.clone(),
            Source::Https { url, .. } => Url::parse(url).map(|url| host(&url)).unwrap_or_default(),
            Source::File(path) => path.display().to_string(),
        }
    }
}
