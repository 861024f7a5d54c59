//! Copies of plugins in the project's own folder, to be kept under version control: no machine that has the project
//! needs a registry.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{Error, Lock, ProjectFile, Source, Store, file, located};

/// The folder's name, beside `kilnbox.toml`.
pub const VENDOR_FOLDER: &str = "kilnbox_plugins";

/// Where the copy of a plugin is, or would be; none for a name that is no name of a file.
pub(crate) fn path(folder: &Path, name: &str) -> Option<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let good = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain);
    good.then(|| folder.join(VENDOR_FOLDER).join(format!("{name}.wasm")))
}

/// What `plugin vendor` did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vendored {
    /// Copies that are there now.
    pub copied: Vec<PathBuf>,
    /// Copies of plugins that are no longer used.
    pub removed: Vec<PathBuf>,
}

/// Copies what is locked, and removes copies that nothing names any more.
pub fn vendor(project: &ProjectFile, lock: &Lock, store: &Store) -> Result<Vendored, Error> {
    let folder = project.folder();
    let mut done = Vendored::default();
    for (plugin, source) in project.foreign() {
        if matches!(source, Source::File(_)) {
            continue;
        }
        let copy = path(folder, &plugin.name).ok_or_else(|| Error::NoFileName {
            plugin: plugin.name.clone(),
        })?;
        let locked = lock.plugins.get(&plugin.name);
        let found = match located::find(folder, plugin, source, locked, store) {
            // An old copy is what is replaced: the store has what is locked.
            Err(Error::Differs { vendored: true, .. }) => {
                fs::remove_file(&copy).map_err(Error::io("removing", &copy))?;
                located::find(folder, plugin, source, locked, store)?
            }
            found => found?,
        };
        fs::create_dir_all(folder.join(VENDOR_FOLDER))
            .map_err(Error::io("making", folder.join(VENDOR_FOLDER)))?;
        file::replace(&copy, &found.bytes, 0o644)?;
        done.copied.push(copy);
    }
    done.removed = remove_others(&folder.join(VENDOR_FOLDER), &done.copied)?;
    Ok(done)
}

/// Only components, and only those of this folder itself.
fn remove_others(folder: &Path, wanted: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(Error::io("reading", folder))?,
    };
    let mut removed = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::io("reading", folder))?.path();
        if path.extension().is_some_and(|kind| kind == "wasm") && !wanted.contains(&path) {
            fs::remove_file(&path).map_err(Error::io("removing", &path))?;
            removed.push(path);
        }
    }
    removed.sort_unstable();
    Ok(removed)
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
