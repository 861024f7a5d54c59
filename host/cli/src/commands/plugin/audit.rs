//! `kilnbox plugin audit`: every step of a template with what it may do, where it comes from, and how old it is.
//!
//! For whom reviews a template before it runs, or a project before it is trusted. Only the template's structure counts:
//! a step that one build uses is listed as one that all use.

mod shown;

use kilnbox_engine::StepKind;
use kilnbox_registry::{Lock, Locked, ProjectFile, Store};
use kilnbox_sandbox::Inspection;
use kilnbox_template::Template;

use crate::{
    args::{ConfigType, PluginAuditArgs},
    capabilities::{Power, powers},
    commands::{init::Eyes, runtime},
    error::Error,
    exit_codes,
    folders::Folders,
    report::Report,
    stdout,
    template_file::TemplateFile,
    wire,
};

/// What is known of a step, or why it is not.
struct Audited {
    name: String,
    kind: StepKind,
    /// How many times the template names it.
    times: usize,
    known: Result<Known, Error>,
}

struct Known {
    version: String,
    /// None is Kilnbox itself.
    source: Option<String>,
    sha256: String,
    /// What is locked of it.
    locked: Option<Locked>,
    powers: Vec<Power>,
    /// Capabilities that kilnbox.toml grants.
    granted: Vec<String>,
}

/// Shows them. A step that cannot be looked at makes the exit code 1.
pub(super) fn run(args: &PluginAuditArgs, report: &Report) -> Result<u8, Error> {
    let file = TemplateFile::read(&args.template, ConfigType::Json)?;
    let template = Template::parse(file.source.clone())?;
    let project = wire::project_file(file.project_folder())?;
    let lock = match &project {
        Some(project) => Lock::read(project.folder())?.unwrap_or_default(),
        None => Lock::default(),
    };
    let folders = Folders::find()?;
    let store = wire::store(&folders);
    let audited = runtime()?.block_on(async {
        let auditor = Auditor {
            eyes: Eyes::new(&folders).await?,
            project: project.as_ref(),
            lock: &lock,
            store: &store,
        };
        let mut audited = Vec::new();
        for (kind, name, times) in steps(&template) {
            audited.push(Audited {
                known: auditor.look(kind, &name).await,
                name,
                kind,
                times,
            });
        }
        Ok::<_, Error>(audited)
    })?;
    stdout::print(&shown::text(&audited, args.format, jiff::Timestamp::now()))?;
    let mut code = exit_codes::SUCCESS;
    for error in audited.iter().filter_map(|step| step.known.as_ref().err()) {
        report.failure(error);
        code = exit_codes::FAILURE;
    }
    Ok(code)
}

/// Kind and name of every step, in the template's order, and how often it is there.
fn steps(template: &Template) -> Vec<(StepKind, String, usize)> {
    let provisioners = template.provisioners.iter().chain(&template.error_cleanup);
    let provisioners = provisioners.map(|block| (StepKind::Provisioner, &block.kind.value));
    let chains = template.chains.iter().flatten();
    let post_processors = chains.map(|block| (StepKind::PostProcessor, &block.kind.value));
    let mut steps: Vec<(StepKind, String, usize)> = Vec::new();
    for (kind, name) in provisioners.chain(post_processors) {
        match steps
            .iter_mut()
            .find(|(known, other, _)| *known == kind && other == name)
        {
            Some((.., times)) => *times += 1,
            None => steps.push((kind, name.clone(), 1)),
        }
    }
    steps
}

struct Auditor<'a> {
    eyes: Eyes,
    project: Option<&'a ProjectFile>,
    lock: &'a Lock,
    store: &'a Store,
}

impl Auditor<'_> {
    async fn look(&self, kind: StepKind, name: &str) -> Result<Known, Error> {
        let in_file = self.project.and_then(|project| {
            let plugin = project.plugins.iter().find(|plugin| plugin.name == name)?;
            Some((project, plugin))
        });
        let granted = in_file
            .map(|(_, plugin)| plugin.grant.clone())
            .unwrap_or_default();
        let own = self.eyes.inspect_own(name).await?;
        if let Some(found) = own.into_iter().find(|found| found.kind == kind) {
            return Ok(known(found, None, None, granted));
        }
        let Some((project, plugin, source)) =
            in_file.and_then(|(project, plugin)| Some((project, plugin, plugin.source.as_ref()?)))
        else {
            return Err(Error::Other {
                message: format!("there is no {} `{name}`", kind.as_str()),
                hint: Some("`kilnbox.toml` beside the template says where plugins come from".to_owned()),
            });
        };
        let locked = self.lock.plugins.get(name);
        let located = kilnbox_registry::find(project.folder(), plugin, source, locked, self.store)?;
        let found = self.eyes.inspect(name, located.bytes).await?;
        Ok(known(found, Some(source.to_string()), locked.cloned(), granted))
    }
}

fn known(of: Inspection, source: Option<String>, locked: Option<Locked>, granted: Vec<String>) -> Known {
    Known {
        powers: powers(&of.capabilities),
        version: of.version,
        source,
        sha256: of.sha256,
        locked,
        granted,
    }
}
