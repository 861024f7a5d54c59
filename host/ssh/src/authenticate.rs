//! Logging in: agent, key, password, then keyboard-interactive with the password, as Packer orders them.
//!
//! Every method that was offered is named, so that a refusal can say what was tried. RSA keys sign with SHA-2.

use russh::{
    MethodSet,
    client::{AuthResult, Handle, KeyboardInteractiveAuthResponse},
    keys::{
        Algorithm, HashAlg, PrivateKeyWithHashAlg,
        agent::{AgentIdentity, client::AgentClient},
    },
};
use tokio::net::UnixStream;

use crate::{
    connect::Target,
    credentials::{AgentAuth, PrivateKey},
    handler::Guard,
    limits::{AGENT_KEYS, ROUNDS},
};

/// How a login ended.
pub(crate) enum Login {
    /// Let in.
    Done,
    /// Refused; `tried` in order, and the last thing the server said.
    Refused { tried: Vec<String>, cause: String },
    /// It cannot work, however often it is tried.
    Hopeless(String),
}

/// Tries everything the options allow.
pub(crate) async fn authenticate(session: &mut Handle<Guard>, target: &Target) -> Login {
    let mut attempt = Attempt {
        session,
        user: &target.options.username,
        tried: Vec::new(),
        cause: None,
    };
    match attempt.everything(target).await {
        Ok(true) => Login::Done,
        Ok(false) => Login::Refused {
            tried: attempt.tried,
            cause: attempt
                .cause
                .unwrap_or_else(|| "the server accepted none of them".to_owned()),
        },
        Err(Failure::Hopeless(cause)) => Login::Hopeless(cause),
        // Servers hang up on those who fail too often: what was refused before is still a refusal.
        Err(Failure::Session(error)) => Login::Refused {
            tried: attempt.tried,
            cause: format!("the server ended the connection ({error})"),
        },
    }
}

enum Failure {
    Session(String),
    Hopeless(String),
}

impl From<russh::Error> for Failure {
    fn from(error: russh::Error) -> Self {
        Self::Session(error.to_string())
    }
}

struct Attempt<'a> {
    session: &'a mut Handle<Guard>,
    user: &'a str,
    tried: Vec<String>,
    cause: Option<String>,
}

impl Attempt<'_> {
    async fn everything(&mut self, target: &Target) -> Result<bool, Failure> {
        let options = &target.options;
        if options.agent != AgentAuth::Off && self.agent(&options.agent).await? {
            return Ok(true);
        }
        for key in target.private_keys() {
            if self.key(key).await? {
                return Ok(true);
            }
        }
        if let Some(password) = &options.password {
            return Ok(self.password(password).await? || self.keyboard_interactive(password).await?);
        }
        if self.tried.is_empty() {
            self.tried.push("none".to_owned());
            let result = self.session.authenticate_none(self.user).await?;
            return Ok(self.judge(result));
        }
        Ok(false)
    }

    async fn agent(&mut self, agent: &AgentAuth) -> Result<bool, Failure> {
        let hopeless = |error: &dyn std::fmt::Display| {
            Failure::Hopeless(format!(
                "`ssh_agent_auth` is set, but the agent cannot be used: {error}"
            ))
        };
        let mut agent: AgentClient<UnixStream> = match agent {
            AgentAuth::Socket(path) => AgentClient::connect_uds(path).await,
            _ => AgentClient::connect_env().await,
        }
        .map_err(|error| hopeless(&error))?;
        let identities = agent
            .request_identities()
            .await
            .map_err(|error| hopeless(&error))?;
        if identities.is_empty() {
            self.tried.push("agent (holds no keys)".to_owned());
        }
        for identity in identities.into_iter().take(AGENT_KEYS) {
            let (result, comment) = match identity {
                AgentIdentity::PublicKey { key, comment } => {
                    let hash = self.rsa_hash(&key.algorithm()).await?;
                    let result = self
                        .session
                        .authenticate_publickey_with(self.user, key, hash, &mut agent)
                        .await;
                    (result, comment)
                }
                AgentIdentity::Certificate { certificate, comment } => {
                    let hash = self.rsa_hash(&certificate.algorithm()).await?;
                    let result = self
                        .session
                        .authenticate_certificate_with(self.user, certificate, hash, &mut agent)
                        .await;
                    (result, comment)
                }
            };
            self.tried.push(format!("agent key `{comment}`"));
            match result {
                Ok(result) if self.judge(result.clone()) => return Ok(true),
                Ok(_) => {}
                Err(error) => self.cause = Some(format!("the agent did not sign: {error}")),
            }
        }
        Ok(false)
    }

    async fn key(&mut self, private: &PrivateKey) -> Result<bool, Failure> {
        if let Some(certificate) = &private.certificate {
            self.tried.push("certificate".to_owned());
            let result = self
                .session
                .authenticate_openssh_cert(self.user, private.key.clone(), certificate.clone())
                .await?;
            if self.judge(result) {
                return Ok(true);
            }
        }
        self.tried
            .push(format!("publickey ({})", private.key.algorithm()));
        let hash = self.rsa_hash(&private.key.algorithm()).await?;
        let key = PrivateKeyWithHashAlg::new(private.key.clone(), hash);
        let result = self.session.authenticate_publickey(self.user, key).await?;
        Ok(self.judge(result))
    }

    async fn password(&mut self, password: &str) -> Result<bool, Failure> {
        self.tried.push("password".to_owned());
        let result = self.session.authenticate_password(self.user, password).await?;
        Ok(self.judge(result))
    }

    async fn keyboard_interactive(&mut self, password: &str) -> Result<bool, Failure> {
        self.tried.push("keyboard-interactive".to_owned());
        let mut reply = self
            .session
            .authenticate_keyboard_interactive_start(self.user, None::<String>)
            .await?;
        for _ in 0..ROUNDS {
            match reply {
                KeyboardInteractiveAuthResponse::Success => return Ok(true),
                KeyboardInteractiveAuthResponse::Failure {
                    remaining_methods, ..
                } => {
                    self.note(&remaining_methods);
                    return Ok(false);
                }
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                    let answers = prompts.iter().map(|_| password.to_owned()).collect();
                    reply = self
                        .session
                        .authenticate_keyboard_interactive_respond(answers)
                        .await?;
                }
            }
        }
        Ok(matches!(reply, KeyboardInteractiveAuthResponse::Success))
    }

    /// SHA-512 where the server does not say what it takes.
    async fn rsa_hash(&self, algorithm: &Algorithm) -> Result<Option<HashAlg>, Failure> {
        if !matches!(algorithm, Algorithm::Rsa { .. }) {
            return Ok(None);
        }
        Ok(self
            .session
            .best_supported_rsa_hash()
            .await?
            .unwrap_or(Some(HashAlg::Sha512)))
    }

    fn judge(&mut self, result: AuthResult) -> bool {
        match result {
            AuthResult::Success => true,
            AuthResult::Failure {
                remaining_methods, ..
            } => {
                self.note(&remaining_methods);
                false
            }
        }
    }

    fn note(&mut self, remaining: &MethodSet) {
        let methods: Vec<String> = remaining
            .iter()
            .map(|method| <&str>::from(method).to_owned())
            .collect();
        self.cause = Some(match methods.as_slice() {
            [] => "the server takes nothing else".to_owned(),
            methods => format!("the server would take {}", methods.join(", ")),
        });
    }
}
