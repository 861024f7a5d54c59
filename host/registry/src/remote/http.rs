//! HTTPS with a limit on everything: time to connect, time without a byte, time in all, redirects, size.
//!
//! Certificates are those of the system (`SSL_CERT_FILE` and `SSL_CERT_DIR` as elsewhere) and those the user names.
//! A redirect never leaves `https`, and takes no credentials to another host, port or scheme.

use std::{
    error::Error as _,
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::{RemoteError, Settings};
use crate::limits;

/// The client of this process.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
    stall: Duration,
    total: Duration,
}

/// An answer that arrives.
#[derive(Debug)]
pub(crate) struct Answer {
    response: Response,
    host: String,
    begun: Instant,
    stall: Duration,
    total: Duration,
}

impl Http {
    pub(crate) fn new(settings: &Settings) -> Result<Self, RemoteError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls(settings)?)
            .user_agent(concat!("kilnbox/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits::CONNECT)
            .read_timeout(settings.stall)
            .timeout(settings.total)
            .redirect(redirect::Policy::custom(follow))
            .build()
            .map_err(|error| RemoteError::Certificates {
                what: "the configuration".to_owned(),
                reason: innermost(&error),
            })?;
        Ok(Self {
            client,
            stall: settings.stall,
            total: settings.total,
        })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request and waits for the head of its answer, whatever its status.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, RemoteError> {
        let begun = Instant::now();
        let (client, request) = request.build_split();
        let request = request.map_err(|error| RemoteError::Unreachable {
            host: String::new(),
            reason: innermost(&error),
        })?;
        let host = host(request.url());
        let sent = client.execute(request).await;
        let response = sent.map_err(|error| self.problem(&host, begun, &error))?;
        Ok(Answer {
            response,
            host,
            begun,
            stall: self.stall,
            total: self.total,
        })
    }

    fn problem(&self, host: &str, begun: Instant, error: &reqwest::Error) -> RemoteError {
        problem(host, begun, self.stall, self.total, error)
    }
}

impl Answer {
    pub(crate) fn head(&self) -> &Response {
        &self.response
    }

    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The next bytes, none at the end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, RemoteError> {
        let read = self.response.chunk().await;
        read.map_err(|error| problem(&self.host, self.begun, self.stall, self.total, &error))
    }

    /// All of it, up to a limit.
    pub(crate) async fn all(mut self, what: &str, limit: u64) -> Result<Bytes, RemoteError> {
        self.within(what, limit, self.response.content_length().unwrap_or(0))?;
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            self.within(what, limit, all.len() as u64 + chunk.len() as u64)?;
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// Refuses more than is taken, by what is announced and by what arrives.
    pub(crate) fn within(&self, what: &str, limit: u64, size: u64) -> Result<(), RemoteError> {
        if size <= limit {
            return Ok(());
        }
        Err(RemoteError::TooLarge {
            host: self.host.clone(),
            what: what.to_owned(),
            limit,
        })
    }
}

/// Host and, where it is not the usual one, port: as people write it.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Why a redirect is not followed.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
struct NotFollowed {
    reason: &'static str,
    to: String,
}

fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let from_https = attempt.previous().iter().any(|url| url.scheme() == "https");
    let reason = if attempt.previous().len() > limits::REDIRECTS {
        "that is too many times"
    } else if from_https && attempt.url().scheme() != "https" {
        "others could read and change it on the way"
    } else {
        return attempt.follow();
    };
    let to = format!("`{}://{}`", attempt.url().scheme(), host(attempt.url()));
    attempt.error(NotFollowed { reason, to })
}

fn problem(
    host: &str,
    begun: Instant,
    stall: Duration,
    total: Duration,
    error: &reqwest::Error,
) -> RemoteError {
    let host = host.to_owned();
    if let Some(NotFollowed { reason, to }) = cause(error) {
        return RemoteError::Redirect {
            host,
            to: to.clone(),
            reason,
        };
    }
    if error.is_timeout() && !error.is_connect() {
        return if begun.elapsed() >= total {
            RemoteError::TooSlow { host, limit: total }
        } else {
            RemoteError::Stalled { host, after: stall }
        };
    }
    RemoteError::Unreachable {
        host,
        reason: innermost(error),
    }
}

/// The cause of a kind, however deep.
fn cause<E: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

/// What really happened: reqwest's own words are "error sending request" for all of it.
fn innermost(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

fn tls(settings: &Settings) -> Result<ClientConfig, RemoteError> {
    let mut roots = RootCertStore::empty();
    // A system without certificates can still use the user's.
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = &settings.ca_file {
        let unusable = |reason: String| RemoteError::Certificates {
            what: format!("`{}`", path.display()),
            reason,
        };
        let text = fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| unusable(error.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(unusable("there is none in PEM form".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| RemoteError::Certificates {
            what: "the configuration".to_owned(),
            reason: error.to_string(),
        })?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
