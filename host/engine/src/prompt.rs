//! Asking the person at the terminal, for `-debug` and `-on-error=ask`.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc};

use async_trait::async_trait;
use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

use crate::Events;

/// The person who started the run.
#[async_trait]
pub trait Prompt: Send + Sync + fmt::Debug {
    /// Shows `question` for a build and waits for a line; none where nobody can answer any more. The engine asks one
    /// question at a time and drops the future when the run is cancelled.
    async fn ask(&self, build: &str, question: &str) -> Option<String>;
}

/// Takes turns between the builds of a run.
#[derive(Debug)]
pub(crate) struct Asker {
    prompt: Option<Arc<dyn Prompt>>,
    events: Events,
    turn: tokio::sync::Mutex<()>,
}

impl Asker {
    pub(crate) fn new(prompt: Option<Arc<dyn Prompt>>, events: Events) -> Self {
        Self {
            prompt,
            events,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// The answer; none where nobody answers, or `stop` fires first.
    pub(crate) async fn ask(&self, build: &str, question: &str, stop: &CancellationToken) -> Option<String> {
        let prompt = self.prompt.as_ref()?;
        let asking = async {
            let _turn = self.turn.lock().await;
            self.events.settled().await;
            prompt.ask(build, question).await
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => None,
            // A panic here is as good as no answer: the build must go on to its clean-up.
            answer = AssertUnwindSafe(asking).catch_unwind() => answer.ok().flatten(),
        }
    }
}
