//! One connection to the instance, and what is kept open over it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use kilnbox_engine::CommunicatorError;
use russh::{
    Channel, Disconnect,
    client::{Handle, Msg},
};
use russh_sftp::client::SftpSession;
use tokio::{sync::OnceCell, time::timeout};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::{ahead::Ahead, handler::Guard, sftp, sweep::sweep};

/// Longest time for the server to open a channel or to answer a request on it.
const OPEN: Duration = Duration::from_secs(60);
/// Longest time to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// From this round trip on, one more process on the instance is cheaper than one more answer.
const FAR: Duration = Duration::from_millis(15);

type Sftp = Arc<OnceCell<Option<SftpSession>>>;

/// One connection. Holding the `Arc` is using it.
pub(crate) struct Link {
    session: Arc<Handle<Guard>>,
    ahead: Ahead,
    sftp: Sftp,
    /// Opens the SFTP session of a connection that has just been made.
    _warming: Option<AbortOnDropHandle<()>>,
    /// A command on it was given up, so nobody takes it any more.
    given_up: AtomicBool,
    /// Nothing runs over it any more.
    swept: AtomicBool,
    /// What still works on the end of commands.
    ending: TaskTracker,
}

/// How much a connection may hold open that nobody uses yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holding {
    /// Channels and SFTP, as soon as it stands.
    Everything,
    /// Channels; SFTP with its first use.
    Channels,
    /// Nothing, and no SFTP: the server allows few sessions.
    Nothing,
}

impl Link {
    pub(crate) fn new(session: Handle<Guard>, holding: Holding, ending: &TaskTracker) -> Arc<Self> {
        let session = Arc::new(session);
        let (ahead, sftp) = match holding {
            Holding::Nothing => (Ahead::none(session.clone()), OnceCell::new_with(Some(None))),
            _ => (Ahead::of(session.clone()), OnceCell::new()),
        };
        let sftp = Arc::new(sftp);
        let warming = (holding == Holding::Everything).then(|| {
            let (session, sftp) = (session.clone(), sftp.clone());
            AbortOnDropHandle::new(tokio::spawn(async move {
                if let Err(error) = open_sftp(&session, &sftp).await {
                    tracing::debug!(%error, "no SFTP session ahead");
                }
            }))
        });
        Arc::new(Self {
            session,
            ahead,
            sftp,
            _warming: warming,
            given_up: AtomicBool::new(false),
            swept: AtomicBool::new(false),
            ending: ending.clone(),
        })
    }

    /// Whether anything can still be opened over it.
    pub(crate) fn is_alive(&self) -> bool {
        !self.session.is_closed() && !self.swept.load(Ordering::Acquire)
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
    }

    /// A session channel.
    pub(crate) async fn channel(&self) -> Result<Result<Channel<Msg>, russh::Error>, CommunicatorError> {
        timeout(OPEN, self.ahead.take()).await.map_err(|_| late())
    }

    /// Whether answers take so long that fewer of them are worth more work on the instance.
    pub(crate) async fn is_far(&self) -> Result<bool, CommunicatorError> {
        let round_trip = timeout(OPEN, self.ahead.round_trip());
        Ok(round_trip.await.map_err(|_| late())? >= FAR)
    }

    /// Whether it is known by now how the server answers a request for SFTP.
    pub(crate) fn has_sftp(&self) -> bool {
        self.sftp.initialized()
    }

    /// The SFTP session of this connection, opened once; none where the server has no such subsystem.
    pub(crate) async fn sftp(&self) -> Result<Option<&SftpSession>, CommunicatorError> {
        open_sftp(&self.session, &self.sftp).await
    }

    /// What a command says at its end, and where it had not `ended`, its end. [`crate::links::Links::close`] waits
    /// for it.
    ///
    /// Where others still use the connection, which is rare, they go on, and the closing ends the command.
    pub(crate) fn release(self: Arc<Self>, ended: bool, farewell: impl Future<Output = ()> + Send + 'static) {
        // Without a runtime the connection is ending too.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let ending = self.ending.clone();
        if ended {
            // The next command may have the connection while the server is told.
            drop(self);
            ending.spawn_on(farewell, &runtime);
            return;
        }
        self.given_up.store(true, Ordering::Release);
        ending.spawn_on(
            async move {
                farewell.await;
                // One is this one, the other is in the list.
                if Arc::strong_count(&self) <= 2 {
                    self.sweep().await;
                }
            },
            &runtime,
        );
    }

    /// Ends what was given up on it.
    pub(crate) async fn sweep(&self) {
        if !self.swept.load(Ordering::Acquire) && sweep(&self.session).await {
            self.swept.store(true, Ordering::Release);
        }
    }

    /// What happens to the session afterwards is nobody's concern, so neither are the answers.
    pub(crate) async fn goodbye(&self) {
        let farewell = self.session.disconnect(Disconnect::ByApplication, "", "");
        if let Ok(Err(error)) = timeout(GOODBYE, farewell).await {
            tracing::debug!(%error, "the connection had ended already");
        }
    }
}

async fn open_sftp<'a>(
    session: &Handle<Guard>,
    sftp: &'a OnceCell<Option<SftpSession>>,
) -> Result<Option<&'a SftpSession>, CommunicatorError> {
    let opened = sftp.get_or_try_init(|| sftp::open(session));
    timeout(OPEN, opened)
        .await
        .map_err(|_| late())?
        .map(Option::as_ref)
}

pub(crate) fn lost(error: russh::Error) -> CommunicatorError {
    CommunicatorError::Connection(match error {
        russh::Error::SendError | russh::Error::Disconnect => "it ended".to_owned(),
        other => other.to_string(),
    })
}

fn late() -> CommunicatorError {
    CommunicatorError::TimedOut {
        doing: "opening a session on the instance".to_owned(),
        after: OPEN,
    }
}
