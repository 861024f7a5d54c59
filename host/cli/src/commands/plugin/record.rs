//! `kilnbox plugin record`: makes a transcript of a real run.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
};

use kilnbox_transcript::{Job, Recorder};

use super::{
    super::runtime,
    trial::{self, Against, Behind},
};
use crate::{
    args::{OutputArgs, PluginRecordArgs},
    error::Error,
    exit_codes,
    report::Report,
};

/// Runs a component on a machine and writes down what passes between the two.
pub(super) fn run(args: &PluginRecordArgs, output: &OutputArgs, report: &Report) -> Result<u8, Error> {
    let against = args.trial.against.as_deref().map(Against::parse).transpose()?;
    if !matches!(against, Some(Against::Rootfs(_) | Against::Ssh(_))) {
        return Err(Error::Other {
            message: "a transcript is made of a run on a machine".to_owned(),
            hint: Some("add `--against rootfs` or `--against ssh://USER@HOST`".to_owned()),
        });
    }
    if args.output.exists() && !args.trial.force {
        return Err(Error::Other {
            message: format!("`{}` is there already", args.output.display()),
            hint: Some("remove it, or pass `--force`".to_owned()),
        });
    }
    let job = Job {
        now: u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default(),
        ..Job::default()
    };
    let recorder = Recorder::default();
    let behind = Behind::Recorder(recorder.clone(), job.chance());
    let code = runtime()?.block_on(trial::run(&args.trial, output, report, behind))?;
    if code != exit_codes::SUCCESS {
        report.note("the run did not succeed; its transcript is written all the same");
    }
    let transcript = recorder.transcript(job).map_err(Error::other)?;
    let text = transcript.to_toml().map_err(|error| Error::Other {
        message: format!("the transcript cannot be written: {error}"),
        hint: None,
    })?;
    if report.secrets().redact(&text) != text {
        report.note("the transcript holds a value that is a secret; think before you share it");
    }
    write(&args.output, &text).map_err(|source| Error::Write {
        path: args.output.clone(),
        source,
    })?;
    Ok(code)
}

/// Readable by its owner alone: what a machine says is not meant for everybody.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
