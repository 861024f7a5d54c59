//! An SSH server whose every answer a test may choose.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use russh::{
    Channel, ChannelId, Limits, MethodKind, MethodSet,
    keys::{Algorithm, PrivateKey},
    server::{Auth, ChannelOpenHandle, Config, Handle, Handler, Msg, Response, Session, run_stream},
};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// What runs on a channel once a command or a subsystem was asked for.
pub(crate) struct Running {
    pub(crate) channel: Channel<Msg>,
    pub(crate) session: Handle,
    pub(crate) line: String,
}

impl Running {
    /// Ends as a program does.
    pub(crate) async fn exit(self, code: u32) {
        // Each fails only where the client is gone, which is its right.
        let _ = self.session.exit_status_request(self.channel.id(), code).await;
        let _ = self.channel.eof().await;
        let _ = self.channel.close().await;
    }

    /// Writes to standard output, until the client takes no more.
    pub(crate) async fn say(&self, bytes: impl Into<bytes::Bytes>) -> bool {
        self.channel.data_bytes(bytes).await.is_ok()
    }
}

pub(crate) type Act = Arc<dyn Fn(Running) -> BoxFuture<'static, ()> + Send + Sync>;

/// What the server does; as it is, it lets everybody in, has no SFTP and ends every command at once.
#[derive(Clone, Default)]
pub(crate) struct Behaviour {
    pub(crate) exec: Option<Act>,
    pub(crate) sftp: Option<Act>,
    pub(crate) banner: Option<String>,
    pub(crate) login: Login,
    pub(crate) silent: Silence,
    /// Commands that are given up are not ended.
    pub(crate) deaf: bool,
    /// Window for what the client sends, where not the usual one.
    pub(crate) window: Option<u32>,
    /// Bytes after which new keys are exchanged.
    pub(crate) rekey: Option<usize>,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Login {
    #[default]
    Accept,
    /// One more method is wanted, whichever was used.
    PartlyForEver,
    /// One more question is asked, whatever was answered.
    QuestionsForEver,
}

/// Where the server says nothing any more.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Silence {
    #[default]
    Never,
    AtLogin,
    AtOpen,
    AtExec,
}

impl Behaviour {
    /// Runs every command.
    pub(crate) fn exec<F>(mut self, act: impl Fn(Running) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.exec = Some(Arc::new(move |running| Box::pin(act(running))));
        self
    }

    /// Serves the SFTP subsystem.
    pub(crate) fn sftp<F>(mut self, act: impl Fn(Running) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.sftp = Some(Arc::new(move |running| Box::pin(act(running))));
        self
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    keys: Arc<Mutex<Vec<PrivateKey>>>,
    /// Connections that stand.
    pub(crate) connections: Arc<AtomicUsize>,
    _accepting: AbortOnDropHandle<()>,
}

impl Server {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let keys = Arc::new(Mutex::new(vec![key()]));
        let connections = Arc::new(AtomicUsize::new(0));
        let (shown, counted) = (keys.clone(), connections.clone());
        let accepting = AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let keys = shown.lock().unwrap().clone();
                let config = Arc::new(config(&behaviour, keys));
                let connections = counted.clone();
                let talk = Talk {
                    behaviour: behaviour.clone(),
                    channels: HashMap::new(),
                };
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    if let Ok(session) = run_stream(config, stream, talk).await {
                        // The client's going is the end of most tests.
                        let _ = session.await;
                    }
                    connections.fetch_sub(1, Ordering::SeqCst);
                });
            }
        }));
        Self {
            port,
            keys,
            connections,
            _accepting: accepting,
        }
    }

    /// Shows another host key from now on.
    pub(crate) fn change_key(&self) {
        *self.keys.lock().unwrap() = vec![key()];
    }
}

fn key() -> PrivateKey {
    PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap()
}

fn config(behaviour: &Behaviour, keys: Vec<PrivateKey>) -> Config {
    let mut config = Config {
        keys,
        auth_rejection_time: Duration::ZERO,
        max_auth_attempts: usize::MAX,
        inactivity_timeout: None,
        ..Config::default()
    };
    if let Some(window) = behaviour.window {
        config.window_size = window;
    }
    if let Some(bytes) = behaviour.rekey {
        config.limits = Limits::new(bytes, bytes, Duration::from_secs(3600));
    }
    config
}

struct Talk {
    behaviour: Behaviour,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl Talk {
    async fn login(&self) -> Auth {
        match self.behaviour.login {
            _ if self.behaviour.silent == Silence::AtLogin => std::future::pending().await,
            Login::Accept => Auth::Accept,
            Login::PartlyForEver => Auth::Reject {
                proceed_with_methods: Some(MethodSet::from(
                    &[
                        MethodKind::Password,
                        MethodKind::KeyboardInteractive,
                        MethodKind::PublicKey,
                    ][..],
                )),
                partial_success: true,
            },
            Login::QuestionsForEver => Auth::reject(),
        }
    }

    fn run(&mut self, id: ChannelId, line: &str, act: Option<Act>, session: &mut Session) {
        let channel = self.channels.remove(&id).unwrap();
        let running = Running {
            channel,
            session: session.handle(),
            line: line.to_owned(),
        };
        match act {
            Some(act) => tokio::spawn(act(running)),
            None => tokio::spawn(running.exit(0)),
        };
    }
}

impl Handler for Talk {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, russh::Error> {
        Ok(self.behaviour.banner.clone())
    }

    async fn auth_none(&mut self, _: &str) -> Result<Auth, russh::Error> {
        Ok(self.login().await)
    }

    async fn auth_password(&mut self, _: &str, _: &str) -> Result<Auth, russh::Error> {
        Ok(self.login().await)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        _: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        match self.behaviour.login {
            Login::QuestionsForEver => Ok(Auth::Partial {
                name: "\u{1b}[2J".into(),
                instructions: "once more".into(),
                prompts: vec![("Password: ".into(), false); 100].into(),
            }),
            _ => Ok(self.login().await),
        }
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        if self.behaviour.silent == Silence::AtOpen {
            std::mem::forget(reply);
            return Ok(());
        }
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        line: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if self.behaviour.silent == Silence::AtExec {
            return Ok(());
        }
        session.channel_success(id)?;
        let line = String::from_utf8_lossy(line);
        // What ends the commands of a connection finds none.
        let act = self
            .behaviour
            .exec
            .clone()
            .filter(|_| self.behaviour.deaf || line != "exec sh -s");
        self.run(id, &line, act, session);
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(act) = self.behaviour.sftp.clone() else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        self.run(id, name, Some(act), session);
        Ok(())
    }
}
