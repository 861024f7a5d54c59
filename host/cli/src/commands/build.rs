//! `kilnbox build`: template, plan, run, exit code.

use std::{
    convert::Infallible,
    fs::File,
    io::{self, IsTerminal as _},
    sync::Arc,
};

use jiff::tz::TimeZone;
use kilnbox_engine::{
    Events, EventsError, Journal, Level, OnError, PlanRequest, Planned, Prompt, Reader, RunOptions, Secrets,
};
use kilnbox_template::Template;
use tokio::sync::mpsc;

use super::runtime;
use crate::{
    args::{self, BuildArgs, LogFormat, OutputArgs},
    error::Error,
    exit_codes,
    folders::Folders,
    logging::{self, Logging},
    person::Person,
    readers::{Json, LogFiles, Look, Machine, Terminal},
    report::{self, Report},
    signals::Signals,
    template_file::{self, TemplateFile},
    wire,
};

/// Builds what the template describes.
pub(crate) fn run(args: &BuildArgs, output: &OutputArgs, report: &Report) -> Result<u8, Error> {
    // Not clap's to see: one flag may stand before the command and the other after it.
    if output.machine_readable && args.log_format == LogFormat::Json {
        return Err(Error::TwoFormats);
    }
    let Logging { level, file: log } = logging::start(args.verbose)?;
    let file = TemplateFile::read(&args.template.template, args.template.config_type)?;
    let given = template_file::variables(&args.template.given)?;
    let folders = Folders::find()?;
    let resolved = Template::parse(file.source.clone())?.resolve(&file.inputs(), &given)?;
    let plugins = wire::plugins(file.project_folder(), &folders, args.trust)?;
    let for_people = args.log_format == LogFormat::Text && !output.machine_readable;
    let person: Option<Arc<dyn Prompt>> = if for_people {
        Person::at_the_terminal()
    } else {
        None
    };

    runtime()?.block_on(async {
        let sandbox = wire::sandbox(&plugins, &folders, person.clone()).await?;
        wire::note_what_is_not_kept(report, &sandbox, &plugins);
        let planned = kilnbox_engine::make_plan(&PlanRequest {
            resolved: &resolved,
            builders: &wire::builders(&folders)?,
            runner: &sandbox,
            folders: &kilnbox_engine::Folders {
                working_dir: file.working_dir.clone(),
                template_dir: file.folder.clone(),
            },
            only: &args.template.only,
            except: &args.template.except,
            force: args.force,
        })
        .await?;
        planned
            .diagnostics
            .reports()
            .for_each(|problem| report.show(problem));
        let mut readers = vec![reader(args, output, level)];
        if let Some(log) = log {
            readers.push(log_of_the_run(log)?);
        }
        let (word, words) = mpsc::channel(WORDS);
        if let Some(folder) = &args.log_dir {
            let files = LogFiles::new(folder, word).map_err(|source| Error::Write {
                path: folder.clone(),
                source,
            })?;
            readers.push(Box::new(files));
        }
        let voices = Voices { readers, words };
        execute(args, planned, &folders, file, person, voices, report).await
    })
}

/// Words about log files that wait to be said: one for a file, and more than these nobody reads.
const WORDS: usize = 16;

/// Who is told what happens, and what those who write it down have to say themselves.
struct Voices {
    readers: Vec<Box<dyn Reader>>,
    words: mpsc::Receiver<String>,
}

/// Runs the plan to its end, whatever that is.
async fn execute(
    args: &BuildArgs,
    planned: Planned,
    folders: &Folders,
    file: TemplateFile,
    prompt: Option<Arc<dyn Prompt>>,
    Voices { readers, mut words }: Voices,
    report: &Report,
) -> Result<u8, Error> {
    let run_id = uuid::Uuid::new_v4().to_string();
    let secrets = Secrets::default();
    let journal = Journal::create(&folders.state, &run_id).map_err(Error::other)?;
    let (events, end) = Events::new(&run_id, secrets.clone(), readers);
    let signals = Signals::default();
    let listening = signals.listen(events.clone()).map_err(|source| Error::System {
        what: "listening for signals",
        source,
    })?;
    if args.debug {
        events.say("Debug mode enabled. Builds will not be parallelized.");
    }
    let options = RunOptions {
        run_id,
        parallel: usize::try_from(args.parallel_builds).unwrap_or(0),
        debug: args.debug,
        force: args.force,
        on_error: on_error(args.on_error),
        prompt,
        working_dir: file.working_dir,
    };
    let unplanned = !planned.failed.is_empty() || planned.diagnostics.has_errors();
    let voice = events.clone();
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
        signals.hurry,
    );
    let summary = tokio::select! {
        summary = running => summary,
        never = listening => match never {},
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
    Ok(if failed {
        exit_codes::FAILURE
    } else {
        exit_codes::SUCCESS
    })
}

fn reader(args: &BuildArgs, output: &OutputArgs, level: Option<Level>) -> Box<dyn Reader> {
    if output.machine_readable {
        return Box::new(Machine::new(io::stdout()));
    }
    if args.log_format == LogFormat::Json {
        return Box::new(Json::new(io::stdout()));
    }
    let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
    let look = Look {
        color_out: report::colored(output.color, out),
        color_err: report::colored(output.color, err),
        timestamps: args.timestamp_ui.then(TimeZone::system),
        level,
        bars: out && err,
    };
    Box::new(Terminal::new(io::stdout(), io::stderr(), look))
}

/// What a terminal shows, and the records of steps, with times.
fn log_of_the_run(file: File) -> Result<Box<dyn Reader>, Error> {
    let look = Look {
        color_out: false,
        color_err: false,
        timestamps: Some(TimeZone::UTC),
        level: Some(Level::Debug),
        bars: false,
    };
    let again = file.try_clone().map_err(|source| Error::System {
        what: "opening the log",
        source,
    })?;
    Ok(Box::new(Terminal::new(file, again, look)))
}

fn on_error(chosen: args::OnError) -> OnError {
    match chosen {
        args::OnError::Cleanup => OnError::Cleanup,
        args::OnError::Abort => OnError::Abort,
        args::OnError::Ask => OnError::Ask,
        args::OnError::RunCleanupProvisioner => OnError::RunCleanupProvisioner,
    }
}
