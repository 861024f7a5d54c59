//! From an address to a session that is logged in.
//!
//! [`Target::connect`] tries until the deadline: the instance may still boot, so refused and silent connections are
//! tried again every two seconds, refused logins only as often as `ssh_handshake_attempts` says. A changed host key or
//! an unusable agent ends it at once.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use russh::{
    client::{self, Handle},
    compression,
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    authenticate::{Login, authenticate},
    error::ConnectError,
    handler::{Guard, HostKey, SessionError},
    options::SshOptions,
    socket::Socket,
};

/// Longest time for a TCP connection.
const DIAL: Duration = Duration::from_secs(15);
/// Longest time for key exchange and login.
const HANDSHAKE: Duration = Duration::from_secs(60);
/// Pause after a failed attempt.
const RETRY: Duration = Duration::from_secs(2);
/// Bytes a channel may be behind, and a little more than a fast link holds in flight.
const WINDOW: u32 = 8 * 1024 * 1024;
/// Largest packet; what OpenSSH sends.
const PACKET: u32 = 32 * 1024;

/// One instance and how to log in to it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) options: Arc<SshOptions>,
    host_key: Arc<HostKey>,
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
    pub(crate) fn new(host: String, options: Arc<SshOptions>) -> Self {
        Self {
            host,
            options,
            host_key: Arc::default(),
        }
    }

    fn whom(&self) -> String {
        self.options.whom(&self.host)
    }

    /// Connects, trying until `within` has passed.
    pub(crate) async fn connect(&self, within: Duration) -> Result<Handle<Guard>, ConnectError> {
        let deadline = Instant::now() + within;
        let mut attempts = 0;
        let mut refusals = 0;
        let mut cause = "no attempt came to an end".to_owned();
        loop {
            let begun = Instant::now();
            attempts += 1;
            match tokio::time::timeout_at(deadline, self.attempt()).await {
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
                Err(_) => {}
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
    pub(crate) async fn connect_once(&self) -> Result<Handle<Guard>, ConnectError> {
        self.attempt().await.map_err(|failure| match failure {
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

    async fn attempt(&self) -> Result<Handle<Guard>, Failure> {
        let stream = match timeout(DIAL, TcpStream::connect((self.host.as_str(), self.options.port))).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Failure::Unreachable(error.to_string())),
            Err(_) => return Err(Failure::Unreachable(format!("no answer within {}", text(DIAL)))),
        };
        let socket = Socket::new(stream).map_err(|error| Failure::Unreachable(error.to_string()))?;
        match timeout(HANDSHAKE, self.handshake(socket)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Unreachable(format!(
                "the handshake took longer than {}",
                text(HANDSHAKE)
            ))),
        }
    }

    async fn handshake(&self, socket: Socket) -> Result<Handle<Guard>, Failure> {
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
        match authenticate(&mut session, &self.options).await {
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
        let mut config = client::Config {
            window_size: WINDOW,
            maximum_packet_size: PACKET,
            // As many packets as the window holds: a channel nobody reads stops its own link, not earlier.
            channel_buffer_size: (WINDOW / PACKET) as usize,
            keepalive_interval: options.keep_alive,
            inactivity_timeout: options.silence,
            nodelay: true,
            ..client::Config::default()
        };
        if options.compression {
            // `zlib` alone would compress before the login, on behalf of anybody.
            config.preferred.compression = Cow::Borrowed(&[compression::ZLIB_LEGACY, compression::NONE]);
        }
        if let Some(ciphers) = &options.ciphers {
            config.preferred.cipher = Cow::Owned(ciphers.clone());
        }
        if let Some(chosen) = &options.key_exchange {
            // The extension markers travel in the same list and are no algorithms.
            let markers = config.preferred.kex.iter().copied().filter(|name| {
                name.as_ref().starts_with("ext-info") || name.as_ref().starts_with("kex-strict")
            });
            config.preferred.kex = Cow::Owned(chosen.iter().copied().chain(markers).collect());
        }
        config
    }
}

fn text(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}
