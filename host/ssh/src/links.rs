//! The connections to one instance.
//!
//! A channel that nobody reads stops the whole SSH connection it runs over, because russh has one reader per
//! connection. So whatever uses the instance holds a [`Link`] of its own: an idle one is taken again, and a new one is
//! made where all are busy, up to [`LINKS`]; beyond that they are shared. A build that works step by step has one.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use kilnbox_engine::CommunicatorError;
use russh::{Channel, client::Msg};
use tokio::{sync::Mutex, time::timeout};
use tokio_util::task::TaskTracker;

use crate::{
    connect::Target,
    error::ConnectError,
    limits::{ENDING, LINKS},
    link::{Holding, Link, lost},
};

/// All connections to one instance.
pub(crate) struct Links {
    target: Target,
    links: Mutex<Vec<Arc<Link>>>,
    /// The server refused a session while others were held open ahead.
    frugal: AtomicBool,
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
        let first = Link::new(target.connect(within).await?, Holding::Everything, &ending);
        Ok(Self {
            target,
            links: Mutex::new(vec![first]),
            frugal: AtomicBool::new(false),
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
            link.goodbye().await;
        }
        let session = self.target.connect(within).await?;
        links.push(Link::new(
            session,
            self.holding(Holding::Everything),
            &self.ending,
        ));
        Ok(())
    }

    /// A connection to use. One that died is replaced by a new one, once and without waiting for a reboot.
    pub(crate) async fn acquire(&self) -> Result<Arc<Link>, CommunicatorError> {
        self.refuse_closed()?;
        let mut links = self.links.lock().await;
        links.retain(|link| link.is_alive());
        let usable = || links.iter().filter(|link| !link.is_given_up());
        if let Some(idle) = usable().find(|link| Arc::strong_count(link) == 1) {
            return Ok(idle.clone());
        }
        if links.len() >= LINKS
            && let Some(shared) = usable().min_by_key(|link| Arc::strong_count(link))
        {
            return Ok(shared.clone());
        }
        let session = self.target.connect_once().await?;
        let link = Link::new(session, self.holding(Holding::Channels), &self.ending);
        links.push(link.clone());
        Ok(link)
    }

    /// A session channel on a connection of its own.
    ///
    /// Where the connection turns out to be dead, or the server to allow fewer sessions than are held open ahead, a
    /// new one is tried.
    pub(crate) async fn open(&self) -> Result<(Arc<Link>, Channel<Msg>), CommunicatorError> {
        let link = self.acquire().await?;
        match link.channel().await? {
            Ok(channel) => return Ok((link, channel)),
            Err(russh::Error::ChannelOpenFailure(reason)) if self.frugal.swap(true, Ordering::AcqRel) => {
                return Err(refused(&reason));
            }
            Err(russh::Error::ChannelOpenFailure(reason)) => {
                tracing::debug!(?reason, "the instance allows few sessions, none is opened ahead");
            }
            Err(error) => tracing::debug!(%error, "the connection died, connecting again"),
        }
        self.leave(link).await;
        let link = self.acquire().await?;
        match link.channel().await? {
            Ok(channel) => Ok((link, channel)),
            Err(russh::Error::ChannelOpenFailure(reason)) => Err(refused(&reason)),
            Err(error) => Err(lost(error)),
        }
    }

    /// Waits for the commands that were given up to end.
    pub(crate) async fn settle(&self) {
        // Being closed keeps nothing out of a tracker; it lets the wait end when nothing is in it.
        self.ending.close();
        if timeout(ENDING, self.ending.wait()).await.is_err() {
            tracing::debug!("commands that were given up take long to end");
        }
    }

    /// Ends all connections and what still runs over them; nothing can be opened afterwards.
    pub(crate) async fn close(&self) {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        self.settle().await;
        let mut links = self.links.lock().await;
        futures::future::join_all(links.drain(..).map(async |link| {
            if link.is_given_up() || Arc::strong_count(&link) > 1 {
                link.sweep().await;
            }
            link.goodbye().await;
        }))
        .await;
    }

    /// Takes a connection away from those who come later; it ends with its last user.
    async fn leave(&self, link: Arc<Link>) {
        self.links.lock().await.retain(|known| !Arc::ptr_eq(known, &link));
        if Arc::strong_count(&link) == 1 {
            link.goodbye().await;
        }
    }

    fn holding(&self, usual: Holding) -> Holding {
        match self.frugal.load(Ordering::Acquire) {
            true => Holding::Nothing,
            false => usual,
        }
    }

    fn refuse_closed(&self) -> Result<(), CommunicatorError> {
        match *self.closed.read().unwrap_or_else(PoisonError::into_inner) {
            true => Err(CommunicatorError::Connection("it was closed".to_owned())),
            false => Ok(()),
        }
    }
}

fn refused(reason: &russh::ChannelOpenFailure) -> CommunicatorError {
    CommunicatorError::Connection(format!("the instance refused another session ({reason:?})"))
}
