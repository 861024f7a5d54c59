//! The connections to one instance.
//!
//! A channel that nobody reads stops the whole SSH connection it runs over, because russh has one reader per
//! connection. So whatever uses the instance holds a link of its own: an idle one is taken again, and a new one is
//! made where all are busy, up to [`LINKS_MAX`]; beyond that they are shared. A build that works step by step has one.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use kilnbox_engine::CommunicatorError;
use russh::{
    Channel, Disconnect,
    client::{Handle, Msg},
};
use russh_sftp::client::{Config as SftpConfig, SftpSession};
use tokio::{
    sync::{Mutex, OnceCell},
    time::timeout,
};
use tokio_util::task::TaskTracker;

use crate::{connect::Target, error::ConnectError, handler::Guard, sweep::sweep};

/// Connections to one instance at most; OpenSSH gives each ten sessions by default.
const LINKS_MAX: usize = 8;
/// Longest time for the server to open a channel or to answer a request on it.
const OPEN: Duration = Duration::from_secs(60);
/// Longest time to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// Longest time for the commands that were given up to end, the sweep's own limit and a little more.
const ENDING: Duration = Duration::from_secs(24);
/// Longest time for one SFTP request, with everything before it in the queue.
const SFTP_REQUEST: Duration = Duration::from_secs(120);
/// SFTP requests in flight. With packets of 255 KiB as OpenSSH takes them these are 8 MiB.
const SFTP_IN_FLIGHT: usize = 32;
/// Largest SFTP packet; what OpenSSH takes.
const SFTP_PACKET: u32 = 256 * 1024;

/// One connection. Holding the `Arc` is using it.
pub(crate) struct Link {
    session: Handle<Guard>,
    sftp: OnceCell<Option<SftpSession>>,
    /// A command on it was given up, so nobody takes it any more.
    given_up: AtomicBool,
    /// Nothing runs over it any more.
    swept: AtomicBool,
    /// What still works on the end of commands.
    ending: TaskTracker,
}

impl Link {
    fn new(session: Handle<Guard>, ending: &TaskTracker) -> Arc<Self> {
        Arc::new(Self {
            session,
            sftp: OnceCell::new(),
            given_up: AtomicBool::new(false),
            swept: AtomicBool::new(false),
            ending: ending.clone(),
        })
    }

    /// What a command says at its end, and where it had not `ended`, its end. [`Links::close`] waits for it.
    ///
    /// Where others still use the connection, which is rare, they go on, and the closing ends the command.
    pub(crate) fn release(self: Arc<Self>, ended: bool, farewell: impl Future<Output = ()> + Send + 'static) {
        if !ended {
            self.given_up.store(true, Ordering::Release);
        }
        // Without a runtime the connection is ending too.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let ending = self.ending.clone();
        ending.spawn_on(
            async move {
                farewell.await;
                // One is this one, the other is in the list.
                if !ended && Arc::strong_count(&self) <= 2 {
                    self.sweep().await;
                }
            },
            &runtime,
        );
    }

    async fn sweep(&self) {
        if !self.swept.load(Ordering::Acquire) && sweep(&self.session).await {
            self.swept.store(true, Ordering::Release);
        }
    }

    /// The SFTP session of this connection, opened once; none where the server has no such subsystem.
    pub(crate) async fn sftp(&self) -> Result<Option<&SftpSession>, CommunicatorError> {
        let sftp = self.sftp.get_or_try_init(|| async {
            let mut channel = self.session.channel_open_session().await.map_err(lost)?;
            channel.request_subsystem(true, "sftp").await.map_err(lost)?;
            loop {
                match channel.wait().await {
                    Some(russh::ChannelMsg::Success) => break,
                    Some(russh::ChannelMsg::WindowAdjusted { .. }) => {}
                    Some(russh::ChannelMsg::Failure | russh::ChannelMsg::Close) => return Ok(None),
                    None => return Err(CommunicatorError::Connection("it ended".to_owned())),
                    Some(other) => {
                        return Err(CommunicatorError::Hostile(format!(
                            "{other:?} before the SFTP subsystem"
                        )));
                    }
                }
            }
            let config = SftpConfig {
                max_packet_len: SFTP_PACKET,
                max_write_packet_len: SFTP_PACKET,
                max_concurrent_reads: SFTP_IN_FLIGHT,
                max_concurrent_writes: SFTP_IN_FLIGHT,
                request_timeout_secs: SFTP_REQUEST.as_secs(),
            };
            let sftp = SftpSession::new_with_config(channel.into_stream(), config).await;
            sftp.map(Some)
                .map_err(|error| CommunicatorError::Connection(format!("SFTP: {error}")))
        });
        timeout(OPEN, sftp).await.map_err(|_| late())?.map(Option::as_ref)
    }
}

/// All connections to one instance.
pub(crate) struct Links {
    target: Target,
    links: Mutex<Vec<Arc<Link>>>,
    ending: TaskTracker,
    closed: RwLock<bool>,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Links {
    /// Connects for the first time, trying until `within` has passed.
    pub(crate) async fn connect(target: Target, within: Duration) -> Result<Self, ConnectError> {
        let ending = TaskTracker::new();
        let first = Link::new(target.connect(within).await?, &ending);
        Ok(Self {
            target,
            links: Mutex::new(vec![first]),
            ending,
            closed: RwLock::new(false),
        })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Ends what there is and connects anew, trying until `within` has passed.
    pub(crate) async fn renew(&self, within: Duration) -> Result<(), CommunicatorError> {
        self.refuse_closed()?;
        let mut links = self.links.lock().await;
        for link in links.drain(..) {
            goodbye(&link).await;
        }
        links.push(Link::new(self.target.connect(within).await?, &self.ending));
        Ok(())
    }

    /// A connection to use. One that died is replaced by a new one, once and without waiting for a reboot.
    pub(crate) async fn acquire(&self) -> Result<Arc<Link>, CommunicatorError> {
        self.refuse_closed()?;
        let mut links = self.links.lock().await;
        links.retain(|link| !link.session.is_closed() && !link.swept.load(Ordering::Acquire));
        let usable = || links.iter().filter(|link| !link.given_up.load(Ordering::Acquire));
        if let Some(idle) = usable().find(|link| Arc::strong_count(link) == 1) {
            return Ok(idle.clone());
        }
        if links.len() >= LINKS_MAX
            && let Some(shared) = usable().min_by_key(|link| Arc::strong_count(link))
        {
            return Ok(shared.clone());
        }
        let link = Link::new(self.target.connect_once().await?, &self.ending);
        links.push(link.clone());
        Ok(link)
    }

    /// A session channel on a connection of its own. Where the connection turns out to be dead, a new one is tried.
    pub(crate) async fn open(&self) -> Result<(Arc<Link>, Channel<Msg>), CommunicatorError> {
        let link = self.acquire().await?;
        match timeout(OPEN, link.session.channel_open_session())
            .await
            .map_err(|_| late())?
        {
            Ok(channel) => return Ok((link, channel)),
            Err(russh::Error::ChannelOpenFailure(reason)) => return Err(refused(&reason)),
            Err(error) => tracing::debug!(%error, "the connection died, connecting again"),
        }
        self.links.lock().await.retain(|known| !Arc::ptr_eq(known, &link));
        let link = self.acquire().await?;
        match timeout(OPEN, link.session.channel_open_session())
            .await
            .map_err(|_| late())?
        {
            Ok(channel) => Ok((link, channel)),
            Err(russh::Error::ChannelOpenFailure(reason)) => Err(refused(&reason)),
            Err(error) => Err(lost(error)),
        }
    }

    /// Ends all connections and what still runs over them; nothing can be opened afterwards.
    pub(crate) async fn close(&self) {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        self.ending.close();
        if timeout(ENDING, self.ending.wait()).await.is_err() {
            tracing::debug!("commands that were given up take long to end");
        }
        let mut links = self.links.lock().await;
        futures::future::join_all(links.drain(..).map(async |link| {
            if link.given_up.load(Ordering::Acquire) || Arc::strong_count(&link) > 1 {
                link.sweep().await;
            }
            goodbye(&link).await;
        }))
        .await;
    }

    fn refuse_closed(&self) -> Result<(), CommunicatorError> {
        match *self.closed.read().unwrap_or_else(PoisonError::into_inner) {
            true => Err(CommunicatorError::Connection("it was closed".to_owned())),
            false => Ok(()),
        }
    }
}

/// What happens to the session afterwards is nobody's concern, so neither are the answers.
async fn goodbye(link: &Link) {
    let farewell = link.session.disconnect(Disconnect::ByApplication, "", "");
    if let Ok(Err(error)) = timeout(GOODBYE, farewell).await {
        tracing::debug!(%error, "the connection had ended already");
    }
}

pub(crate) fn lost(error: russh::Error) -> CommunicatorError {
    CommunicatorError::Connection(match error {
        russh::Error::SendError | russh::Error::Disconnect => "it ended".to_owned(),
        other => other.to_string(),
    })
}

fn refused(reason: &russh::ChannelOpenFailure) -> CommunicatorError {
    CommunicatorError::Connection(format!("the instance refused another session ({reason:?})"))
}

fn late() -> CommunicatorError {
    CommunicatorError::TimedOut {
        doing: "opening a session on the instance".to_owned(),
        after: OPEN,
    }
}
