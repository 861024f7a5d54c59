//! `kilnbox init`: finds what kilnbox.toml names, shows what it may do, downloads it, and writes kilnbox.lock.
//!
//! What happens, `kilnbox-registry` decides; here it is put into words. `build` and `validate` then need no network.

mod eyes;
mod progress;

use std::path::{Path, PathBuf};

use kilnbox_engine::text;
use kilnbox_registry::{Change, Init, Outcome, ProjectFile, Upgrade, VENDOR_FOLDER};

use super::runtime;
use crate::{args::InitArgs, error::Error, exit_codes, folders::Folders, report::Report, stdout, wire};
pub(super) use eyes::Eyes;
use progress::Downloads;

/// Resolves, downloads, locks.
pub(super) fn run(args: &InitArgs, report: &Report) -> Result<u8, Error> {
    let folder = project_folder(&args.project);
    let Some(project) = wire::project_file(&folder)? else {
        stdout::print(&nothing_to_do(&folder))?;
        return Ok(exit_codes::SUCCESS);
    };
    let folders = Folders::find()?;
    let store = wire::store(&folders);
    let settings = wire::registries(&folders)?;
    let downloads = Downloads::new();
    let result = runtime()?.block_on(async {
        let eyes = Eyes::new(&folders).await?;
        let init = Init {
            project: &project,
            store: &store,
            settings: &settings,
            look: &eyes,
            watch: &downloads,
            upgrade: upgrade(args),
            accept: args.accept,
            now: now(),
        };
        Ok::<_, Error>(init.run().await)
    })?;
    match result {
        Ok(outcome) => {
            stdout::print(&summary(&project, &outcome))?;
            refresh_copies(&project, &outcome, &folders)?;
            Ok(exit_codes::SUCCESS)
        }
        Err(errors) => {
            for error in errors {
                report.failure(&Error::from(error));
            }
            Err(Error::Shown)
        }
    }
}

/// The folder of a project: what was named, or where the template is that was named, as Packer's users do.
pub(super) fn project_folder(named: &Path) -> PathBuf {
    match named.parent() {
        Some(parent) if named.is_file() && parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) if named.is_file() => parent.to_owned(),
        _ => named.to_owned(),
    }
}

/// Now, to the second.
pub(super) fn now() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}

fn upgrade(args: &InitArgs) -> Upgrade {
    match &args.upgrade {
        None => Upgrade::Nothing,
        Some(names) => {
            let names: Vec<String> = names.iter().filter(|name| !name.is_empty()).cloned().collect();
            // Packer's switch takes the words of one.
            match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                [] | ["true"] => Upgrade::All,
                ["false"] => Upgrade::Nothing,
                _ => Upgrade::Named(names),
            }
        }
    }
}

fn nothing_to_do(folder: &Path) -> String {
    format!("no kilnbox.toml in `{}`: nothing to install\n", folder.display())
}

/// One line for each plugin, and what became of the lock.
fn summary(project: &ProjectFile, outcome: &Outcome) -> String {
    let mut lines: Vec<String> = outcome.changes.iter().map(line).collect();
    let forgotten = outcome.forgotten.iter();
    lines.extend(forgotten.map(|(name, _)| format!("{name}: no longer named, and no longer locked")));
    if lines.is_empty() {
        lines.push(format!(
            "`{}` names no plugin from elsewhere: nothing to install",
            project.path.display()
        ));
    }
    let lines: Vec<String> = lines.iter().map(|line| text::clean(line).into_owned()).collect();
    lines.join("\n") + "\n"
}

fn line(change: &Change) -> String {
    let Change {
        plugin,
        now,
        was,
        fetched,
    } = change;
    let state = match was {
        None => format!("{}, newly locked", now.version),
        Some(was) if was.sha256 == now.sha256 && *fetched => format!("{}, downloaded again", now.version),
        Some(was) if was.sha256 == now.sha256 && was.source == now.source => {
            format!("{}, as it is locked", now.version)
        }
        Some(was) if was.version == now.version => format!("{}, locked anew: its bytes changed", now.version),
        Some(was) => format!(
            "{} -> {}{}",
            was.version,
            now.version,
            direction(&was.version, &now.version)
        ),
    };
    format!("{plugin}: {state}")
}

/// That it goes back is worth saying.
fn direction(was: &str, now: &str) -> &'static str {
    match (semver::Version::parse(was), semver::Version::parse(now)) {
        (Ok(was), Ok(now)) if now < was => ", an older version",
        _ => "",
    }
}

/// Where a project keeps copies, they follow the lock.
fn refresh_copies(project: &ProjectFile, outcome: &Outcome, folders: &Folders) -> Result<(), Error> {
    if !project.folder().join(VENDOR_FOLDER).is_dir() {
        return Ok(());
    }
    let lock = kilnbox_registry::Lock::read(project.folder())?.unwrap_or_default();
    kilnbox_registry::vendor(project, &lock, &wire::store(folders))?;
    for (plugin, locked) in &outcome.forgotten {
        kilnbox_registry::forget(project, plugin, locked)?;
    }
    stdout::print(&format!(
        "the copies in `{VENDOR_FOLDER}` are those that are locked\n"
    ))
}
