//! One repository of a registry: its tags, manifests and blobs, each read up to a limit.
//!
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>. Nothing is believed: what was asked for
//! by its digest has this digest, or is refused.

use bytes::Bytes;
use reqwest::{
    Method, RequestBuilder, Url,
    header::{ACCEPT, LINK},
};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{
    Access, Answer, Http, RemoteError, Settings,
    auth::{self, Proof},
    host,
    settings::Place,
};
use crate::{Digest, Repository, limits};

/// What a tag may point at: a component's manifest, or a thing that is told to be none.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json";

/// A repository where it really is, and who one is there.
pub(crate) struct Remote<'h> {
    pub(super) http: &'h Http,
    settings: &'h Settings,
    pub(super) place: Place,
    access: Access,
    proof: Mutex<Proof>,
}

#[derive(Deserialize)]
struct Tags {
    /// Some registries say `null` where there is none.
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Refusal {
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl<'h> Remote<'h> {
    pub(crate) fn new(
        http: &'h Http,
        settings: &'h Settings,
        repository: &Repository,
        access: Access,
    ) -> Result<Self, RemoteError> {
        let place = settings
            .place(repository)
            .map_err(|reason| RemoteError::Malformed {
                host: repository.registry.clone(),
                what: "the address".to_owned(),
                reason,
            })?;
        Ok(Self {
            http,
            settings,
            place,
            access,
            proof: Mutex::default(),
        })
    }

    pub(crate) fn host(&self) -> String {
        host(&self.place.base)
    }

    /// All tags, whatever they mean.
    pub(crate) async fn tags(&self) -> Result<Vec<String>, RemoteError> {
        let mut all = Vec::new();
        let mut next = Some(self.url(&format!("tags/list?n={}", limits::TAGS_PER_PAGE))?);
        for _ in 0..limits::TAG_PAGES {
            let Some(url) = next else { return Ok(all) };
            let answer = self.get(&url, None, "repository").await?;
            next = self.next_page(&answer, &url);
            let body = answer.all("the list of tags", limits::ANSWER_SIZE).await?;
            let page: Tags = serde_json::from_slice(&body)
                .map_err(|error| self.malformed("the list of tags", error.to_string()))?;
            all.extend(page.tags.unwrap_or_default());
            if all.len() > limits::TAGS {
                break;
            }
        }
        Err(RemoteError::TooManyTags {
            host: self.host(),
            repository: self.place.repository.clone(),
            limit: limits::TAGS,
        })
    }

    /// A manifest by tag or digest, and the digest it has.
    pub(crate) async fn manifest(&self, reference: &str) -> Result<(Bytes, Digest), RemoteError> {
        let what = format!("the manifest `{reference}`");
        let url = self.url(&format!("manifests/{reference}"))?;
        let missing = format!("`{reference}` of");
        let answer = self.get(&url, Some(MANIFESTS), &missing).await?;
        let bytes = answer.all(&what, limits::MANIFEST_SIZE).await?;
        let actual = Digest::of(&bytes);
        match reference.starts_with("sha256:").then(|| Digest::parse(reference)) {
            Some(Ok(wanted)) if wanted != actual => Err(self.wrong_bytes(&what, wanted, actual)),
            _ => Ok((bytes, actual)),
        }
    }

    /// A small blob, verified.
    pub(crate) async fn blob(&self, digest: Digest, what: &str, limit: u64) -> Result<Bytes, RemoteError> {
        let bytes = self.open(digest, what).await?.all(what, limit).await?;
        match Digest::of(&bytes) {
            actual if actual == digest => Ok(bytes),
            actual => Err(self.wrong_bytes(what, digest, actual)),
        }
    }

    /// A blob as it arrives. Its bytes are not verified.
    pub(crate) async fn open(&self, digest: Digest, what: &str) -> Result<Answer, RemoteError> {
        let url = self.url(&format!("blobs/{}", digest.oci()))?;
        self.get(&url, None, &format!("{what} in")).await
    }

    /// Sends a request, and again with a proof if the registry asks for one.
    pub(super) async fn ask(
        &self,
        method: Method,
        url: &Url,
        shape: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, RemoteError> {
        let request = || shape(self.http.client().request(method.clone(), url.clone()));
        // Where an upload goes is the registry's word, and may be another host: it gets no proof.
        let ours = url.origin() == self.place.base.origin();
        let proof = if ours {
            self.proof.lock().await.clone()
        } else {
            Proof::default()
        };
        let answer = self.http.send(proof.on(request())).await?;
        if answer.status() != 401 || !ours {
            return Ok(answer);
        }
        // Also with a proof: a token may have expired.
        let proof = auth::answer(
            self.http,
            &self.settings.credentials,
            &self.place,
            self.access,
            &answer,
        )
        .await?;
        let answer = self.http.send(proof.on(request())).await?;
        if matches!(answer.status(), 401 | 403) {
            return Err(self.denied());
        }
        *self.proof.lock().await = proof;
        Ok(answer)
    }

    /// What is not `expected` is an error, in the registry's own words.
    pub(super) async fn expect(
        &self,
        answer: Answer,
        expected: &[u16],
        missing: &str,
    ) -> Result<Answer, RemoteError> {
        match answer.status() {
            status if expected.contains(&status) => Ok(answer),
            404 => Err(RemoteError::NotFound {
                host: self.host(),
                what: format!("{missing} `{}`", self.place.repository),
            }),
            403 => Err(self.denied()),
            status => {
                let body = answer.all("the answer", limits::ANSWER_SIZE).await?;
                let refusal = serde_json::from_slice::<Refusal>(&body).ok();
                let reason = refusal.and_then(|refusal| refusal.errors.into_iter().next());
                let words = |reason: Reason| match reason.message.is_empty() {
                    true => reason.code,
                    false => reason.message,
                };
                Err(RemoteError::Refused {
                    host: self.host(),
                    status,
                    message: reason.map(words).unwrap_or_default(),
                })
            }
        }
    }

    pub(super) fn url(&self, rest: &str) -> Result<Url, RemoteError> {
        let path = format!("v2/{}/{rest}", self.place.repository);
        let joined = self.place.base.join(&path);
        joined.map_err(|error| self.malformed("the address", error.to_string()))
    }

    pub(super) fn malformed(&self, what: &str, reason: impl Into<String>) -> RemoteError {
        RemoteError::Malformed {
            host: self.host(),
            what: what.to_owned(),
            reason: reason.into(),
        }
    }

    pub(crate) fn wrong_bytes(&self, what: &str, wanted: Digest, actual: Digest) -> RemoteError {
        RemoteError::WrongBytes {
            host: self.host(),
            what: what.to_owned(),
            wanted,
            actual,
        }
    }

    async fn get(&self, url: &Url, accept: Option<&str>, missing: &str) -> Result<Answer, RemoteError> {
        let shape = |request: RequestBuilder| match accept {
            Some(types) => request.header(ACCEPT, types),
            None => request,
        };
        let answer = self.ask(Method::GET, url, shape).await?;
        self.expect(answer, &[200], missing).await
    }

    /// `Link: </v2/…>; rel="next"`, as the distribution protocol has it, and only on this registry.
    fn next_page(&self, answer: &Answer, url: &Url) -> Option<Url> {
        let link = answer.head().headers().get(LINK)?.to_str().ok()?;
        let (target, relation) = link.strip_prefix('<')?.split_once('>')?;
        let next = url.join(target).ok()?;
        (relation.contains("next") && next.origin() == self.place.base.origin()).then_some(next)
    }

    fn denied(&self) -> RemoteError {
        let what = match self.access {
            Access::Pull => "to pull",
            Access::Push => "to push to",
        };
        RemoteError::Denied {
            host: self.host(),
            what: format!("{what} `{}`", self.place.repository),
        }
    }
}
