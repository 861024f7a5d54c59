//! From an address to a session that is logged in.
//!
//! [`Target::connect`] tries until the deadline: the instance may still boot, so refused and silent connections are
//! tried again every two seconds, refused logins only as often as `ssh_handshake_attempts` says. A changed host key or
//! an unusable agent ends it at once.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use russh::{
    AlgorithmKind,
    client::{self, Handle},
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    algorithms,
    authenticate::{Login, authenticate},
    credentials::PrivateKey,
    error::ConnectError,
    handler::{Guard, HostKey, SessionError},
    instance::Instance,
    limits::{DIAL, HANDSHAKE, MESSAGES, PACKET, WINDOW},
    options::SshOptions,
    said::said,
    socket::{InUse, Socket},
};

/// Pause after a failed attempt.
const RETRY: Duration = Duration::from_secs(2);
/// One instance and how to log in to it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) options: Arc<SshOptions>,
    /// Besides that of the options: the builder's own.
    pub(crate) private_key: Option<PrivateKey>,
    pub(crate) host_key: Arc<HostKey>,
}

/// A session that is logged in.
pub(crate) struct Connected {
    pub(crate) session: Handle<Guard>,
    /// To be held as long as the session is.
    pub(crate) in_use: InUse,
}

/// How far an attempt came, for who has to end it.
#[derive(Debug)]
struct Stage(Mutex<&'static str>);

impl Stage {
    fn new() -> Self {
        Self(Mutex::new("the server did not take the connection"))
    }

    fn is(&self, silence: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = silence;
    }

    fn silence(&self) -> String {
        (*self.0.lock().unwrap_or_else(PoisonError::into_inner)).to_owned()
    }
}

/// Why one attempt did not succeed, and whether another may.
enum Failure {
    /// The instance is not there yet.
    Unreachable(String),
    Refused {
        tried: String,
        cause: String,
    },
    Final(ConnectError),
}

impl Target {
    pub(crate) fn new(host: String, options: Arc<SshOptions>, instance: Instance) -> Self {
        Self {
            host,
            options,
            private_key: instance.private_key,
            host_key: Arc::new(HostKey::known(instance.host_keys)),
        }
    }

    /// The keys to log in with, in order.
    pub(crate) fn private_keys(&self) -> impl Iterator<Item = &PrivateKey> {
        self.options.private_key.iter().chain(&self.private_key)
    }

    fn whom(&self) -> String {
        self.options.whom(&self.host)
    }

    /// Connects, trying until `within` has passed.
    pub(crate) async fn connect(&self, within: Duration) -> Result<Connected, ConnectError> {
        let deadline = Instant::now() + within;
        let mut attempts = 0;
        let mut refusals = 0;
        let mut cause;
        loop {
            let stage = Stage::new();
            let begun = Instant::now();
            attempts += 1;
            match tokio::time::timeout_at(deadline, self.attempt(&stage)).await {
                Ok(Ok(session)) => return Ok(session),
                Ok(Err(Failure::Final(error))) => return Err(error),
                Ok(Err(Failure::Unreachable(reason))) => cause = reason,
                Ok(Err(Failure::Refused { tried, cause: reason })) => {
                    refusals += 1;
                    if refusals >= self.options.handshake_attempts {
                        return Err(ConnectError::Authentication {
                            whom: self.whom(),
                            attempts: refusals,
                            tried,
                            cause: reason,
                        });
                    }
                    cause = format!("the login was refused, tried: {tried}; {reason}");
                }
                Err(_) => cause = stage.silence(),
            }
            tracing::debug!(attempts, cause, "no SSH connection yet");
            let next = (begun + RETRY).max(Instant::now());
            if next >= deadline {
                return Err(ConnectError::Timeout {
                    whom: self.whom(),
                    within,
                    attempts,
                    cause,
                });
            }
            sleep_until(next).await;
        }
    }

    /// Connects without trying again, for an instance that answered before.
    pub(crate) async fn connect_once(&self) -> Result<Connected, ConnectError> {
        self.attempt(&Stage::new())
            .await
            .map_err(|failure| match failure {
                Failure::Unreachable(cause) => ConnectError::Hopeless {
                    whom: self.whom(),
                    cause,
                },
                Failure::Refused { tried, cause } => ConnectError::Authentication {
                    whom: self.whom(),
                    attempts: 1,
                    tried,
                    cause,
                },
                Failure::Final(error) => error,
            })
    }

    async fn attempt(&self, stage: &Stage) -> Result<Connected, Failure> {
        let stream = match timeout(DIAL, TcpStream::connect((self.host.as_str(), self.options.port))).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Failure::Unreachable(error.to_string())),
            Err(_) => return Err(Failure::Unreachable(format!("no answer within {}", text(DIAL)))),
        };
        let (socket, in_use) =
            Socket::new(stream).map_err(|error| Failure::Unreachable(error.to_string()))?;
        match timeout(HANDSHAKE, self.handshake(socket, stage)).await {
            Ok(result) => result.map(|session| Connected { session, in_use }),
            Err(_) => Err(Failure::Unreachable(format!(
                "{} within {}",
                stage.silence(),
                text(HANDSHAKE)
            ))),
        }
    }

    async fn handshake(&self, socket: Socket, stage: &Stage) -> Result<Handle<Guard>, Failure> {
        stage.is("the server did not end the key exchange");
        let shown = Arc::new(Mutex::new(None));
        let guard = Guard {
            host_key: self.host_key.clone(),
            shown: shown.clone(),
        };
        let mut session = match client::connect_stream(Arc::new(self.config()), socket, guard).await {
            Ok(session) => session,
            Err(SessionError::HostKeyChanged { pinned, shown }) => {
                return Err(Failure::Final(ConnectError::HostKeyChanged {
                    whom: self.whom(),
                    pinned,
                    shown,
                }));
            }
            Err(SessionError::HostKeyUnknown { known, shown }) => {
                return Err(Failure::Final(ConnectError::HostKeyUnknown {
                    whom: self.whom(),
                    known,
                    shown: format!("the host key {shown}"),
                }));
            }
            Err(SessionError::Protocol(russh::Error::NoCommonAlgo {
                kind: AlgorithmKind::Key,
                theirs,
                ..
            })) if self.host_key.is_known() => {
                return Err(Failure::Final(ConnectError::HostKeyUnknown {
                    whom: self.whom(),
                    known: self.host_key.fingerprints(),
                    shown: format!("host keys for {} alone", said(&theirs.join(", "))),
                }));
            }
            Err(SessionError::Protocol(error @ russh::Error::NoCommonAlgo { .. })) => {
                return Err(Failure::Final(ConnectError::Hopeless {
                    whom: self.whom(),
                    cause: error.to_string(),
                }));
            }
            Err(SessionError::Protocol(error)) => {
                return Err(Failure::Unreachable(format!("the SSH handshake: {error}")));
            }
        };
        stage.is("the server did not answer the login");
        match authenticate(&mut session, self).await {
            Login::Done => {
                if let Some(key) = shown.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    self.host_key.pin(key);
                }
                Ok(session)
            }
            Login::Refused { tried, cause } => Err(Failure::Refused {
                tried: tried.join(", "),
                cause,
            }),
            Login::Hopeless(cause) => Err(Failure::Final(ConnectError::Hopeless {
                whom: self.whom(),
                cause,
            })),
        }
    }

    fn config(&self) -> client::Config {
        let options = &self.options;
        client::Config {
            window_size: WINDOW,
            maximum_packet_size: PACKET,
            channel_buffer_size: MESSAGES,
            keepalive_interval: options.keep_alive,
            inactivity_timeout: options.silence,
            nodelay: true,
            preferred: algorithms::preferred(options, &self.host_key.kinds()),
            ..client::Config::default()
        }
    }
}

fn text(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}
