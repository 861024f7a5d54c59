//! `kilnbox build`: template, plan, run, exit code.

use std::{fs::File, sync::Arc};

use jiff::tz::TimeZone;
use kilnbox_engine::{Level, OnError, PlanRequest, Prompt, Reader, RunOptions};
use kilnbox_template::Template;
use tokio::sync::mpsc;

use super::{
    execute::{Voices, WORDS, execute, one_format, plan, reader},
    runtime,
};
use crate::{
    args::{self, BuildArgs, LogFormat, OutputArgs},
    error::Error,
    folders::Folders,
    logging::{self, Logging},
    person::Person,
    readers::{LogFiles, Look, Terminal},
    record::{Facts, Record},
    report::Report,
    template_file::{self, TemplateFile},
    wire,
};

/// Builds what the template describes.
pub(crate) fn run(args: &BuildArgs, output: &OutputArgs, report: &Report) -> Result<u8, Error> {
    one_format(output, args.log_format)?;
    let Logging { level, file: log } = logging::start(args.verbose, report.secrets())?;
    let record = args.record.as_deref().map(Record::new).transpose()?;
    let file = TemplateFile::read(&args.template.template, args.template.config_type)?;
    let given = template_file::variables(&args.template.given)?;
    let folders = Folders::find()?;
    let resolved = template_file::resolve(
        Template::parse(file.source.clone())?,
        &file.inputs(),
        &given,
        report,
    )?;
    let facts = || Facts::new(args, &file, &given, &resolved, on_error(args.on_error).as_str());
    let facts = record.is_some().then(facts);
    let plugins = wire::plugins(file.project_folder(), &folders, args.trust)?;
    let for_people = args.log_format == LogFormat::Text && !output.machine_readable;
    let person: Option<Arc<dyn Prompt>> = if for_people {
        Person::at_the_terminal(report.secrets())
    } else {
        None
    };

    runtime()?.block_on(async {
        let sandbox = wire::sandbox(&plugins, &folders, person.clone()).await?;
        wire::note_what_is_not_kept(report, &sandbox, &plugins);
        let request = PlanRequest {
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
        };
        let planned = plan(&request, report).await?;
        let mut readers = vec![reader(output, args.log_format, args.timestamp_ui, level)];
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
        readers.extend(record.as_ref().map(Record::reader));
        let voices = Voices {
            readers,
            words,
            record: record.zip(facts),
        };
        let options = RunOptions {
            run_id: uuid::Uuid::new_v4().to_string(),
            parallel: usize::try_from(args.parallel_builds).unwrap_or(0),
            debug: args.debug,
            force: args.force,
            on_error: on_error(args.on_error),
            prompt: person,
            working_dir: file.working_dir,
        };
        execute(planned, options, &folders, voices, report).await
    })
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
