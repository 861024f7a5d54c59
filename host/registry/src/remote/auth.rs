//! Answers to a registry that asks who one is: a password at every request, or a token from who it names.
//!
//! <https://distribution.github.io/distribution/spec/auth/token/>. What is sent where: the password to the registry it
//! belongs to, and to the token service that this registry names; the token to the registry alone.

use http_auth::ChallengeRef;
use reqwest::{
    RequestBuilder, Url,
    header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE},
};
use serde::Deserialize;

use super::{
    RemoteError,
    credentials::{self, Credentials},
    http::{Answer, Http},
    settings::Place,
};
use crate::limits;

/// What is to be done in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Pull,
    Push,
}

/// What proves who one is, or nothing where nobody asked.
#[derive(Clone, Default)]
pub(crate) struct Proof(Option<HeaderValue>);

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Proof {
    pub(crate) fn on(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.0 {
            Some(value) => request.header(AUTHORIZATION, value.clone()),
            None => request,
        }
    }
}

/// Answers the challenge of a 401.
pub(crate) async fn answer(
    http: &Http,
    files: &[std::path::PathBuf],
    place: &Place,
    access: Access,
    refusal: &Answer,
) -> Result<Proof, RemoteError> {
    let host = super::http::host(&place.base);
    let known = credentials::find(files, &place.credentials).await?;
    if known != Credentials::None && !secret(&place.base) {
        return Err(RemoteError::InTheClear { host });
    }
    let header = refusal.head().headers().get(WWW_AUTHENTICATE);
    let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let challenges = http_auth::parse_challenges(header).unwrap_or_default();
    let of = |scheme: &str| {
        challenges
            .iter()
            .find(|challenge| challenge.scheme.eq_ignore_ascii_case(scheme))
    };
    if let Some(bearer) = of("Bearer") {
        let token = token(http, place, access, &host, bearer, &known).await?;
        return proof(http.client().get(place.base.clone()).bearer_auth(token), &host);
    }
    match (of("Basic"), known) {
        (_, Credentials::None) => Err(RemoteError::Unknown { host }),
        (Some(_), Credentials::Password { name, password }) => proof(
            http.client()
                .get(place.base.clone())
                .basic_auth(name, Some(password)),
            &host,
        ),
        _ => Err(RemoteError::Malformed {
            host,
            what: "the demand for credentials".to_owned(),
            reason: "it is neither for a password nor for a token".to_owned(),
        }),
    }
}

async fn token(
    http: &Http,
    place: &Place,
    access: Access,
    host: &str,
    challenge: &ChallengeRef<'_>,
    known: &Credentials,
) -> Result<String, RemoteError> {
    let malformed = |reason: &str| RemoteError::Malformed {
        host: host.to_owned(),
        what: "the token service".to_owned(),
        reason: reason.to_owned(),
    };
    let parameter = |wanted: &str| {
        let found = challenge
            .params
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.to_unescaped())
    };
    let mut realm = parameter("realm")
        .and_then(|realm| Url::parse(&realm).ok())
        .ok_or_else(|| malformed("its address is missing"))?;
    if !secret(&realm) && (*known != Credentials::None || place.base.scheme() == "https") {
        return Err(RemoteError::InTheClear {
            host: super::http::host(&realm),
        });
    }
    let actions = match access {
        Access::Pull => "pull",
        Access::Push => "pull,push",
    };
    let scope = format!("repository:{}:{actions}", place.repository);
    let service = parameter("service").unwrap_or_default();
    let request = match known {
        Credentials::Identity(token) => http.client().post(realm).form(&[
            ("grant_type", "refresh_token"),
            ("client_id", "kilnbox"),
            ("service", &service),
            ("scope", &scope),
            ("refresh_token", token),
        ]),
        known => {
            realm
                .query_pairs_mut()
                .append_pair("service", &service)
                .append_pair("scope", &scope);
            match known {
                Credentials::Password { name, password } => {
                    http.client().get(realm).basic_auth(name, Some(password))
                }
                _ => http.client().get(realm),
            }
        }
    };
    let answer = http.send(request).await?;
    match answer.status() {
        200 => {}
        400..=499 if *known == Credentials::None => {
            return Err(RemoteError::Unknown {
                host: host.to_owned(),
            });
        }
        400..=499 => {
            return Err(RemoteError::Denied {
                host: host.to_owned(),
                what: format!("to {} `{}`", actions.replace(',', " and "), place.repository),
            });
        }
        status => {
            return Err(RemoteError::Refused {
                host: host.to_owned(),
                status,
                message: "the token service does not work".to_owned(),
            });
        }
    }
    let body = answer.all("the token", limits::ANSWER_SIZE).await?;
    let token: Token = serde_json::from_slice(&body).map_err(|_| malformed("its answer is no token"))?;
    token
        .token
        .or(token.access_token)
        .ok_or_else(|| malformed("its answer holds no token"))
}

/// The header that a request would bear, marked as what is never logged.
fn proof(request: RequestBuilder, host: &str) -> Result<Proof, RemoteError> {
    let built = request.build().map_err(|_| RemoteError::Malformed {
        host: host.to_owned(),
        what: "the token".to_owned(),
        reason: "it cannot be sent in a header".to_owned(),
    })?;
    let mut value = built.headers().get(AUTHORIZATION).cloned();
    if let Some(value) = &mut value {
        value.set_sensitive(true);
    }
    Ok(Proof(value))
}

/// Nobody on the way can read it: it is encrypted, or never leaves this machine.
fn secret(url: &Url) -> bool {
    url.scheme() == "https" || matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}
