//! `kilnbox.toml` as a file: read, checked, and without the bytes behind it.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    Error, Vocabulary, file, limits,
    manifest::{self, FILE_NAME},
    plugin::{Plugin, Source},
};

/// A `kilnbox.toml` without mistakes.
#[derive(Clone, Debug)]
pub struct ProjectFile {
    /// Where it is, absolute.
    pub path: PathBuf,
    pub(crate) text: String,
    /// In the order of the file; paths as they are written.
    pub plugins: Vec<Plugin>,
}

impl ProjectFile {
    /// Reads the `kilnbox.toml` in `folder`, if there is one.
    pub fn read(folder: &Path, vocabulary: &Vocabulary<'_>) -> Result<Option<Self>, Error> {
        // Absolute and without links, so that the acceptance of one project is not taken for another's.
        let folder = folder.canonicalize().map_err(Error::io("opening", folder))?;
        let path = folder.join(FILE_NAME);
        let text = match file::read(&path, limits::PROJECT_FILE_SIZE) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let text = String::from_utf8(text).map_err(|error| {
            let source = io::Error::new(io::ErrorKind::InvalidData, error);
            Error::io("reading", &path)(source)
        })?;
        match manifest::parse(&text, vocabulary) {
            Ok(plugins) => Ok(Some(Self { path, text, plugins })),
            Err(problems) => Err(Error::Manifest { path, text, problems }),
        }
    }

    /// The folder it is in.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Plugins that come from elsewhere.
    pub fn foreign(&self) -> impl Iterator<Item = (&Plugin, &Source)> {
        self.plugins
            .iter()
            .filter_map(|plugin| Some((plugin, plugin.source.as_ref()?)))
    }
}
