//! What this program is made of: the builders, the components, the reclaimers, and who is granted what.
//!
//! A new builder is one line in [`builders`]; if it makes something that outlives a killed process, one more in
//! [`reclaimers`], and if that bears tags, one in [`sweepers`].

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use kilnbox_engine::{Builder, Prompt, Reclaimer, StepKind, Sweeper};
use kilnbox_registry::{
    Acceptance, GrantedPlugin, Limit, LimitRule, LimitUnit, Project, ProjectFile,
    Settings as RegistrySettings, Store, TrustStore, Vocabulary,
};
use kilnbox_sandbox::{Capability, Code, ComponentSource, Grants, Limits, Sandbox, Settings, Unit};

use crate::{
    env_vars,
    error::Error,
    folders::{self, Folders},
    images::BaseImages,
    report::Report,
};

/// The program itself, which it starts again as the helper of a container and as the compiler.
fn own_program() -> Result<PathBuf, Error> {
    std::env::current_exe().map_err(|source| Error::System {
        what: "finding the program's own file",
        source,
    })
}

/// Every kind of builder.
pub(crate) fn builders(folders: &Folders) -> Result<Vec<Arc<dyn Builder>>, Error> {
    let program = own_program()?;
    Ok(vec![
        Arc::new(kilnbox_builder_local::NullBuilder::default()),
        Arc::new(kilnbox_builder_local::FileBuilder::default()),
        Arc::new(
            kilnbox_builder_rootfs::RootfsBuilder::new(program, folders.state.clone())
                .with_images(Arc::new(BaseImages::new(folders.clone()))),
        ),
        Arc::new(kilnbox_builder_amazon::AmazonEbsBuilder::new(checkip())),
    ])
}

/// Who tells this machine's public address.
fn checkip() -> String {
    let chosen = env_vars::CHECKIP_URL.get().and_then(|url| url.into_string().ok());
    chosen.unwrap_or_else(|| "https://checkip.amazonaws.com".to_owned())
}

/// Who removes what a dead run left, by kind of resource.
pub(crate) fn reclaimers(folders: &Folders) -> Vec<Arc<dyn Reclaimer>> {
    let mut all: Vec<Arc<dyn Reclaimer>> = vec![Arc::new(kilnbox_builder_local::FileTargetReclaimer)];
    all.extend(kilnbox_builder_rootfs::reclaimers(folders.state.clone()));
    all.extend(kilnbox_builder_amazon::reclaimers());
    all
}

/// Who finds by their tags what runs left, for `gc --by-tag`.
pub(crate) fn sweepers() -> Vec<Arc<dyn Sweeper>> {
    kilnbox_builder_amazon::sweepers()
}

/// The project in a folder, if it has a `kilnbox.toml`: with the bytes of its plugins, as they are locked.
pub(crate) fn project(folder: &Path) -> Result<Option<Project>, Error> {
    let store = store(&Folders::find()?);
    with_vocabulary(|vocabulary| Ok(Project::open(folder, vocabulary, &store)?))
}

/// The `kilnbox.toml` in a folder, if there is one, without the bytes behind it.
pub(crate) fn project_file(folder: &Path) -> Result<Option<ProjectFile>, Error> {
    with_vocabulary(|vocabulary| Ok(ProjectFile::read(folder, vocabulary)?))
}

/// Where the bytes of plugins are kept.
pub(crate) fn store(folders: &Folders) -> Store {
    Store::new(&folders.cache)
}

/// How registries are asked, and who the user is there.
pub(crate) fn registries(folders: &Folders) -> Result<RegistrySettings, Error> {
    let mut settings = RegistrySettings::read(&folders.config)?;
    if let Some(file) = env_vars::CA_FILE.get() {
        settings.ca_file = Some(file.into());
    }
    settings.credentials = folders::credentials();
    Ok(settings)
}

/// The names that a `kilnbox.toml` may use.
fn with_vocabulary<T>(read: impl FnOnce(&Vocabulary<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let names = |by_default| {
        let capabilities = Capability::ALL
            .into_iter()
            .filter(move |known| known.by_default() == by_default);
        capabilities.map(Capability::name).collect::<Vec<_>>()
    };
    let first_party: Vec<&str> = kilnbox_bundled::components()
        .iter()
        .map(|component| component.name)
        .collect();
    read(&Vocabulary {
        first_party: &first_party,
        by_default: &names(true),
        on_request: &names(false),
        limits: &limit_rules(),
    })
}

fn limit_rules() -> Vec<LimitRule> {
    let rules = Limits::SETTINGS.iter().map(|setting| LimitRule {
        name: setting.name,
        unit: match setting.unit {
            Unit::Bytes => LimitUnit::Bytes,
            Unit::Time => LimitUnit::Time,
            Unit::Count => LimitUnit::Count,
        },
        floor: setting.floor,
        ceiling: setting.ceiling,
    });
    rules.collect()
}

/// The plugins of the project in `folder`, if it asks for no more than the user accepted.
pub(crate) fn plugins(
    folder: &Path,
    folders: &Folders,
    this_once: bool,
) -> Result<Vec<GrantedPlugin>, Error> {
    let Some(project) = project(folder)? else {
        return Ok(Vec::new());
    };
    let store = TrustStore::new(&folders.config);
    let acceptance = if this_once {
        Acceptance::ThisOnce
    } else {
        Acceptance::Remembered(&store)
    };
    Ok(project.granted(&acceptance)?)
}

/// The sandbox, with Kilnbox's own components and the user's.
pub(crate) async fn sandbox(
    plugins: &[GrantedPlugin],
    folders: &Folders,
    prompt: Option<Arc<dyn Prompt>>,
) -> Result<Sandbox, Error> {
    let mut components = bundled(plugins)?;
    for plugin in plugins {
        components.extend(third_party(plugin)?);
    }
    let settings = Settings {
        cache: Some(folders.cache.clone()),
        prompt,
        compiler: Some(own_program()?),
    };
    let sandbox = Sandbox::new(components, settings).map_err(Error::other)?;
    for plugin in plugins {
        check_version(plugin, &sandbox).await?;
    }
    Ok(sandbox)
}

/// A sandbox that offers nothing and keeps nothing, for looking at a component as if for the first time.
pub(crate) fn bare_sandbox() -> Result<Sandbox, Error> {
    let settings = Settings {
        compiler: Some(own_program()?),
        ..Settings::default()
    };
    Sandbox::new(Vec::new(), settings).map_err(Error::other)
}

/// Tells why every run compiles the plugins anew, if it does: the fault is the user's to mend.
pub(crate) fn note_what_is_not_kept(report: &Report, sandbox: &Sandbox, plugins: &[GrantedPlugin]) {
    if let Some(why) = sandbox.not_kept().filter(|_| !plugins.is_empty()) {
        report.note(&format!("compiled plugins are not kept for the next run: {why}"));
    }
}

/// A component of somebody else, for looking at it.
pub(crate) fn unknown(name: &str, bytes: impl Into<Bytes>) -> ComponentSource {
    ComponentSource {
        name: name.to_owned(),
        // What it really is, the sandbox reads from the bytes.
        kind: StepKind::Provisioner,
        code: Code::Bytes(bytes.into()),
        grants: Grants::default(),
        limits: Limits::default(),
    }
}

fn bundled(plugins: &[GrantedPlugin]) -> Result<Vec<ComponentSource>, Error> {
    let sources = kilnbox_bundled::components().iter().map(|component| {
        let plugin = plugins.iter().find(|plugin| plugin.name == component.name);
        let grants = plugin.map(|plugin| &plugin.grant);
        Ok(ComponentSource {
            name: component.name.to_owned(),
            kind: match component.kind {
                "post-processor" => StepKind::PostProcessor,
                _ => StepKind::Provisioner,
            },
            code: Code::Bundled {
                wasm: component.wasm,
                ahead: Some(component.ahead),
            },
            grants: Grants::with(grants.into_iter().flatten()).map_err(Error::other)?,
            limits: match plugin {
                None => Limits::own(),
                Some(plugin) => limits(Limits::own(), plugin)?,
            },
        })
    });
    sources.collect()
}

/// A plugin as a provisioner and as a post-processor: reading it to know which would make every run pay for plugins it
/// does not use. The sandbox refuses the wrong one when a template asks for it.
fn third_party(plugin: &GrantedPlugin) -> Result<Vec<ComponentSource>, Error> {
    let Some(bytes) = &plugin.bytes else {
        return Ok(Vec::new());
    };
    let grants = Grants::with(&plugin.grant).map_err(Error::other)?;
    let limits = limits(Limits::default(), plugin)?;
    let source = |kind| ComponentSource {
        name: plugin.name.clone(),
        kind,
        code: Code::Bytes(bytes.clone()),
        grants: grants.clone(),
        limits: limits.clone(),
    };
    Ok(vec![
        source(StepKind::Provisioner),
        source(StepKind::PostProcessor),
    ])
}

/// What the user set in `limits = { … }`, over what holds without it.
fn limits(mut limits: Limits, plugin: &GrantedPlugin) -> Result<Limits, Error> {
    for Limit { name, value } in &plugin.limits {
        // The manifest was read with the same names and ceilings.
        if !limits.set(name, *value) {
            return Err(Error::Other {
                message: format!("`{name}` of the plugin `{}` cannot be set", plugin.name),
                hint: None,
            });
        }
    }
    Ok(limits)
}

/// `version` in `kilnbox.toml` against what the component says of itself.
async fn check_version(plugin: &GrantedPlugin, sandbox: &Sandbox) -> Result<(), Error> {
    let (Some(wanted), Some(bytes)) = (&plugin.version, &plugin.bytes) else {
        return Ok(());
    };
    let looked = sandbox
        .inspect(&unknown(&plugin.name, bytes.clone()))
        .await
        .map_err(Error::from)?;
    match semver::Version::parse(&looked.version) {
        Ok(version) if wanted.matches(&version) => Ok(()),
        _ => Err(Error::Other {
            message: format!(
                "the plugin `{}` is version {}, and `{wanted}` is wanted",
                plugin.name, looked.version
            ),
            hint: Some("change `version` in kilnbox.toml, or get the right file".to_owned()),
        }),
    }
}
