//! The communicator's options of one build, checked.
//!
//! What every builder with an instance shares (`reference/packer.md` §6). Unknown names were refused by the builder's
//! schema before; options of Packer that are not built yet are refused here by name. Durations are written as in Go,
//! such as `1h30m`.

use std::{borrow::Cow, path::PathBuf, time::Duration};

use jiff::SignedDuration;
use kilnbox_engine::{Options, Problem, from_go};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::{
    credentials::{AgentAuth, PrivateKey},
    schema::{NOT_BUILT, OF_INSTANCES},
    temporary_key::{self, TemporaryKey},
};

/// How the instance is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommunicatorKind {
    /// Over SSH.
    Ssh,
    /// Not at all: `communicator` is `none`.
    None,
}

/// The options of one build. Passwords and keys are left out of its `Debug`.
#[derive(Clone)]
pub struct SshOptions {
    /// `communicator`.
    pub communicator: CommunicatorKind,
    /// `pause_before_connecting`.
    pub pause_before_connecting: Duration,
    /// `ssh_host`, where the user gave one.
    pub host: Option<String>,
    /// `ssh_port`.
    pub port: u16,
    /// `ssh_username`; empty only with communicator `none`.
    pub username: String,
    /// `ssh_password`.
    pub password: Option<String>,
    /// `ssh_private_key_file` as the user wrote it.
    pub private_key_file: Option<String>,
    /// The key in that file, with `ssh_certificate_file`; a builder may set a temporary one.
    pub private_key: Option<PrivateKey>,
    /// `ssh_keypair_name`: a key pair of the platform, whose private key is that of the file or in the agent.
    pub keypair_name: Option<String>,
    /// The key that the builder makes, where there is no `keypair_name` and no other way to log in.
    pub temporary_key: TemporaryKey,
    /// `ssh_clear_authorized_keys`.
    pub clear_authorized_keys: bool,
    /// `ssh_agent_auth`.
    pub agent: AgentAuth,
    /// `ssh_pty`: every command gets a pseudo-terminal.
    pub pty: bool,
    /// `ssh_timeout`: from the first attempt to a connection that stands.
    pub timeout: Duration,
    /// `ssh_handshake_attempts`: refused logins before giving up.
    pub handshake_attempts: u32,
    /// `ssh_keep_alive_interval`; none where it is negative.
    pub keep_alive: Option<Duration>,
    /// `ssh_read_write_timeout`; none where it is 0.
    pub silence: Option<Duration>,
    /// `ssh_compression`: what is sent is compressed, where the server can.
    pub compression: bool,
    pub(crate) ciphers: Option<Vec<russh::cipher::Name>>,
    pub(crate) key_exchange: Option<Vec<russh::kex::Name>>,
}

impl std::fmt::Debug for SshOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SshOptions")
            .field("communicator", &self.communicator)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("username", &self.username)
            .field("private_key", &self.private_key)
            .field("agent", &self.agent)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The options as they stand in the template. Other options of the builder are passed over.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    communicator: Option<String>,
    pause_before_connecting: Option<Json>,
    ssh_host: Option<String>,
    ssh_port: Option<u16>,
    ssh_username: Option<String>,
    ssh_password: Option<String>,
    ssh_private_key_file: Option<String>,
    ssh_certificate_file: Option<String>,
    ssh_pty: bool,
    ssh_timeout: Option<Json>,
    ssh_wait_timeout: Option<Json>,
    ssh_handshake_attempts: Option<u32>,
    ssh_agent_auth: bool,
    ssh_file_transfer_method: Option<String>,
    ssh_keep_alive_interval: Option<Json>,
    ssh_read_write_timeout: Option<Json>,
    ssh_compression: bool,
    ssh_ciphers: Vec<String>,
    ssh_key_exchange_algorithms: Vec<String>,
    ssh_keypair_name: Option<String>,
    temporary_key_pair_name: Option<String>,
    temporary_key_pair_type: Option<String>,
    temporary_key_pair_bits: u32,
    ssh_clear_authorized_keys: bool,
}

impl SshOptions {
    /// Checks the communicator's options among those of a builder that finds its instance. All problems at once.
    pub fn prepare(options: &Options) -> Result<Self, Vec<Problem>> {
        let refused = OF_INSTANCES
            .iter()
            .filter(|name| asked_for(options, name))
            .map(|name| {
                let message =
                    format!("`{name}` is of builders that start an instance, and this one starts none");
                Problem::error(format!("/{name}"), message).hint("leave it out")
            });
        let mut own = options.json.clone();
        if let Some(own) = own.as_object_mut() {
            own.retain(|name, _| !OF_INSTANCES.contains(&name.as_str()));
        }
        Self::checked(options, &own, refused.collect())
    }

    /// Checks the communicator's options among those of a builder that starts its instance, with those about the key
    /// it puts there. All problems at once.
    pub fn prepare_instance(options: &Options) -> Result<Self, Vec<Problem>> {
        Self::checked(options, &options.json, Vec::new())
    }

    fn checked(options: &Options, own: &Json, mut problems: Vec<Problem>) -> Result<Self, Vec<Problem>> {
        let refused = NOT_BUILT.iter().filter(|name| asked_for(options, name));
        problems.extend(refused.map(|name| {
            Problem::error(format!("/{name}"), format!("`{name}` is not supported yet")).hint("leave it out")
        }));
        let written = match Written::deserialize(own) {
            Ok(written) => written,
            Err(error) => {
                problems.push(Problem::error("", format!("the communicator's options: {error}")));
                return Err(problems);
            }
        };
        let prepared = written.prepare(options, &mut problems);
        if problems.iter().any(|problem| !problem.warning) {
            Err(problems)
        } else {
            Ok(prepared)
        }
    }

    /// `user@host:port`, as messages name the instance.
    pub(crate) fn whom(&self, host: &str) -> String {
        format!("{}@{host}:{}", self.username, self.port)
    }
}

impl Written {
    fn prepare(self, options: &Options, problems: &mut Vec<Problem>) -> SshOptions {
        let communicator = match self.communicator.as_deref() {
            None | Some("" | "ssh") => CommunicatorKind::Ssh,
            Some("none") => CommunicatorKind::None,
            Some("winrm") => {
                problems.push(
                    Problem::error("/communicator", "the communicator `winrm` is not supported yet")
                        .hint("use `ssh`; Windows has an OpenSSH server"),
                );
                CommunicatorKind::None
            }
            Some(other) => {
                problems.push(
                    Problem::error("/communicator", format!("Communicator type {other} is invalid"))
                        .hint("use `ssh` or `none`"),
                );
                CommunicatorKind::None
            }
        };
        let username = filled(self.ssh_username).unwrap_or_default();
        if communicator == CommunicatorKind::Ssh && username.is_empty() {
            problems.push(Problem::error(
                "/ssh_username",
                "An ssh_username must be specified\n  Note: some builders used to default ssh_username to \"root\".",
            ));
        }
        if let Some(method) = filled(self.ssh_file_transfer_method)
            && !matches!(method.as_str(), "scp" | "sftp")
        {
            problems.push(Problem::error(
                "/ssh_file_transfer_method",
                format!("ssh_file_transfer_method ('{method}') is invalid, valid methods: sftp, scp"),
            ));
        }
        let private_key_file = filled(self.ssh_private_key_file);
        let certificate = filled(self.ssh_certificate_file);
        if certificate.is_some() && private_key_file.is_none() {
            problems.push(
                Problem::error(
                    "/ssh_certificate_file",
                    "`ssh_certificate_file` needs `ssh_private_key_file`",
                )
                .hint("name the private key that the certificate was made for"),
            );
        }
        let private_key = private_key_file.as_deref().and_then(|file| {
            let certificate = certificate.as_deref().map(|file| locate(file, options));
            PrivateKey::load(&locate(file, options), certificate.as_deref())
                .map_err(|problem| problems.push(problem))
                .ok()
        });
        let keypair_name = filled(self.ssh_keypair_name);
        if keypair_name.is_some() && private_key_file.is_none() && !self.ssh_agent_auth {
            problems.push(Problem::error(
                "/ssh_keypair_name",
                "ssh_private_key_file must be provided or ssh_agent_auth enabled when ssh_keypair_name is specified.",
            ));
        }
        let temporary_key = TemporaryKey {
            name: filled(self.temporary_key_pair_name),
            kind: temporary_key::kind(
                self.temporary_key_pair_type.as_deref().unwrap_or_default(),
                self.temporary_key_pair_bits,
                problems,
            ),
        };
        let mut span = |name: &str, value: &Option<Json>, default: Duration| {
            let signed = span(name, value.as_ref(), problems);
            (
                signed.map_or(default, |signed| signed.try_into().unwrap_or_default()),
                signed,
            )
        };
        let (pause_before_connecting, _) = span(
            "pause_before_connecting",
            &self.pause_before_connecting,
            Duration::ZERO,
        );
        let (old_timeout, _) = span(
            "ssh_wait_timeout",
            &self.ssh_wait_timeout,
            Duration::from_secs(5 * 60),
        );
        let (timeout, _) = span("ssh_timeout", &self.ssh_timeout, old_timeout);
        let (keep_alive, signed) = span(
            "ssh_keep_alive_interval",
            &self.ssh_keep_alive_interval,
            Duration::from_secs(5),
        );
        let keep_alive = match signed {
            Some(signed) if signed.is_negative() => None,
            Some(signed) if signed.is_zero() => Some(Duration::from_secs(5)),
            _ => Some(keep_alive),
        };
        let (silence, _) = span(
            "ssh_read_write_timeout",
            &self.ssh_read_write_timeout,
            Duration::ZERO,
        );
        SshOptions {
            communicator,
            pause_before_connecting,
            host: filled(self.ssh_host),
            port: self.ssh_port.filter(|port| *port != 0).unwrap_or(22),
            username,
            password: filled(self.ssh_password),
            private_key_file,
            private_key,
            keypair_name,
            temporary_key,
            clear_authorized_keys: self.ssh_clear_authorized_keys,
            agent: if self.ssh_agent_auth {
                AgentAuth::Environment
            } else {
                AgentAuth::Off
            },
            pty: self.ssh_pty,
            timeout: if timeout.is_zero() { old_timeout } else { timeout },
            handshake_attempts: self
                .ssh_handshake_attempts
                .filter(|attempts| *attempts != 0)
                .unwrap_or(10),
            keep_alive,
            silence: (!silence.is_zero()).then_some(silence),
            compression: self.ssh_compression,
            ciphers: algorithms("ssh_ciphers", &self.ssh_ciphers, problems, |name| {
                russh::cipher::Name::try_from(name)
                    .ok()
                    .filter(|name| *name != russh::cipher::NONE && *name != russh::cipher::CLEAR)
            }),
            key_exchange: algorithms(
                "ssh_key_exchange_algorithms",
                &self.ssh_key_exchange_algorithms,
                problems,
                |name| {
                    russh::kex::Name::try_from(name)
                        .ok()
                        .filter(|name| *name != russh::kex::NONE)
                },
            ),
        }
    }
}

fn asked_for(options: &Options, name: &str) -> bool {
    options.json.get(name).is_some_and(asks_for_something)
}

/// Whether a value differs from none: templates turn an option off by an empty variable.
pub fn asks_for_something(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(on) => *on,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(members) => members.values().any(asks_for_something),
    }
}

/// A duration as Go writes it: `1h30m`, `1.5h`, `300ms`, `-1s`, `0`. A bare number counts nanoseconds.
pub fn duration(value: &Json) -> Result<SignedDuration, String> {
    let text = match value {
        Json::String(text) => Cow::Borrowed(text.trim()),
        Json::Number(number) => {
            return number
                .as_i64()
                .map(SignedDuration::from_nanos)
                .ok_or_else(|| format!("`{number}`"));
        }
        other => return Err(format!("`{other}`")),
    };
    if text.is_empty() {
        return Ok(SignedDuration::ZERO);
    }
    from_go(&text).ok_or_else(|| format!("`{text}`"))
}

fn span(name: &str, value: Option<&Json>, problems: &mut Vec<Problem>) -> Option<SignedDuration> {
    let value = value.filter(|value| !value.is_null())?;
    duration(value)
        .map_err(|shown| {
            problems.push(
                Problem::error(format!("/{name}"), format!("`{name}`: {shown} is not a duration"))
                    .hint("write a number with a unit, such as `30s`, `5m` or `1h30m`"),
            );
        })
        .ok()
}

fn algorithms<T>(
    option: &str,
    names: &[String],
    problems: &mut Vec<Problem>,
    find: impl Fn(&str) -> Option<T>,
) -> Option<Vec<T>> {
    let mut found = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match find(name) {
            Some(algorithm) => found.push(algorithm),
            None => problems.push(
                Problem::error(
                    format!("/{option}/{index}"),
                    format!("`{option}`: `{name}` is not supported"),
                )
                .hint("leave the option out to offer every safe algorithm"),
            ),
        }
    }
    (!found.is_empty()).then_some(found)
}

/// The empty string means absent, as everywhere in Packer.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// `~` is the home directory; other paths start from the working directory, then from the template's folder.
pub fn locate(file: &str, options: &Options) -> PathBuf {
    if let Some(rest) = file.strip_prefix("~/")
        && let Some(home) = std::env::home_dir()
    {
        return home.join(rest);
    }
    let here = options.working_dir.join(file);
    match &options.template_dir {
        Some(folder) if !here.exists() && folder.join(file).exists() => folder.join(file),
        _ => here,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(json: Json) -> Options {
        Options {
            json,
            build_name: "test".to_owned(),
            working_dir: std::env::temp_dir(),
            template_dir: None,
            force: false,
            templates: std::sync::Arc::new(kilnbox_engine::NoTemplates),
        }
    }

    fn prepare(json: Json) -> Result<SshOptions, Vec<Problem>> {
        SshOptions::prepare(&options(json))
    }

    fn problems(json: Json) -> Vec<(String, String)> {
        prepare(json)
            .unwrap_err()
            .into_iter()
            .map(|problem| (problem.at, problem.message))
            .collect()
    }

    #[test]
    fn defaults_apply_one_by_one() {
        let options = prepare(json!({ "ssh_username": "root", "ssh_timeout": "1m" })).unwrap();
        assert_eq!(
            (options.timeout, options.handshake_attempts),
            (Duration::from_secs(60), 10)
        );
        let options = prepare(json!({ "ssh_username": "root", "ssh_handshake_attempts": 3 })).unwrap();
        assert_eq!(
            (options.timeout, options.handshake_attempts),
            (Duration::from_secs(300), 3)
        );
        let options = prepare(json!({ "ssh_username": "root", "ssh_wait_timeout": "2m" })).unwrap();
        assert_eq!(options.timeout, Duration::from_secs(120));
        assert_eq!(options.keep_alive, Some(Duration::from_secs(5)));
    }

    #[test]
    fn durations_are_those_of_go() {
        let check =
            |text: &str, expect: SignedDuration| assert_eq!(duration(&json!(text)), Ok(expect), "{text}");
        check("1h30m", SignedDuration::from_secs(5400));
        check("1.5h", SignedDuration::from_secs(5400));
        check("300ms", SignedDuration::from_millis(300));
        check("-1s", SignedDuration::from_secs(-1));
        check("0", SignedDuration::ZERO);
        assert!(duration(&json!("5")).is_err());
        assert!(duration(&json!("soon")).is_err());
    }

    #[test]
    fn a_negative_interval_ends_keep_alive() {
        let options = prepare(json!({ "ssh_username": "u", "ssh_keep_alive_interval": "-1s" })).unwrap();
        assert_eq!(options.keep_alive, None);
    }

    #[test]
    fn what_is_not_built_is_refused_by_name() {
        let found = problems(json!({ "ssh_username": "u", "ssh_bastion_host": "b", "winrm_port": 1 }));
        assert_eq!(
            found,
            [
                (
                    "/ssh_bastion_host".to_owned(),
                    "`ssh_bastion_host` is not supported yet".to_owned()
                ),
                (
                    "/winrm_port".to_owned(),
                    "`winrm_port` is not supported yet".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn keys_of_instances_are_for_builders_that_start_one() {
        let json = json!({
            "ssh_username": "u", "ssh_keypair_name": "mine", "ssh_agent_auth": true,
            "temporary_key_pair_name": "t", "temporary_key_pair_type": "rsa", "temporary_key_pair_bits": 2048,
            "ssh_clear_authorized_keys": true,
        });
        let found = problems(json.clone());
        let places: Vec<&str> = found.iter().map(|(at, _)| at.trim_start_matches('/')).collect();
        assert_eq!(places, OF_INSTANCES);
        assert!(
            found[0].1.contains("of builders that start an instance"),
            "{found:?}"
        );
        let options = SshOptions::prepare_instance(&options(json)).unwrap();
        assert_eq!(options.keypair_name.as_deref(), Some("mine"));
        assert!(options.clear_authorized_keys);
        assert_eq!(
            options.temporary_key,
            TemporaryKey {
                name: Some("t".to_owned()),
                kind: crate::KeyType::Rsa { bits: 2048 }
            }
        );
    }

    #[test]
    fn a_key_pair_of_the_platform_needs_its_private_key() {
        let json =
            json!({ "ssh_username": "u", "ssh_keypair_name": "mine", "temporary_key_pair_type": "dsa" });
        let found = SshOptions::prepare_instance(&options(json)).unwrap_err();
        let places: Vec<&str> = found.iter().map(|problem| problem.at.as_str()).collect();
        assert_eq!(places, ["/ssh_keypair_name", "/temporary_key_pair_type"]);
    }

    #[test]
    fn what_is_not_built_may_be_turned_off() {
        let off = json!({
            "ssh_username": "u", "ssh_bastion_host": "", "ssh_clear_authorized_keys": "", "ssh_local_tunnels": [],
            "winrm_port": 0, "ssh_proxy_host": null,
        });
        assert!(prepare(off).is_ok());
    }

    #[test]
    fn all_problems_come_at_once() {
        let found = problems(json!({
            "ssh_timeout": "soon", "ssh_file_transfer_method": "ftp", "ssh_ciphers": ["none"],
            "ssh_private_key_file": "no-such-key",
        }));
        let places: Vec<&str> = found.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(
            places,
            [
                "/ssh_username",
                "/ssh_file_transfer_method",
                "/ssh_private_key_file",
                "/ssh_timeout",
                "/ssh_ciphers/0"
            ]
        );
        assert!(found[0].1.starts_with("An ssh_username must be specified"));
        assert_eq!(
            found[1].1,
            "ssh_file_transfer_method ('ftp') is invalid, valid methods: sftp, scp"
        );
    }

    #[test]
    fn an_unknown_communicator_is_refused() {
        assert_eq!(
            problems(json!({ "communicator": "telnet" })),
            [(
                "/communicator".to_owned(),
                "Communicator type telnet is invalid".to_owned()
            )]
        );
    }

    #[test]
    fn every_option_stands_in_the_schema() {
        let schema = crate::schema_properties();
        assert_eq!(schema["ssh_password"]["format"], "secret");
        assert_eq!(schema["ssh_timeout"]["format"], "duration");
        let refused = || NOT_BUILT.iter().chain(OF_INSTANCES);
        assert!(refused().all(|name| schema.contains_key(*name)));
        let described = crate::instance_schema_properties();
        assert_eq!(described.len(), schema.len());
        assert_eq!(described["temporary_key_pair_type"]["default"], "ed25519");
        assert!(
            OF_INSTANCES
                .iter()
                .all(|name| described[*name]["type"].is_string())
        );
    }

    #[test]
    fn debug_shows_no_password() {
        let options = prepare(json!({ "ssh_username": "u", "ssh_password": "hunter22" })).unwrap();
        assert!(!format!("{options:?}").contains("hunter22"));
    }
}
