//! Waiting for what AWS is doing: one call for all that wait in one place.
//!
//! Whoever waits registers an id; one of those who wait takes the turn, asks for every registered id at once and leaves
//! the answer to all. So fifty builds wait with the calls of one, no task runs beside them, and a wait that is cancelled
//! is a future that is dropped.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{Filter, Image, Instance},
};
use kilnbox_engine::{BuildContext, StepError};
use tokio::time::{Instant, sleep_until};

use crate::{Failure, limits};

/// Asks for many of one kind at once. What is not known is left out, so no id spoils the answer for the others.
#[async_trait]
pub(crate) trait Look: Send + Sync + std::fmt::Debug {
    /// What is seen of one.
    type Seen: Clone + Send + Sync + std::fmt::Debug;

    async fn look(&self, ids: &[String]) -> Result<HashMap<String, Self::Seen>, Failure>;
}

/// What a waiter makes of what it sees.
#[derive(Debug)]
pub(crate) enum Verdict<T> {
    /// It is as wanted.
    Done(T),
    /// It never will be.
    Never(StepError),
    /// Not yet; how it is now, in a word of AWS.
    NotYet(String),
}

/// One wait, in words and numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait<'w> {
    /// What is waited for, after "waiting for": `instance (i-…) to become ready`.
    pub(crate) for_what: &'w str,
    pub(crate) within: Duration,
}

/// Everything of one kind in one place that is waited for.
#[derive(Debug)]
pub(crate) struct Watch<L: Look> {
    look: L,
    first_delay: Duration,
    grows: bool,
    state: Mutex<State<L::Seen>>,
    turn: tokio::sync::Mutex<Turn>,
}

#[derive(Debug)]
struct State<S> {
    /// Ids with the number of those who wait for them.
    wanted: HashMap<String, usize>,
    seen: HashMap<String, S>,
    /// Counts answers.
    answer: u64,
}

#[derive(Debug, Default)]
struct Turn {
    last: Option<Instant>,
    next: Option<Instant>,
    /// Looks since somebody new began to wait.
    looks: u32,
}

impl<L: Look> Watch<L> {
    /// Looks every `delay` where the user gave one, else more and more slowly from `usual` on.
    pub(crate) fn new(look: L, delay: Option<Duration>, usual: Duration) -> Self {
        Self {
            look,
            first_delay: delay.unwrap_or(usual),
            grows: delay.is_none(),
            state: Mutex::new(State {
                wanted: HashMap::new(),
                seen: HashMap::new(),
                answer: 0,
            }),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Between two looks, at first.
    pub(crate) fn delay(&self) -> Duration {
        self.first_delay
    }

    /// Waits until `judge` is content with what it sees of `id`, the wait's time is over or the run is cancelled.
    pub(crate) async fn until<T>(
        &self,
        id: &str,
        wait: Wait<'_>,
        cx: &BuildContext,
        judge: impl FnMut(&L::Seen) -> Verdict<T>,
    ) -> Result<T, StepError> {
        tokio::select! {
            biased;
            () = cx.cancel.cancelled() => Err(StepError::cancelled()),
            done = self.until_or_never(id, wait, judge) => done,
        }
    }

    /// The same where nothing cancels it: for clean-ups, which are bounded by who calls them.
    pub(crate) async fn until_or_never<T>(
        &self,
        id: &str,
        wait: Wait<'_>,
        mut judge: impl FnMut(&L::Seen) -> Verdict<T>,
    ) -> Result<T, StepError> {
        let begun = Instant::now();
        let _registered = Registered::new(self, id);
        let mut answer = self.state().answer;
        let mut last = "not known to AWS yet".to_owned();
        let mut known = false;
        let mut first = true;
        loop {
            let (number, seen) = self.next_answer(id, answer, first).await?;
            first = false;
            answer = number;
            match seen.as_ref().map(&mut judge) {
                Some(Verdict::Done(done)) => return Ok(done),
                Some(Verdict::Never(error)) => return Err(error),
                Some(Verdict::NotYet(now)) => {
                    known = true;
                    if now != last {
                        tracing::debug!(id, state = now, "waiting for {}", wait.for_what);
                    }
                    last = now;
                }
                None => {}
            }
            let within = if known {
                wait.within
            } else {
                wait.within.min(limits::UNKNOWN)
            };
            if begun.elapsed() >= within {
                return Err(StepError::new(format!(
                    "{} passed while waiting for {}; last state seen: {last}",
                    humantime::format_duration(within),
                    wait.for_what
                ))
                .hint("wait longer with `aws_polling` (`max_attempts` times `delay_seconds`), or see what AWS says of it"));
            }
        }
    }

    /// The first answer after number `after`, asked for by whoever has the turn. The `first` one of a wait comes at once,
    /// as what is waited for may be so already; only those who begin together share it.
    async fn next_answer(
        &self,
        id: &str,
        after: u64,
        first: bool,
    ) -> Result<(u64, Option<L::Seen>), StepError> {
        let mut turn = self.turn.lock().await;
        {
            let state = self.state();
            if state.answer > after {
                return Ok((state.answer, state.seen.get(id).cloned()));
            }
        }
        let soon = turn.last.map(|last| last + limits::TOGETHER);
        if let Some(next) = if first { soon.min(turn.next) } else { turn.next } {
            sleep_until(next).await;
        }
        let ids: Vec<String> = self.state().wanted.keys().cloned().collect();
        let looked = self.look.look(&ids).await;
        turn.looks += 1;
        turn.last = Some(Instant::now());
        let throttled = looked.as_ref().is_err_and(Failure::throttled);
        turn.next = Some(Instant::now() + self.pause(turn.looks, throttled));
        let seen = match looked {
            Ok(seen) => seen,
            // The SDK has tried as often as the user wants; a wait outlives a bad minute all the same.
            Err(failure) if failure.ambiguous() || throttled => {
                tracing::warn!(%failure, "no answer while waiting");
                self.state().seen.clone()
            }
            Err(failure) => return Err(failure.into()),
        };
        let mut state = self.state();
        state.seen = seen;
        state.answer += 1;
        Ok((state.answer, state.seen.get(id).cloned()))
    }

    /// Longer and longer while nobody new waits, and never the same for two processes.
    fn pause(&self, looks: u32, throttled: bool) -> Duration {
        let grown = match (self.grows, throttled) {
            (_, true) => limits::SLOWEST,
            (true, false) => (1 + looks / 5).min(limits::SLOWEST),
            (false, false) => 1,
        };
        (self.first_delay * grown).mul_f64(0.9 + 0.2 * fastrand::f64())
    }

    fn state(&self) -> MutexGuard<'_, State<L::Seen>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits for an id, until this is dropped.
struct Registered<'w, L: Look> {
    watch: &'w Watch<L>,
    id: &'w str,
}

impl<'w, L: Look> Registered<'w, L> {
    fn new(watch: &'w Watch<L>, id: &'w str) -> Self {
        *watch.state().wanted.entry(id.to_owned()).or_default() += 1;
        if let Ok(mut turn) = watch.turn.try_lock() {
            turn.looks = 0;
        }
        Self { watch, id }
    }
}

impl<L: Look> Drop for Registered<'_, L> {
    fn drop(&mut self) {
        let mut state = self.watch.state();
        if let Some(count) = state.wanted.get_mut(self.id) {
            *count -= 1;
            if *count == 0 {
                state.wanted.remove(self.id);
            }
        }
    }
}

/// A filter of a call.
pub(crate) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// The account's own images that pass a filter.
pub(crate) async fn own_images(ec2: &Client, by: Filter) -> Result<Vec<Image>, Failure> {
    let call = ec2.describe_images().owners("self").filters(by);
    let answer = call.send().await.map_err(Failure::of("DescribeImages"))?;
    Ok(answer.images.unwrap_or_default())
}

/// Instances by id.
#[derive(Debug)]
pub(crate) struct Instances(pub(crate) Client);

#[async_trait]
impl Look for Instances {
    type Seen = Instance;

    async fn look(&self, ids: &[String]) -> Result<HashMap<String, Instance>, Failure> {
        let mut seen = HashMap::new();
        for ids in ids.chunks(limits::IDS) {
            let answer = self
                .0
                .describe_instances()
                .filters(filter("instance-id", ids))
                .send()
                .await
                .map_err(Failure::of("DescribeInstances"))?;
            for instance in answer.reservations().iter().flat_map(|one| one.instances()) {
                if let Some(id) = instance.instance_id() {
                    seen.insert(id.to_owned(), instance.clone());
                }
            }
        }
        Ok(seen)
    }
}

/// Images by id.
#[derive(Debug)]
pub(crate) struct Images(pub(crate) Client);

#[async_trait]
impl Look for Images {
    type Seen = Image;

    async fn look(&self, ids: &[String]) -> Result<HashMap<String, Image>, Failure> {
        let mut seen = HashMap::new();
        for ids in ids.chunks(limits::IDS) {
            for image in own_images(&self.0, filter("image-id", ids)).await? {
                if let Some(id) = image.image_id() {
                    seen.insert(id.to_owned(), image);
                }
            }
        }
        Ok(seen)
    }
}
