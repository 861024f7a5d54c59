//! What the user decided about registries, outside every project: mirrors, certificates, patience.
//!
//! It is `config.toml` in the configuration folder. Plain `http` is spoken with a mirror that is written so here, and
//! with nobody else: a project, perhaps a stranger's, cannot ask for it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::Url;
use serde::Deserialize;

use crate::{Error, Repository, file, limits};

/// The file's name in the configuration folder.
pub const CONFIG_FILE_NAME: &str = "config.toml";

/// Largest configuration, in bytes.
const CONFIG_SIZE: u64 = 1 << 20;

/// How other machines are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Registry to what stands for it: `HOST[:PORT][/PREFIX]`, over https unless it begins with `http://`.
    pub(crate) mirrors: BTreeMap<String, Mirror>,
    /// Certificates to trust besides the system's, a PEM file.
    pub ca_file: Option<PathBuf>,
    /// Files in which Docker and its like keep credentials; the first that knows a host is asked.
    pub credentials: Vec<PathBuf>,
    pub(crate) stall: Duration,
    pub(crate) total: Duration,
}

/// What stands for a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    base: Url,
    prefix: String,
}

/// A repository where it really is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Scheme, host and port.
    pub(crate) base: Url,
    pub(crate) repository: String,
    /// What Docker's configuration calls the host.
    pub(crate) credentials: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    mirrors: BTreeMap<String, String>,
    #[serde(default)]
    network: Network,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Network {
    ca_file: Option<PathBuf>,
    stall: Option<String>,
    total: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mirrors: BTreeMap::new(),
            ca_file: None,
            credentials: Vec::new(),
            stall: limits::STALL,
            total: limits::TOTAL,
        }
    }
}

impl Settings {
    /// From the user's configuration folder; there need not be a file.
    pub fn read(config_dir: &Path) -> Result<Self, Error> {
        let path = config_dir.join(CONFIG_FILE_NAME);
        let text = match file::read(&path, CONFIG_SIZE) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            read => read?,
        };
        // A mirror decides whom bytes and tags are asked from.
        if file::exposed(&path).map_err(Error::io("reading", &path))? {
            return Err(Error::Exposed { path });
        }
        Self::parse(&String::from_utf8_lossy(&text)).map_err(|reason| Error::Config { path, reason })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
        let mirrors = config
            .mirrors
            .into_iter()
            .map(|(registry, mirror)| Ok((registry, Mirror::parse(&mirror)?)))
            .collect::<Result<_, String>>()?;
        let time = |written: Option<String>, usual: Duration| match written {
            None => Ok(usual),
            Some(text) => match humantime::parse_duration(&text) {
                Ok(Duration::ZERO) => Err(format!("`{text}` is no time at all")),
                Ok(time) => Ok(time),
                Err(error) => Err(format!("`{text}` is no duration such as `30s`: {error}")),
            },
        };
        Ok(Self {
            mirrors,
            ca_file: config.network.ca_file,
            credentials: Vec::new(),
            stall: time(config.network.stall, limits::STALL)?,
            total: time(config.network.total, limits::TOTAL)?,
        })
    }

    /// Where a repository is asked for.
    pub(crate) fn place(&self, repository: &Repository) -> Result<Place, String> {
        let Repository { registry, name } = repository;
        if let Some(Mirror { base, prefix }) = self.mirrors.get(registry) {
            return Ok(Place {
                base: base.clone(),
                repository: format!("{prefix}{name}"),
                credentials: super::http::host(base),
            });
        }
        // Docker's own name is not that of its registry, nor that of its credentials.
        let (host, credentials) = match registry.as_str() {
            "docker.io" | "index.docker.io" => ("registry-1.docker.io", "https://index.docker.io/v1/"),
            host => (host, host),
        };
        Ok(Place {
            base: Url::parse(&format!("https://{host}/")).map_err(|error| error.to_string())?,
            repository: name.clone(),
            credentials: credentials.to_owned(),
        })
    }
}

impl Mirror {
    fn parse(text: &str) -> Result<Self, String> {
        let written = match text.split_once("://") {
            Some(_) => text.to_owned(),
            None => format!("https://{text}"),
        };
        let base = Url::parse(&written).map_err(|error| format!("the mirror `{text}`: {error}"))?;
        let plain = base.username().is_empty() && base.password().is_none() && base.query().is_none();
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() || !plain {
            return Err(format!("`{text}` is no mirror such as `mirror.example/ghcr`"));
        }
        let prefix = match base.path().trim_matches('/') {
            "" => String::new(),
            path => format!("{path}/"),
        };
        let mut root = base;
        root.set_path("/");
        Ok(Self { base: root, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(config: &str, source: &str) -> String {
        let (repository, _) = Repository::parse(source).unwrap();
        let place = Settings::parse(config).unwrap().place(&repository).unwrap();
        format!("{}v2/{} with {}", place.base, place.repository, place.credentials)
    }

    #[test]
    fn mirrors_stand_for_registries() {
        let mirrors = "[mirrors]\n\"ghcr.io\" = \"mirror.example/ghcr\"\n\"localhost:5000\" = \"http://localhost:5000\"\n";
        assert_eq!(
            place(mirrors, "ghcr.io/acme/a"),
            "https://mirror.example/v2/ghcr/acme/a with mirror.example"
        );
        assert_eq!(
            place(mirrors, "localhost:5000/a"),
            "http://localhost:5000/v2/a with localhost:5000"
        );
        assert_eq!(
            place(mirrors, "quay.io/acme/a"),
            "https://quay.io/v2/acme/a with quay.io"
        );
        assert_eq!(
            place("", "docker.io/tool"),
            "https://registry-1.docker.io/v2/library/tool with https://index.docker.io/v1/"
        );
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        for refused in [
            "mirror = 1",
            "[mirrors]\na = \"ftp://b\"",
            "[mirrors]\na = \"https://me:secret@b\"",
            "[network]\nstall = \"soon\"",
            "[network]\nstall = \"0s\"",
            "[network]\nproxy = \"x\"",
        ] {
            assert!(Settings::parse(refused).is_err(), "{refused}");
        }
        let patient = Settings::parse("[network]\nstall = \"2m\"\nca-file = \"/etc/site.pem\"").unwrap();
        assert_eq!(patient.stall, Duration::from_secs(120));
        assert_eq!(patient.ca_file, Some("/etc/site.pem".into()));
    }
}
