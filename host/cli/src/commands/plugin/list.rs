//! `kilnbox plugin list`: the plugins of a project that come from elsewhere, and whether they are here.

use kilnbox_engine::text;
use kilnbox_registry::{Error as RegistryError, Lock, Place, Plugin, ProjectFile, Source, Store};
use serde_json::{Value as Json, json};

use crate::{
    args::{LogFormat, PluginListArgs},
    commands::init::project_folder,
    error::Error,
    exit_codes,
    folders::Folders,
    stdout,
    table::table,
    wire,
};

/// One plugin, as it is on this machine.
struct Row {
    name: String,
    version: Option<String>,
    source: String,
    sha256: Option<String>,
    state: &'static str,
    /// `build` could use it.
    usable: bool,
}

/// Lists them. What `build` would refuse makes the exit code 1.
pub(super) fn run(args: &PluginListArgs) -> Result<u8, Error> {
    let project = wire::project_file(&project_folder(&args.project))?;
    let store = wire::store(&Folders::find()?);
    let rows = match &project {
        Some(project) => rows(project, &store)?,
        None => Vec::new(),
    };
    match args.format {
        LogFormat::Json => stdout::print_json(&Json::Array(rows.iter().map(as_json).collect()))?,
        LogFormat::Text if rows.is_empty() => {
            stdout::print("no plugin from elsewhere: all is part of Kilnbox\n")?;
        }
        LogFormat::Text => stdout::print(&as_text(&rows))?,
    }
    Ok(match rows.iter().all(|row| row.usable) {
        true => exit_codes::SUCCESS,
        false => exit_codes::FAILURE,
    })
}

fn rows(project: &ProjectFile, store: &Store) -> Result<Vec<Row>, Error> {
    let lock = Lock::read(project.folder())?.unwrap_or_default();
    let rows = project
        .foreign()
        .map(|(plugin, source)| row(project, &lock, store, plugin, source));
    rows.collect()
}

fn row(
    project: &ProjectFile,
    lock: &Lock,
    store: &Store,
    plugin: &Plugin,
    source: &Source,
) -> Result<Row, Error> {
    let locked = lock.plugins.get(&plugin.name);
    let found = kilnbox_registry::find(project.folder(), plugin, source, locked, store);
    let usable = found.is_ok();
    let state = match found {
        Ok(found) => match found.place {
            Place::File if locked.is_some() => "a file, as locked",
            Place::File => "a file, not locked",
            Place::Vendored => "in kilnbox_plugins",
            Place::Store => "in the store",
        },
        Err(RegistryError::NotLocked { .. }) => "not locked",
        Err(RegistryError::OutOfDate { .. }) => "locked for something else",
        Err(RegistryError::NotHere { .. }) => "not on this machine",
        Err(RegistryError::Damaged { .. }) => "damaged",
        Err(RegistryError::Differs { .. }) => "not what is locked",
        Err(RegistryError::Io { .. }) => "cannot be read",
        Err(error) => return Err(error.into()),
    };
    Ok(Row {
        name: plugin.name.clone(),
        version: locked.map(|locked| locked.version.clone()),
        source: source.to_string(),
        sha256: locked.map(|locked| locked.sha256.to_string()),
        state,
        usable,
    })
}

fn as_json(row: &Row) -> Json {
    json!({
        "name": row.name,
        "version": row.version,
        "source": row.source,
        "sha256": row.sha256,
        "state": row.state,
        "usable": row.usable,
    })
}

fn as_text(rows: &[Row]) -> String {
    let cells = rows.iter().map(|row| {
        let version = row.version.as_deref().unwrap_or("-");
        [row.name.as_str(), version, &row.source, row.state]
            .map(|cell| text::clean(cell).into_owned())
            .to_vec()
    });
    let mut lines = table(cells);
    if rows.iter().any(|row| !row.usable) {
        lines.push("`kilnbox init` gets what is not here, and locks what is not locked".to_owned());
    }
    lines.join("\n") + "\n"
}
