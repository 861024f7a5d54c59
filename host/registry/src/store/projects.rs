//! The projects whose locks name entries of the store, so that pruning knows what is needed.
//!
//! One small file per project, named by a digest of its path: two `kilnbox init` at once are in nobody's way.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::Store;
use crate::{Digest, Error, file};

/// A path is no longer than this many bytes.
const PATH_SIZE: u64 = 4096;

impl Store {
    /// Remembers a project by its folder.
    pub(crate) fn remember(&self, project: &Path) -> Result<(), Error> {
        let path = project.to_string_lossy();
        let folder = self.projects_folder();
        file::make_private(&folder)?;
        let name = Digest::of(path.as_bytes()).to_string();
        file::replace(&folder.join(name), path.as_bytes(), 0o600)
    }

    /// The folders of all projects that were remembered, with the file that says so.
    pub(super) fn projects(&self) -> Result<Vec<(PathBuf, PathBuf)>, Error> {
        let folder = self.projects_folder();
        let read = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(Error::io("reading", &folder))?,
        };
        let mut projects = Vec::new();
        for entry in read {
            let memory = entry.map_err(Error::io("reading", &folder))?.path();
            let text = file::read(&memory, PATH_SIZE)?;
            projects.push((PathBuf::from(String::from_utf8_lossy(&text).into_owned()), memory));
        }
        projects.sort_unstable();
        Ok(projects)
    }

    fn projects_folder(&self) -> PathBuf {
        self.cache.join("plugins/projects")
    }
}
