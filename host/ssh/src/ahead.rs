//! Session channels opened before anybody needs them.
//!
//! To open one takes a round trip. With two at hand, a step's upload and its command each wait only for what they do.
//! An idle channel costs the server a few bytes: nothing is started before a command runs.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::FutureExt;
use russh::{
    Channel, ChannelMsg,
    client::{Handle, Msg},
};
use tokio::sync::SetOnce;
use tokio_util::task::AbortOnDropHandle;

use crate::handler::Guard;

/// Channels kept: one for a script, one for the command that runs it.
const KEPT: usize = 2;

type Opening = AbortOnDropHandle<Result<Channel<Msg>, russh::Error>>;

/// The channels of one connection.
pub(crate) struct Ahead {
    session: Arc<Handle<Guard>>,
    /// From the oldest; each is open or about to be.
    openings: Mutex<VecDeque<Opening>>,
    /// How long the first one took.
    round_trip: Arc<SetOnce<Duration>>,
    kept: usize,
}

impl Ahead {
    /// Begins to open the first ones.
    pub(crate) fn of(session: Arc<Handle<Guard>>) -> Self {
        Self::keeping(KEPT, session)
    }

    /// Opens each channel when it is needed, for servers that count them.
    pub(crate) fn none(session: Arc<Handle<Guard>>) -> Self {
        Self::keeping(0, session)
    }

    fn keeping(kept: usize, session: Arc<Handle<Guard>>) -> Self {
        let this = Self {
            session,
            openings: Mutex::default(),
            round_trip: Arc::default(),
            kept,
        };
        this.refill();
        this
    }

    /// A channel that was open a moment ago.
    pub(crate) async fn take(&self) -> Result<Channel<Msg>, russh::Error> {
        loop {
            let oldest = self.openings().pop_front();
            let Some(opening) = oldest else {
                return self.session.channel_open_session().await;
            };
            self.refill();
            // One that the server closed meanwhile is passed over.
            let Ok(opened) = opening.await else { continue };
            let mut channel = opened?;
            if alive(&mut channel) {
                return Ok(channel);
            }
        }
    }

    /// How long the server takes to answer.
    pub(crate) async fn round_trip(&self) -> Duration {
        match self.kept {
            0 => Duration::ZERO,
            _ => *self.round_trip.wait().await,
        }
    }

    fn refill(&self) {
        let mut openings = self.openings();
        while openings.len() < self.kept {
            let session = self.session.clone();
            let round_trip = self.round_trip.clone();
            openings.push_back(AbortOnDropHandle::new(tokio::spawn(async move {
                let begun = Instant::now();
                let opened = session.channel_open_session().await;
                // Only the first one is alone on its way.
                let _ = round_trip.set(begun.elapsed());
                opened
            })));
        }
    }

    fn openings(&self) -> std::sync::MutexGuard<'_, VecDeque<Opening>> {
        self.openings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the server has not closed it yet, as far as is known here.
fn alive(channel: &mut Channel<Msg>) -> bool {
    while let Some(message) = channel.wait().now_or_never() {
        if matches!(message, None | Some(ChannelMsg::Close | ChannelMsg::Eof)) {
            return false;
        }
    }
    true
}
