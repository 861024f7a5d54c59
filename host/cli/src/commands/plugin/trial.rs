//! Runs one component alone, as a build would: the options pass through a template, the events are those of a build, and
//! the sandbox grants no more than it is told to.

mod against;
mod stage;

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use kilnbox_engine::{Chance, OnError, PlanRequest, RunOptions, StepKind};
use kilnbox_registry::GrantedPlugin;
use kilnbox_template::{Source, Template, Variables};
use kilnbox_transcript::{Departure, Replay, Transcript};
use serde_json::{Map, Value as Json, json};
use tokio::sync::mpsc;

pub(super) use against::Against;
pub(super) use stage::Behind;
use stage::Stage;

use super::super::{
    execute::{Voices, WORDS, execute, one_format, plan, reader},
    init::Eyes,
};
use crate::{
    args::{OutputArgs, TrialArgs},
    error::{Error, Placed},
    folders::Folders,
    logging,
    person::Person,
    report::Report,
    template_file, wire,
};

/// Runs the component with this behind it, or with the transcript that it is tried against. Returns the exit code.
pub(super) async fn run(
    args: &TrialArgs,
    output: &OutputArgs,
    report: &Report,
    behind: Behind,
) -> Result<u8, Error> {
    one_format(output, args.log_format)?;
    let logging = logging::start(args.verbose, report.secrets())?;
    let folders = Folders::find()?;
    let options = Options::read(&args.config)?;
    let scratch = tempfile::tempdir().map_err(|source| Error::System {
        what: "making a temporary folder",
        source,
    })?;
    let bytes = Bytes::from(super::read_component(&args.plugin)?);
    let looked = Eyes::new(&folders)
        .await?
        .inspect("plugin", bytes.clone())
        .await?;
    let (kind, name) = (looked.kind, name(&looked.name));
    let against = args.against.as_deref().map(Against::parse).transpose()?;
    let played = match &against {
        Some(Against::Transcript(path)) => Some(Played::read(path)?),
        _ => None,
    };
    let builder = match &against {
        Some(against) => against.builder(args.identity.as_deref(), scratch.path())?,
        None if kind == StepKind::PostProcessor => json!({ "type": "null", "communicator": "none" }),
        None => {
            return Err(Error::Other {
                message: "a provisioner needs something to work on".to_owned(),
                hint: Some(
                    "add `--against rootfs`, `--against ssh://USER@HOST` or `--against TRANSCRIPT`"
                        .to_owned(),
                ),
            });
        }
    };

    let template = template(kind, &name, builder, options.values, &args.artifact);
    let text = serde_json::to_string_pretty(&template).map_err(Error::other)?;
    let source = Source::new(options.shown, text);
    let inputs = template_file::inputs()?;
    let resolved = template_file::resolve(Template::parse(source)?, &inputs, &Variables::default(), report)?;
    let person = Person::at_the_terminal(report.secrets());
    let plugin = GrantedPlugin {
        name: name.clone(),
        bytes: Some(bytes),
        grant: args.grant.clone(),
        version: None,
        limits: Vec::new(),
    };
    let stage = Stage {
        sandbox: wire::sandbox(&[plugin], &folders, person.clone()).await?,
        name,
        behind: match &played {
            Some(played) => Behind::Replay(played.replay.clone(), played.chance),
            None => behind,
        },
    };
    let working_dir = inputs.working_dir.clone();
    let request = PlanRequest {
        resolved: &resolved,
        builders: &wire::builders(&folders)?,
        runner: &stage,
        folders: &kilnbox_engine::Folders {
            working_dir: working_dir.clone(),
            template_dir: options.folder,
        },
        only: &[],
        except: &[],
        force: args.force,
    };
    let planned = plan(&request, report).await?;
    let (_, words) = mpsc::channel(WORDS);
    let voices = Voices {
        readers: vec![reader(output, args.log_format, false, logging.level)],
        words,
        record: None,
    };
    let options = RunOptions {
        run_id: uuid::Uuid::new_v4().to_string(),
        parallel: 1,
        debug: false,
        force: args.force,
        on_error: OnError::Cleanup,
        prompt: person,
        working_dir,
    };
    let code = execute(planned, options, &folders, voices, report).await?;
    match played {
        Some(played) => played.verdict().map(|()| code),
        None => Ok(code),
    }
}

/// The name a component has in the template of its trial: its own, if that is a plain one and not one of Kilnbox's.
fn name(own: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let usable = !own.is_empty() && own.chars().all(plain) && !super::bundled_names().contains(&own);
    if usable { own } else { "plugin" }.to_owned()
}

/// The template of a trial.
fn template(
    kind: StepKind,
    name: &str,
    builder: Json,
    options: Map<String, Json>,
    artifact: &[PathBuf],
) -> Json {
    let mut step = Map::from_iter([("type".to_owned(), json!(name))]);
    step.extend(options);
    match kind {
        StepKind::Provisioner => json!({ "builders": [builder], "provisioners": [step] }),
        StepKind::PostProcessor if artifact.is_empty() => {
            json!({ "builders": [builder], "post-processors": [[step]] })
        }
        StepKind::PostProcessor => json!({
            "builders": [builder],
            "post-processors": [[{ "type": "artifice", "files": artifact, "keep_input_artifact": true }, step]],
        }),
    }
}

/// The options of a trial.
struct Options {
    values: Map<String, Json>,
    /// Where relative paths are tried next to the working directory.
    folder: Option<PathBuf>,
    /// What messages call them.
    shown: String,
}

impl Options {
    /// Reads `--config`: JSON text, or a file of it; no options where there is none.
    fn read(config: &Option<String>) -> Result<Self, Error> {
        let Some(config) = config else {
            return Ok(Self {
                values: Map::new(),
                folder: None,
                shown: "no options".to_owned(),
            });
        };
        let inline = config.trim_start().starts_with('{');
        let (text, folder, shown) = if inline {
            (config.clone(), None, "--config".to_owned())
        } else {
            let path = Path::new(config);
            let read = fs::File::open(path).map_err(|source| Error::Read {
                path: path.to_owned(),
                source,
            })?;
            let folder = path
                .canonicalize()
                .ok()
                .and_then(|path| path.parent().map(Path::to_owned));
            (template_file::text(path, read)?, folder, config.clone())
        };
        let values = serde_json::from_str(&text).map_err(|error| Error::Other {
            message: format!("`{shown}` is no JSON object: {error}"),
            hint: Some("such as `--config '{\"path\": \"/etc/motd\"}'`, or the name of a file".to_owned()),
        })?;
        Ok(Self {
            values,
            folder,
            shown,
        })
    }
}

/// A transcript and how far it is.
struct Played {
    replay: Replay,
    chance: Chance,
    source: Source,
}

impl Played {
    fn read(path: &Path) -> Result<Self, Error> {
        let source = template_file::source(path)?;
        let transcript = transcript(&source)?;
        Ok(Self {
            chance: transcript.job.chance(),
            replay: Replay::new(transcript),
            source,
        })
    }

    /// Whether the component did what the transcript expects, and where it did not.
    fn verdict(&self) -> Result<(), Error> {
        self.replay.verdict().map_err(|Departure { at, message, hint }| {
            let problem = Placed::new(&self.source, at, message, hint);
            Error::Departed(Box::new(problem))
        })
    }
}

fn transcript(source: &Source) -> Result<Transcript, Error> {
    kilnbox_transcript::parse(&source.text).map_err(|problems| {
        let drawn = problems
            .into_iter()
            .map(|problem| Placed::new(source, Some(problem.at), problem.message, problem.hint));
        Error::Transcript(drawn.collect())
    })
}
