//! Copies of plugins in the project's own folder, to be kept under version control: no machine that has the project
//! needs a registry.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Digest, Error, Located, Lock, Locked, Place, ProjectFile, Source, Store, file, limits, located};

/// The folder's name, beside `kilnbox.toml`.
pub const VENDOR_FOLDER: &str = "kilnbox_plugins";

/// Where the copy of a plugin is, or would be; none for a name that is no name of a file.
pub(crate) fn path(folder: &Path, name: &str) -> Option<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let good = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain);
    good.then(|| folder.join(VENDOR_FOLDER).join(format!("{name}.wasm")))
}

/// Copies what is locked. Returns where the copies are.
pub fn vendor(project: &ProjectFile, lock: &Lock, store: &Store) -> Result<Vec<PathBuf>, Error> {
    let folder = project.folder();
    let mut copied = Vec::new();
    for (plugin, source) in project.foreign() {
        if matches!(source, Source::File(_)) {
            continue;
        }
        let copy = path(folder, &plugin.name).ok_or_else(|| Error::NoFileName {
            plugin: plugin.name.clone(),
        })?;
        let locked = located::current(folder, plugin, source, lock.plugins.get(&plugin.name))?;
        let found = match located::find(folder, plugin, source, Some(locked), store) {
            // An old copy is what is replaced.
            Err(Error::Differs { .. }) => located::in_store(folder, plugin, locked, store),
            found => found,
        };
        let Located { bytes, place, .. } = found?;
        if place != Place::Vendored {
            let below = folder.join(VENDOR_FOLDER);
            fs::create_dir_all(&below).map_err(Error::io("making", below))?;
            file::replace(&copy, &bytes, 0o644)?;
        }
        copied.push(copy);
    }
    Ok(copied)
}

/// Removes the copy of a plugin that was locked and is no longer named, if it is what was locked: nothing else is ours.
pub fn forget(project: &ProjectFile, plugin: &str, locked: &Locked) -> Result<(), Error> {
    let ours = !locked.source.starts_with("file:");
    let Some(copy) = path(project.folder(), plugin).filter(|_| ours) else {
        return Ok(());
    };
    match file::read(&copy, limits::COMPONENT_SIZE) {
        Ok(bytes) if Digest::of(&bytes) == locked.sha256 => {
            fs::remove_file(&copy).map_err(Error::io("removing", copy))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder() {
        let folder = Path::new("project");
        assert_eq!(
            path(folder, "acme.tool"),
            Some("project/kilnbox_plugins/acme.tool.wasm".into())
        );
        for name in ["", "..", ".hidden", "../up", "a/b", "a\\b", "ä", "-rf"] {
            assert_eq!(path(folder, name), None, "{name}");
        }
    }
}
