//! Log records for finding faults, on standard error, only if [`KILNBOX_LOG`](crate::env_vars::LOG) or Packer's variables
//! ask for them.
//!
//! They are no part of the event stream: records of the host's crates are for developers. What steps log travels as
//! events, and the level named here decides which of those the terminal shows. Records pass the engine's [`text`] as
//! events do: they quote guests, instances and options.

use std::{
    fs::{File, OpenOptions},
    io,
    path::PathBuf,
    sync::Mutex,
};

use kilnbox_engine::{Level, Secrets, text};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::{env_vars, error::Error};

/// What Packer's variables stand for.
const PACKERS: &str = "debug";

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Logging {
    /// The least level of step records that the terminal shows.
    pub(crate) level: Option<Level>,
    /// Takes the log of a run too.
    pub(crate) file: Option<File>,
}

/// Starts logging, if wanted.
pub(crate) fn start(verbose: u8, secrets: &Secrets) -> Result<Logging, Error> {
    let level = match verbose {
        0 => None,
        1 => Some(Level::Info),
        2 => Some(Level::Debug),
        _ => Some(Level::Trace),
    };
    let path = env_vars::PACKER_LOG_PATH.get().map(PathBuf::from);
    let Some(filter) = filter(path.is_some())? else {
        return Ok(Logging { level, file: None });
    };
    let shown = filter.max_level_hint().and_then(as_level);
    let records = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    let (started, logging) = match path.map(create).transpose()? {
        Some([one, two]) => (
            records
                .with_writer(Mutex::new(Fitting::new(one, secrets)))
                .try_init(),
            Logging {
                level,
                file: Some(two),
            },
        ),
        None => {
            let level = level.into_iter().chain(shown).min();
            (
                records
                    .with_writer(Mutex::new(Fitting::new(io::stderr(), secrets)))
                    .try_init(),
                Logging { level, file: None },
            )
        }
    };
    started.map_err(|error| Error::Other {
        message: error.to_string(),
        hint: None,
    })?;
    Ok(logging)
}

/// Writes records as readers may have them. Each record comes in one piece.
struct Fitting<W> {
    to: W,
    secrets: Secrets,
}

impl<W> Fitting<W> {
    fn new(to: W, secrets: &Secrets) -> Self {
        Self {
            to,
            secrets: secrets.clone(),
        }
    }
}

impl<W: io::Write> io::Write for Fitting<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let written = String::from_utf8_lossy(record);
        self.to.write_all(text::fit(&written, &self.secrets).as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Which records are wanted, if any.
fn filter(to_a_file: bool) -> Result<Option<EnvFilter>, Error> {
    let Some(written) = env_vars::LOG.get() else {
        let packers = env_vars::PACKER_LOG.get().is_some_and(|value| value != "0");
        return Ok((packers || to_a_file).then(|| EnvFilter::new(PACKERS)));
    };
    let refused = |reason: String| Error::LogFilter {
        variable: env_vars::LOG.name,
        reason,
    };
    let written = written
        .into_string()
        .map_err(|_| refused("not Unicode".to_owned()))?;
    EnvFilter::try_new(written)
        .map(Some)
        .map_err(|error| refused(error.to_string()))
}

/// An empty file, twice, which only its owner can read: records may show more than a build does.
fn create(path: PathBuf) -> Result<[File; 2], Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let both = options.open(&path).and_then(|file| Ok([file.try_clone()?, file]));
    both.map_err(|source| Error::Write { path, source })
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
