//! Ctrl-C and its kin: the first signal cancels and cleans up, the second hurries, the third ends the program.
//!
//! A terminal that goes away is such a signal too, unless the program was started to outlive it, as by `nohup`.
//! What a third signal leaves stands in the journal, for `kilnbox gc`.

use std::{convert::Infallible, io};

use kilnbox_engine::Events;
use tokio_util::sync::CancellationToken;

use crate::exit_codes;

/// Tells a run to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals {
    /// Fires at the first signal.
    pub(crate) cancel: CancellationToken,
    /// Fires at the second.
    pub(crate) hurry: CancellationToken,
}

impl Signals {
    /// Listens for SIGINT, SIGTERM and SIGHUP until the future is dropped. The handlers are in place when this returns.
    pub(crate) fn listen(&self, events: Events) -> io::Result<impl Future<Output = Infallible> + use<>> {
        let mut incoming = Incoming::new()?;
        let Self { cancel, hurry } = self.clone();
        Ok(async move {
            let name = incoming.next().await;
            events.error(format!("Cancelling build after receiving {name}"));
            cancel.cancel();
            incoming.next().await;
            events.error("hurrying the clean-up; once more ends the program at once and leaves the rest to `kilnbox gc`");
            hurry.cancel();
            incoming.next().await;
            // The third signal asks for exactly this; the journal stays.
            std::process::exit(exit_codes::INTERRUPTED.into());
        })
    }
}

#[cfg(unix)]
struct Incoming {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// None if whoever started the program had it ignored.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Incoming {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: match hangup_is_ignored() {
                true => None,
                false => Some(signal(SignalKind::hangup())?),
            },
        })
    }

    /// The next signal's name, as Go and so Packer calls it.
    async fn next(&mut self) -> &'static str {
        let Self {
            interrupt,
            terminate,
            hangup,
        } = self;
        let hung_up = async {
            match hangup {
                Some(hangup) => drop(hangup.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => "interrupt",
            _ = terminate.recv() => "terminated",
            () = hung_up => "hangup",
        }
    }
}

/// Whether SIGHUP was ignored when the program started: bit 0 of what Linux says of the process. Elsewhere: no.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1))
}

#[cfg(not(unix))]
struct Incoming;

#[cfg(not(unix))]
impl Incoming {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "interrupt"
    }
}
