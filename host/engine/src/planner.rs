//! A resolved template to a plan: which builds, with which steps, with which options. Nothing is started.
//!
//! `cli` calls [`plan`] after `Template::resolve`. Components are loaded here, once each, and side by side. A build
//! that cannot be prepared is reported and left out; the others run, as in Packer (`reference/packer.md` §8.1).

mod duration;
mod options;
mod paths;
mod schema;
mod step;
mod templates;
#[cfg(test)]
mod tests;
mod upstream;
mod words;

use std::{collections::BTreeMap, sync::Arc};

use futures::future::join_all;
use kilnbox_template::{
    BuilderBlock, Diagnostic, Diagnostics, Renderer, Resolved, Template, Text, Value, did_you_mean,
};

use schema::Schema;
pub use schema::{SchemaRemark, review_schema};
pub use words::{OptionWords, options_in_words};

use crate::{
    Builder, Folders, LoadError, Options, Plan, PlannedBuild, PlannedStep, Step, StepKind, StepRunner,
};

/// What to plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanRequest<'r> {
    /// The template with its variables.
    pub resolved: &'r Resolved,
    /// The builders there are.
    pub builders: &'r [Arc<dyn Builder>],
    /// Where components come from.
    pub runner: &'r dyn StepRunner,
    /// Where relative paths start.
    pub folders: &'r Folders,
    /// `-only`: build names after interpolation; empty for all.
    pub only: &'r [String],
    /// `-except`: names of builds and of post-processors.
    pub except: &'r [String],
    /// `-force`
    pub force: bool,
}

/// A plan, and what was wrong on the way.
#[derive(Debug)]
pub struct Planned {
    /// The builds that can run: at least one.
    pub plan: Plan,
    /// Names of builds that cannot: the run is a failure even if all others succeed.
    pub failed: Vec<String>,
    /// Warnings, and the errors of the builds in `failed`.
    pub diagnostics: Diagnostics,
}

/// Plans a run. An error means that no build can run.
pub async fn plan(request: &PlanRequest<'_>) -> Result<Planned, Diagnostics> {
    let template = &request.resolved.template;
    let mut diagnostics = Diagnostics::new(&template.source);
    let selected = select(request, &mut diagnostics);
    if selected.is_empty() && !diagnostics.has_errors() {
        diagnostics.push(nothing_selected(request));
    }
    let loaded = load(request.runner, template, &selected).await;
    let components = read(&loaded);
    let builders = request
        .builders
        .iter()
        .filter(|builder| {
            selected
                .iter()
                .any(|chosen| chosen.builder.kind() == builder.kind())
        })
        .map(|builder| (builder.kind(), Schema::new(builder.schema())))
        .collect();
    let mut plan = Plan {
        builds: Vec::new(),
        secrets: request.resolved.secrets.clone(),
    };
    let mut failed = Vec::new();
    for chosen in &selected {
        let planner = BuildPlanner {
            request,
            components: &components,
            builders: &builders,
            chosen,
        };
        let mut problems = Diagnostics::new(&template.source);
        let build = planner.plan(&mut plan.secrets, &mut problems).await;
        match build {
            Some(build) if !problems.has_errors() => plan.builds.push(build),
            _ => failed.push(chosen.name.clone()),
        }
        diagnostics.append(problems);
    }
    plan.secrets.sort_unstable();
    plan.secrets.dedup();
    if plan.builds.is_empty() {
        return Err(diagnostics);
    }
    Ok(Planned {
        plan,
        failed,
        diagnostics,
    })
}

/// A build the user asked for.
struct Chosen<'t> {
    block: &'t BuilderBlock,
    name: String,
    builder: Arc<dyn Builder>,
    renderer: Renderer,
}

type Loaded = BTreeMap<(StepKind, String), Result<Arc<dyn Step>, LoadError>>;

/// The components with their schemas, each read once however many steps use it.
type Components<'l> = BTreeMap<(StepKind, &'l str), Result<(&'l Arc<dyn Step>, Schema<'l>), &'l LoadError>>;

fn read(loaded: &Loaded) -> Components<'_> {
    loaded
        .iter()
        .map(|((kind, name), step)| {
            let step = step.as_ref().map(|step| (step, Schema::new(step.schema())));
            ((*kind, name.as_str()), step)
        })
        .collect()
}

/// Names every build, keeps those asked for, in the order of their names.
fn select<'t>(request: &PlanRequest<'t>, problems: &mut Diagnostics) -> Vec<Chosen<'t>> {
    let resolved = request.resolved;
    let mut chosen = Vec::new();
    for block in &resolved.template.builders {
        let name = match &block.name {
            Some(name) => resolved.renderer.render_at(&name.value, name.span, problems).text,
            None => block.kind.value.clone(),
        };
        let wanted = request.only.is_empty() || request.only.contains(&name);
        if !wanted || request.except.contains(&name) {
            continue;
        }
        let Some(builder) = request
            .builders
            .iter()
            .find(|builder| builder.kind() == block.kind.value)
        else {
            if let Some(refusal) = upstream::builder(&block.kind) {
                problems.push(refusal);
                continue;
            }
            let kinds: Vec<&str> = request.builders.iter().map(|builder| builder.kind()).collect();
            let hint = did_you_mean(&block.kind.value, kinds.iter().copied())
                .unwrap_or_else(|| format!("there are {}", kinds.join(", ")));
            problems.push(
                Diagnostic::error(block.kind.span, format!("unknown builder `{}`", block.kind.value))
                    .hint(hint),
            );
            continue;
        };
        let builder = Arc::clone(builder);
        let clean = Arc::clone(&builder);
        let renderer = resolved.renderer.for_build(
            name.clone(),
            block.kind.value.clone(),
            Arc::new(move |name: &str| clean.clean_resource_name(name)),
        );
        chosen.push(Chosen {
            block,
            name,
            builder,
            renderer,
        });
    }
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    chosen
}

fn nothing_selected(request: &PlanRequest<'_>) -> Diagnostic {
    let names: Vec<&str> = request
        .resolved
        .template
        .builders
        .iter()
        .map(BuilderBlock::raw_name)
        .collect();
    Diagnostic::anywhere(
        "No builds to run: a build command cannot run without at least one build to process. If the only or except \
         flags have been specified at run time check that at least one build is selected for execution.",
    )
    .hint(format!("the template has {}", names.join(", ")))
}

/// Loads every component that a chosen build needs.
async fn load(runner: &dyn StepRunner, template: &Template, chosen: &[Chosen<'_>]) -> Loaded {
    let mut wanted = Vec::new();
    for chosen in chosen {
        let build = chosen.block.raw_name();
        let provisioners = template.provisioners.iter().chain(&template.error_cleanup);
        for block in provisioners.filter(|block| block.scope.includes(build)) {
            wanted.push((StepKind::Provisioner, block.kind.value.clone()));
        }
        for block in template
            .chains
            .iter()
            .flatten()
            .filter(|block| block.scope.includes(build))
        {
            wanted.push((StepKind::PostProcessor, block.kind.value.clone()));
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    let loaded = wanted.into_iter().map(|(kind, name)| async move {
        let step = runner.load(kind, &name).await;
        ((kind, name), step)
    });
    join_all(loaded).await.into_iter().collect()
}

/// Plans one build.
struct BuildPlanner<'p> {
    request: &'p PlanRequest<'p>,
    components: &'p Components<'p>,
    builders: &'p BTreeMap<&'p str, Schema<'p>>,
    chosen: &'p Chosen<'p>,
}

impl BuildPlanner<'_> {
    async fn plan(&self, secrets: &mut Vec<String>, problems: &mut Diagnostics) -> Option<PlannedBuild> {
        let template = &self.request.resolved.template;
        let raw_name = self.chosen.block.raw_name();
        let lifecycle = self.builder(secrets, problems);
        let mut provisioners = Vec::new();
        for block in template
            .provisioners
            .iter()
            .filter(|block| block.scope.includes(raw_name))
        {
            provisioners.extend(self.provisioner(block, secrets, problems).await);
        }
        let error_cleanup = match &template.error_cleanup {
            Some(block) if block.scope.includes(raw_name) => self.provisioner(block, secrets, problems).await,
            _ => None,
        };
        let mut chains = Vec::new();
        for chain in &template.chains {
            let mut links: Vec<PlannedStep> = Vec::new();
            for block in chain.iter().filter(|block| block.scope.includes(raw_name)) {
                // A link that is skipped by name takes the rest of its chain with it, as in Packer.
                if self.request.except.iter().any(|name| name == block.name()) {
                    break;
                }
                links.extend(self.post_processor(block, secrets, problems).await);
            }
            if !links.is_empty() {
                chains.push(links);
            }
        }
        let kind = &self.chosen.block.kind.value;
        let display_name = match &self.chosen.block.name {
            Some(_) if self.chosen.name != *kind => format!("{kind}.{}", self.chosen.name),
            _ => kind.clone(),
        };
        Some(PlannedBuild {
            name: self.chosen.name.clone(),
            builder: kind.clone(),
            display_name,
            lifecycle: lifecycle?,
            provisioners,
            error_cleanup,
            chains,
        })
    }

    fn builder(
        &self,
        secrets: &mut Vec<String>,
        problems: &mut Diagnostics,
    ) -> Option<Box<dyn crate::Lifecycle>> {
        let block = self.chosen.block;
        let mut found = Diagnostics::new(&self.request.resolved.template.source);
        let ready = options::prepare(
            "builders",
            &block.kind,
            &block.options,
            self.builders.get(self.chosen.builder.kind())?,
            &self.chosen.renderer,
            &mut found,
        );
        let templates = self.templates(&ready, false);
        let waiting = templates
            .runtime
            .iter()
            .filter(|(_, text)| self.chosen.renderer.waits_for_build(text));
        for at in ready.deferred.keys().chain(waiting.map(|(at, _)| at)) {
            found.push(
                Diagnostic::error(
                    options::place(&block.kind, &ready.value, at),
                    "`{{build}}` is not possible in a builder: its values are known only while it runs",
                )
                .label("uses a value of the build"),
            );
        }
        step::keep_secrets(&ready, secrets);
        let broken = found.has_errors();
        problems.append(found);
        if broken {
            return None;
        }
        let prepared = self.chosen.builder.prepare(&Options {
            json: ready.json.clone(),
            build_name: self.chosen.name.clone(),
            working_dir: self.request.folders.working_dir.clone(),
            template_dir: self.request.folders.template_dir.clone(),
            force: self.request.force,
            templates: Arc::new(templates),
        });
        match prepared {
            Ok(lifecycle) => {
                options::report(&block.kind, &ready.value, lifecycle.warnings(), problems);
                Some(lifecycle)
            }
            Err(found) => {
                if !options::report(&block.kind, &ready.value, found, problems) {
                    let message = format!("Failed to prepare build: \"{}\"", self.chosen.name);
                    problems.push(Diagnostic::error(block.kind.span, message));
                }
                None
            }
        }
    }
}

/// A scalar of a block, such as `timeout`, after interpolation.
fn scalar(value: &Value, renderer: &Renderer, problems: &mut Diagnostics) -> serde_json::Value {
    let rendered = renderer.render_value(value, &|_| false, problems);
    if rendered.marks.deferred {
        problems.push(Diagnostic::error(value.span, "`{{build}}` is not possible here"));
    }
    rendered.to_json()
}

/// The words for a component that could not be loaded.
fn refuse(kind: &Text, error: &LoadError) -> Diagnostic {
    if let LoadError::Unknown { kind: of, .. } = error
        && let Some(refusal) = upstream::step(*of, kind)
    {
        return refusal;
    }
    let diagnostic = Diagnostic::error(kind.span, error.to_string());
    match error {
        LoadError::Unknown { name, known, .. } => diagnostic.label("nobody offers it").hint(
            did_you_mean(name, known.iter().map(String::as_str)).unwrap_or_else(|| {
                format!(
                    "there are {}; others are declared in `kilnbox.toml`",
                    known.join(", ")
                )
            }),
        ),
        LoadError::Denied { grant, .. } => diagnostic.label("not granted").hint(grant.clone()),
        LoadError::Invalid { hint, .. } => diagnostic.maybe_hint(hint.clone()),
    }
}
