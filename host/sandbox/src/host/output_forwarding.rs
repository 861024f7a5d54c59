//! What becomes of the output of a command: lines for the person who watches, bytes for the guest, or nothing.

use kilnbox_engine::{Events, text::LineSplitter};

use crate::{failure::Failure, memory::Charge};

/// Takes the output of one command.
pub(crate) enum Sink {
    Discard,
    Capture(Capture),
    Forward {
        events: Events,
        stdout: LineSplitter,
        stderr: LineSplitter,
    },
}

/// Bytes kept for the guest.
#[derive(Debug)]
pub(crate) struct Capture {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) truncated: bool,
    limit: usize,
    pub(crate) held: Charge,
}

impl Capture {
    pub(crate) fn new(limit: usize, held: Charge) -> Self {
        Self {
            stdout: Vec::new(),
            stderr: Vec::new(),
            truncated: false,
            limit,
            held,
        }
    }
}

impl Sink {
    pub(crate) fn forward(events: Events) -> Self {
        Self::Forward {
            stdout: events.lines(),
            stderr: events.lines(),
            events,
        }
    }

    pub(crate) fn stdout(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Discard => Ok(()),
            Self::Capture(Capture {
                stdout,
                truncated,
                limit,
                held,
                ..
            }) => keep(stdout, bytes, *limit, truncated, held),
            Self::Forward { events, stdout, .. } => {
                stdout.push(bytes, |line| events.output("stdout", line));
                Ok(())
            }
        }
    }

    pub(crate) fn stderr(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Discard => Ok(()),
            Self::Capture(Capture {
                stderr,
                truncated,
                limit,
                held,
                ..
            }) => keep(stderr, bytes, *limit, truncated, held),
            Self::Forward { events, stderr, .. } => {
                stderr.push(bytes, |line| events.output("stderr", line));
                Ok(())
            }
        }
    }

    /// Says what was not ended by a new line, and hands over what was captured.
    pub(crate) fn close(self) -> Option<Capture> {
        match self {
            Self::Discard => None,
            Self::Capture(capture) => Some(capture),
            Self::Forward {
                events,
                mut stdout,
                mut stderr,
            } => {
                stdout.finish(|line| events.output("stdout", line));
                stderr.finish(|line| events.output("stderr", line));
                None
            }
        }
    }
}

fn keep(
    kept: &mut Vec<u8>,
    bytes: &[u8],
    limit: usize,
    truncated: &mut bool,
    held: &mut Charge,
) -> Result<(), Failure> {
    let room = limit.saturating_sub(kept.len());
    let (fits, rest) = bytes.split_at(bytes.len().min(room));
    *truncated |= !rest.is_empty();
    held.grow(fits.len())?;
    kept.extend_from_slice(fits);
    Ok(())
}
