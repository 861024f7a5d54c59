//! `kilnbox plugin`: looking at components, trying them alone, and what their authors need.

mod check;
mod docs;
mod inspect;
mod new;
mod record;
mod run;
mod trial;

use std::{fs, path::Path};

use kilnbox_sandbox::{Inspection, Sandbox};

use super::{PLUGINS, not_built};
use crate::{
    args::{OutputArgs, PluginCommand},
    error::Error,
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
        PluginCommand::Installed(_) => Err(not_built("plugins installed", PLUGINS)),
        PluginCommand::Install(_) => Err(not_built("plugins install", PLUGINS)),
        PluginCommand::Remove(_) => Err(not_built("plugins remove", PLUGINS)),
        PluginCommand::Required(_) => Err(not_built("plugins required", PLUGINS)),
    }
}

/// A name of Kilnbox's own components, else one of the project here, else a file.
async fn find(sandbox: &Sandbox, plugin: &str) -> Result<Vec<Inspection>, Error> {
    let own = sandbox.inspect_named(plugin).await?;
    if !own.is_empty() {
        return Ok(own);
    }
    let bytes = match wire::project(Path::new("."))?.and_then(|project| project.bytes(plugin)) {
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
