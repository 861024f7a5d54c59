//! What a component is tried on: `rootfs`, `ssh://USER@HOST`, or a transcript's file.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};
use url::Url;

use crate::error::Error;

/// What a component is tried on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::commands::plugin) enum Against {
    /// A container with a copy-on-write view of this machine, or of what is named.
    Rootfs(String),
    /// A machine that is there.
    Ssh(Url),
    /// No machine: a transcript.
    Transcript(PathBuf),
}

impl Against {
    /// Reads what stands after `--against`.
    pub(in crate::commands::plugin) fn parse(text: &str) -> Result<Self, Error> {
        if text == "rootfs" {
            return Ok(Self::Rootfs("host".to_owned()));
        }
        if let Some(from) = text.strip_prefix("rootfs:").filter(|from| !from.is_empty()) {
            return Ok(Self::Rootfs(from.to_owned()));
        }
        if text.starts_with("ssh:") {
            let url = Url::parse(text).map_err(|error| wrong(text, &error.to_string()))?;
            return match (url.host_str(), url.username()) {
                (None, _) => Err(wrong(text, "it names no host")),
                (_, "") => Err(wrong(text, "it names no account")),
                _ => Ok(Self::Ssh(url)),
            };
        }
        if Path::new(text).is_file() {
            return Ok(Self::Transcript(text.into()));
        }
        Err(wrong(text, "there is no such file"))
    }

    /// The builder that makes it. `scratch` is a folder for what is not kept.
    pub(super) fn builder(&self, identity: Option<&Path>, scratch: &Path) -> Result<Json, Error> {
        match self {
            Self::Transcript(_) => Ok(json!({ "type": "null", "communicator": "none" })),
            Self::Rootfs(from) => Ok(json!({
                "type": "rootfs",
                "from": from,
                "output": scratch.join("tried.tar"),
            })),
            Self::Ssh(url) => ssh(url, identity),
        }
    }
}

fn ssh(url: &Url, identity: Option<&Path>) -> Result<Json, Error> {
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|error| wrong(url.as_str(), &error.to_string()))
    };
    let host = url.host_str().unwrap_or_default();
    let mut builder = Map::new();
    let mut set = |key: &str, value: Json| builder.insert(key.to_owned(), value);
    set("type", json!("null"));
    // An IPv6 address stands in brackets in a URL alone.
    set(
        "ssh_host",
        json!(host.trim_start_matches('[').trim_end_matches(']')),
    );
    set("ssh_username", json!(decoded(url.username())?));
    if let Some(port) = url.port() {
        set("ssh_port", json!(port));
    }
    match (identity, url.password()) {
        (Some(file), _) => set("ssh_private_key_file", json!(file)),
        (None, Some(password)) => set("ssh_password", json!(decoded(password)?)),
        (None, None) => set("ssh_agent_auth", json!(true)),
    };
    Ok(Json::Object(builder))
}

fn wrong(text: &str, why: &str) -> Error {
    Error::Other {
        message: format!("`--against {text}`: {why}"),
        hint: Some(
            "give `rootfs`, `ssh://USER@HOST:PORT`, or the file of a transcript such as `tests/transcript.toml`".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_and_their_builders() {
        let builder = |text: &str, identity: Option<&str>| {
            let against = Against::parse(text).unwrap();
            against
                .builder(identity.map(Path::new), Path::new("/scratch"))
                .unwrap()
        };
        assert_eq!(
            builder("rootfs", None),
            json!({ "type": "rootfs", "from": "host", "output": "/scratch/tried.tar" })
        );
        assert_eq!(builder("rootfs:base.tar", None)["from"], "base.tar");
        assert_eq!(
            builder("ssh://admin@192.0.2.7:2222", Some("key")),
            json!({
                "type": "null", "ssh_host": "192.0.2.7", "ssh_port": 2222, "ssh_username": "admin",
                "ssh_private_key_file": "key",
            })
        );
        assert_eq!(builder("ssh://a%40b:p%3Aw@host", None)["ssh_username"], "a@b");
        assert_eq!(builder("ssh://a:p%3Aw@host", None)["ssh_password"], "p:w");
        assert_eq!(
            builder("ssh://root@[2001:db8::1]", None)["ssh_host"],
            "2001:db8::1"
        );
        assert_eq!(builder("ssh://root@host", None)["ssh_agent_auth"], true);
    }

    #[test]
    fn what_is_none_of_them_is_refused() {
        for text in [
            "",
            "rootfs:",
            "ssh://host",
            "ssh://",
            "no/such/file.toml",
            "docker",
        ] {
            assert!(Against::parse(text).is_err(), "{text}");
        }
    }
}
