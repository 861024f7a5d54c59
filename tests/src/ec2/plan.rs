//! What shall go wrong with the calls of a client.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::call::Call;

/// What happens to a call instead of a plain answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The answer comes later.
    Delay(Duration),
    /// AWS says no, and nothing happens.
    Refuse(Refusal),
    /// The connection is cut before anything happened.
    Cut,
    /// It happens, and the connection is cut before the answer.
    Lose,
    /// It happens, and the first calls that name what it made, of any client, hear that there is no such thing.
    Unknown(u32),
    /// The client gets a signal before anything happens. One that cannot be caught takes the call with it.
    Before(Signal),
    /// The client gets a signal after it happened. One that cannot be caught takes the answer with it.
    After(Signal),
}

/// An error as AWS words it.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    /// An error of this status and code.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// Too many calls: to be tried again.
    pub fn throttled() -> Self {
        Self::new(503, "RequestLimitExceeded", "Request limit exceeded.")
    }

    /// Something is broken at AWS: to be tried again.
    pub fn internal() -> Self {
        Self::new(500, "InternalError", "An internal error has occurred")
    }

    /// The key that signed the call is none of AWS's.
    pub fn credentials() -> Self {
        Self::new(
            401,
            "AuthFailure",
            "AWS was not able to validate the provided access credentials",
        )
    }

    /// The user may not do it.
    pub fn unauthorized() -> Self {
        Self::new(
            403,
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/builder is not \
             authorized to perform this operation because no identity-based policy allows the action",
        )
    }
}

/// The faults of one endpoint, each with the calls it befalls.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    faults: Vec<(Target, Fault)>,
    pub(super) dies: Option<&'static str>,
    pub(super) console: Option<String>,
    pub(super) pending: Duration,
}

#[derive(Clone, Debug)]
enum Target {
    Number(usize),
    Action(&'static str, u32),
    Each(usize),
}

impl Plan {
    /// Nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// Befalls the call of this number among those that do not poll.
    pub fn at(self, number: usize, fault: Fault) -> Self {
        self.with(Target::Number(number), fault)
    }

    /// Befalls this action, and also its polls, each time.
    pub fn on(self, action: &'static str, fault: Fault) -> Self {
        self.with(Target::Action(action, u32::MAX), fault)
    }

    /// Befalls the first so many calls of this action.
    pub fn on_first(self, times: u32, action: &'static str, fault: Fault) -> Self {
        self.with(Target::Action(action, times), fault)
    }

    /// Befalls each so many-th call, polls included.
    pub fn each(self, nth: usize, fault: Fault) -> Self {
        self.with(Target::Each(nth), fault)
    }

    /// Instances die while they boot, for this reason, such as `Client.VolumeLimitExceeded: Volume limit exceeded`.
    pub fn instances_die(mut self, reason: &'static str) -> Self {
        self.dies = Some(reason);
        self
    }

    /// What instances have written to their consoles, in place of the machine's host key as cloud-init prints it.
    pub fn console(mut self, text: impl Into<String>) -> Self {
        self.console = Some(text.into());
        self
    }

    /// Images take so long until they can be used.
    pub fn images_pend(mut self, time: Duration) -> Self {
        self.pending = time;
        self
    }

    fn with(mut self, target: Target, fault: Fault) -> Self {
        self.faults.push((target, fault));
        self
    }

    /// What befalls a call that is the so many-th of all.
    pub(super) fn befalls(&mut self, call: &Call, count: usize) -> Vec<Fault> {
        self.faults
            .iter_mut()
            .filter_map(|(target, fault)| target.is(call, count).then(|| fault.clone()))
            .collect()
    }
}

impl Target {
    fn is(&mut self, call: &Call, count: usize) -> bool {
        match self {
            Self::Number(number) => call.number == Some(*number),
            Self::Action(action, times) => {
                let now = *action == call.action && *times > 0;
                *times -= u32::from(now);
                now
            }
            Self::Each(nth) => count.is_multiple_of(*nth),
        }
    }
}
