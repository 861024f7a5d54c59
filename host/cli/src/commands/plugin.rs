//! `kilnbox plugin`: looking at components, trying them alone, what their authors need, and where they come from.

mod audit;
mod check;
mod docs;
mod inspect;
mod list;
mod new;
mod prune;
mod publish;
mod record;
mod run;
mod trial;
mod vendor;

use std::{fs, path::Path};

use bytes::Bytes;
use kilnbox_registry::Lock;
use kilnbox_sandbox::{Inspection, Sandbox};

use crate::{
    args::{OutputArgs, PluginCommand},
    error::Error,
    folders::Folders,
    report::Report,
    wire,
};

/// Does what the command line asks for.
pub(super) fn run(command: &PluginCommand, output: &OutputArgs, report: &Report) -> Result<u8, Error> {
    match command {
        PluginCommand::New(args) => new::run(args),
        PluginCommand::Check(args) => check::run(args),
        PluginCommand::Run(args) => run::run(args, output, report),
        PluginCommand::Record(args) => record::run(args, output, report),
        PluginCommand::Inspect(args) => inspect::run(args),
        PluginCommand::Docs(args) => docs::run(args),
        PluginCommand::List(args) => list::run(args),
        PluginCommand::Audit(args) => audit::run(args, report),
        PluginCommand::Vendor(args) => vendor::run(args),
        PluginCommand::Publish(args) => publish::run(args, report),
        PluginCommand::Prune(args) => prune::run(args),
        PluginCommand::Install(_) => Err(in_the_project("plugins install", "name it in")),
        PluginCommand::Remove(_) => Err(in_the_project("plugins remove", "take it out of")),
    }
}

/// Commands of Packer whose work is done by a file here: one that others can read and review.
fn in_the_project(command: &'static str, what: &str) -> Error {
    Error::Other {
        message: format!("Packer's `{command}` has nothing to do here: a plugin belongs to a project"),
        hint: Some(format!(
            "{what} kilnbox.toml beside the template, then run `kilnbox init`"
        )),
    }
}

/// A name of Kilnbox's own components, else one of the project here, else a file.
async fn find(sandbox: &Sandbox, plugin: &str) -> Result<Vec<Inspection>, Error> {
    let own = sandbox.inspect_named(plugin).await?;
    if !own.is_empty() {
        return Ok(own);
    }
    let bytes = match of_the_project(plugin)? {
        Some(bytes) => bytes.to_vec(),
        None => fs::read(plugin).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => unknown(plugin),
            _ => Error::Read {
                path: plugin.into(),
                source,
            },
        })?,
    };
    Ok(vec![sandbox.inspect(&wire::unknown(plugin, bytes)).await?])
}

/// The bytes of a plugin of the project here. That others of it are not locked or not here is no matter.
fn of_the_project(name: &str) -> Result<Option<Bytes>, Error> {
    let Some(project) = wire::project_file(Path::new("."))? else {
        return Ok(None);
    };
    let Some((plugin, source)) = project.foreign().find(|(plugin, _)| plugin.name == name) else {
        return Ok(None);
    };
    let lock = Lock::read(project.folder())?.unwrap_or_default();
    let store = wire::store(&Folders::find()?);
    let found = kilnbox_registry::find(project.folder(), plugin, source, lock.plugins.get(name), &store)?;
    Ok(Some(found.bytes))
}

/// The bytes of a component in a file.
fn read_component(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

fn unknown(plugin: &str) -> Error {
    let names = bundled_names();
    let suggestion = kilnbox_template::did_you_mean(plugin, names.iter().copied());
    Error::Other {
        message: format!("`{plugin}` is no file, no part of Kilnbox and not in kilnbox.toml here"),
        hint: Some(suggestion.unwrap_or_else(|| format!("Kilnbox brings {}", names.join(", ")))),
    }
}

/// The components that are part of the program, by name; two kinds may share one.
fn bundled_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = kilnbox_bundled::components()
        .iter()
        .map(|component| component.name)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
