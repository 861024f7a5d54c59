//! Makes a plan and runs it to its end, with the journal, the signals and whoever reads the events: for every command
//! that runs steps.

use std::{
    convert::Infallible,
    io::{self, IsTerminal as _},
    pin::pin,
};

use jiff::tz::TimeZone;
use kilnbox_engine::{Events, EventsError, Journal, Level, PlanRequest, Planned, Reader, RunOptions};
use tokio::sync::mpsc;

use crate::{
    args::{LogFormat, OutputArgs},
    error::Error,
    exit_codes,
    folders::Folders,
    readers::{Json, Look, Machine, Terminal},
    record::{Facts, Record},
    report::{self, Report},
    signals::Signals,
};

/// Words about log files that wait to be said: one for a file, and more than these nobody reads.
pub(super) const WORDS: usize = 16;

/// Who is told what happens, and what those who write it down have to say themselves.
pub(super) struct Voices {
    pub(super) readers: Vec<Box<dyn Reader>>,
    pub(super) words: mpsc::Receiver<String>,
    pub(super) record: Option<(Record, Facts)>,
}

/// Refuses two formats at once. Not clap's to see: one flag may stand before the command and the other after it.
pub(super) fn one_format(output: &OutputArgs, format: LogFormat) -> Result<(), Error> {
    match output.machine_readable && format == LogFormat::Json {
        true => Err(Error::TwoFormats),
        false => Ok(()),
    }
}

/// Plans, and shows what is wrong with the builds that cannot run, and what may be.
pub(super) async fn plan(request: &PlanRequest<'_>, report: &Report) -> Result<Planned, Error> {
    let planned = kilnbox_engine::make_plan(request).await?;
    planned
        .diagnostics
        .reports()
        .for_each(|problem| report.show(problem));
    Ok(planned)
}

/// Runs the plan to its end, whatever that is. Returns the exit code.
pub(super) async fn execute(
    planned: Planned,
    options: RunOptions,
    folders: &Folders,
    Voices {
        readers,
        mut words,
        record,
    }: Voices,
    report: &Report,
) -> Result<u8, Error> {
    let secrets = report.secrets().clone();
    let journal = Journal::create(&folders.state, &options.run_id).map_err(Error::other)?;
    let (events, end) = Events::new(&options.run_id, secrets.clone(), readers);
    let signals = Signals::default();
    let listening = signals.listen(events.clone()).map_err(|source| Error::System {
        what: "listening for signals",
        source,
    })?;
    if options.debug {
        events.say("Debug mode enabled. Builds will not be parallelized.");
    }
    let unplanned = !planned.failed.is_empty() || planned.diagnostics.has_errors();
    let (voice, said) = (events.clone(), events.clone());
    let passing_on = async {
        while let Some(word) = words.recv().await {
            voice.warning(word);
        }
        std::future::pending::<Infallible>().await
    };
    let running = kilnbox_engine::run(
        planned.plan,
        options,
        events,
        journal,
        secrets,
        signals.cancel,
        signals.hurry.clone(),
    );
    let mut listening = pin!(listening);
    let summary = tokio::select! {
        summary = running => summary,
        never = &mut listening => match never {},
        never = passing_on => match never {},
    };
    match end.finish() {
        // Whoever reads standard output and standard error has stopped to: what is said there would never be read, and
        // saying it would never end. The exit code tells how the run went.
        Err(EventsError::Unheard) => {}
        ended => {
            ended.map_err(Error::other)?;
            while let Ok(word) = words.try_recv() {
                report.note(&word);
            }
        }
    }
    let failed = unplanned || summary.cancelled || summary.builds.iter().any(|build| build.result.is_err());
    if let Some((record, facts)) = record {
        // Digests of images take a while, in which a signal must still be heard; so they are made on another thread.
        let write = move || record.write(&facts, &summary, &said, &signals.hurry);
        tokio::select! {
            written = tokio::task::spawn_blocking(write) => written.map_err(Error::other)??,
            never = listening => match never {},
        }
    }
    Ok(if failed {
        exit_codes::FAILURE
    } else {
        exit_codes::SUCCESS
    })
}

/// Who prints what happens. `level` is the least one of step records that are shown.
pub(super) fn reader(
    output: &OutputArgs,
    format: LogFormat,
    timestamps: bool,
    level: Option<Level>,
) -> Box<dyn Reader> {
    if output.machine_readable {
        return Box::new(Machine::new(io::stdout()));
    }
    if format == LogFormat::Json {
        return Box::new(Json::new(io::stdout()));
    }
    let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
    let look = Look {
        color_out: report::colored(output.color, out),
        color_err: report::colored(output.color, err),
        timestamps: timestamps.then(TimeZone::system),
        level,
        bars: out && err,
    };
    Box::new(Terminal::new(io::stdout(), io::stderr(), look))
}
