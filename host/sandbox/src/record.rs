//! Tells the event stream what a component does, for those who keep a record (`kilnbox_engine::event::Act`).
//!
//! [`Recorder`] belongs to one run of a component. Where nobody records it does nothing: no digest is made, and bytes
//! pass through [`Hashing`] untouched. An act that takes time is [`Recorder::begin`]'s: it is told when it is over, and
//! also when the guest trapped, was cancelled or let go of it.

mod hashing;
pub(crate) mod tree;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use kilnbox_engine::{
    Act, Deed, Events, Job, Secrets,
    event::{Content, End},
    limits,
};

pub(crate) use hashing::{Hash, Hashing, Reading};

use crate::{bindings::kilnbox::plugin::types, failure::Failure};

/// The voice of one run's acts. Cheap to clone; clones share the count.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    /// Absent where nobody records.
    to: Option<Arc<To>>,
}

struct To {
    events: Events,
    secrets: Secrets,
    told: AtomicU64,
}

impl fmt::Debug for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("To")
            .field("told", &self.told)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    pub(crate) fn new(job: &Job) -> Self {
        Self::to(job.events.clone(), job.secrets.clone())
    }

    pub(crate) fn to(events: Events, secrets: Secrets) -> Self {
        let to = || To {
            events: events.clone(),
            secrets,
            told: AtomicU64::new(0),
        };
        Self {
            to: events.recorded().then(|| Arc::new(to())),
        }
    }

    /// Whether it is worth making a digest.
    pub(crate) fn is_on(&self) -> bool {
        self.to.is_some()
    }

    /// A digest to be made while bytes pass.
    pub(crate) fn hash(&self) -> Option<Hash> {
        self.to.as_ref().map(|to| Hash::new(to.secrets.clone()))
    }

    /// The digest of bytes that are all here.
    pub(crate) fn content(&self, bytes: &[u8]) -> Option<Content> {
        self.hash().map(|mut hash| {
            hash.update(bytes);
            hash.content()
        })
    }

    /// Something was done at once.
    pub(crate) fn tell(&self, deed: impl FnOnce() -> Deed) {
        self.say(|| Act::done(deed()));
    }

    /// Something begins to be done.
    pub(crate) fn begin(&self, deed: impl FnOnce() -> Deed) -> Doing {
        Doing {
            act: self.to.as_ref().map(|_| Act::done(deed())),
            begun: Instant::now(),
            recorder: self.clone(),
        }
    }

    /// Tells how many acts were too many. Called at the end of the run.
    pub(crate) fn close(&self) {
        if let Some(to) = &self.to {
            let acts = to.told.swap(0, Ordering::Relaxed).saturating_sub(limits::ACTS);
            if acts > 0 {
                to.events.act(Act::done(Deed::More { acts }));
            }
        }
    }

    fn say(&self, act: impl FnOnce() -> Act) {
        if let Some(to) = &self.to
            && to.told.fetch_add(1, Ordering::Relaxed) < limits::ACTS
        {
            to.events.act(act());
        }
    }
}

/// An act that is going on. Told as given up when it is dropped before its end.
#[derive(Debug)]
pub(crate) struct Doing {
    act: Option<Act>,
    begun: Instant,
    recorder: Recorder,
}

impl Doing {
    /// It is over: `fill` adds what is known only now, `result` says whether it succeeded.
    pub(crate) fn over<T>(mut self, result: &Result<T, Failure>, fill: impl FnOnce(&mut Deed)) {
        let Some(mut act) = self.act.take() else { return };
        fill(&mut act.deed);
        act.error = result.as_ref().err().map(Failure::words);
        self.say(act);
    }

    fn say(&self, mut act: Act) {
        act.took = Some(self.begun.elapsed());
        self.recorder.say(|| act);
    }
}

impl Drop for Doing {
    fn drop(&mut self) {
        if let Some(mut act) = self.act.take() {
            act.error = Some("given up".to_owned());
            self.say(act);
        }
    }
}

/// How a command or program ended, as a record says it.
pub(crate) fn end(exit: &types::Exit) -> End {
    match exit {
        types::Exit::Code(code) => End {
            exit: Some(*code),
            signal: None,
        },
        types::Exit::Signal(name) => End {
            exit: None,
            signal: Some(name.clone()),
        },
        types::Exit::Lost => End::default(),
    }
}

/// Permission bits as `chmod` takes them.
pub(crate) fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}
