//! Log records for finding faults, on standard error, only if [`KILNBOX_LOG`](crate::env_vars::LOG) asks for them.
//!
//! They are no part of the event stream: records of the host's crates are for developers. What steps log travels as
//! events, and the level named here decides which of those the terminal shows.

use std::io;

use kilnbox_engine::Level;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::{env_vars, error::Error};

/// Starts logging, if wanted, and returns the least level of step records to show.
pub(crate) fn start(verbose: u8) -> Result<Option<Level>, Error> {
    let mut level = match verbose {
        0 => None,
        1 => Some(Level::Info),
        2 => Some(Level::Debug),
        _ => Some(Level::Trace),
    };
    if let Some(filter) = env_vars::LOG.get() {
        let refused = |reason: String| Error::LogFilter {
            variable: env_vars::LOG.name,
            reason,
        };
        let filter = filter
            .into_string()
            .map_err(|_| refused("not Unicode".to_owned()))?;
        let filter = EnvFilter::try_new(filter).map_err(|error| refused(error.to_string()))?;
        level = level
            .into_iter()
            .chain(filter.max_level_hint().and_then(as_level))
            .min();
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(io::stderr)
            .with_ansi(false)
            .try_init()
            .map_err(|error| Error::Other {
                message: error.to_string(),
                hint: None,
            })?;
    }
    Ok(level)
}

fn as_level(filter: LevelFilter) -> Option<Level> {
    match filter {
        LevelFilter::ERROR => Some(Level::Error),
        LevelFilter::WARN => Some(Level::Warn),
        LevelFilter::INFO => Some(Level::Info),
        LevelFilter::DEBUG => Some(Level::Debug),
        LevelFilter::TRACE => Some(Level::Trace),
        _ => None,
    }
}
