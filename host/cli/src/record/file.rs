//! The record's file: seen whole or not at all, and never in the place of anything but an older record.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::error::Error;

/// What every record begins with, and an empty file with all of it: a file that does not is the user's.
const BEGINNING: &[u8] = br#"{"_type":"https://in-toto.io/Statement/"#;

/// Where the record goes.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
}

impl Target {
    /// Refuses what could not be written at the end, as far as that can be known now.
    pub(super) fn new(path: &Path) -> Result<Self, Error> {
        let target = Self {
            path: path.to_owned(),
        };
        // Made and removed: whether a file can be made here, the system alone knows.
        match target.check().and_then(|()| target.beside()) {
            Ok(probe) => drop(probe),
            Err(source) => return Err(target.error(source)),
        }
        Ok(target)
    }

    /// Readable by its owner alone, as log files are.
    pub(super) fn write(self, text: &str) -> Result<(), Error> {
        let write = || {
            self.check()?;
            let mut file = self.beside()?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            // The name, too, is to outlive a loss of power.
            File::open(self.folder())?.sync_all()
        };
        write().map_err(|source| self.error(source))
    }

    fn check(&self) -> io::Result<()> {
        if self.path.file_name().is_none() {
            return Err(io::Error::other("names no file"));
        }
        match fs::symlink_metadata(&self.path) {
            Ok(there) if !there.is_file() => {
                Err(io::Error::other("something else than a regular file is there"))
            }
            Ok(_) if !self.is_record()? => Err(io::Error::other(
                "a file that is no record is there, and is not replaced",
            )),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn is_record(&self) -> io::Result<bool> {
        let mut beginning = Vec::new();
        File::open(&self.path)?
            .take(BEGINNING.len() as u64)
            .read_to_end(&mut beginning)?;
        Ok(beginning.is_empty() || beginning == BEGINNING)
    }

    /// A file beside it, removed unless it takes its place.
    fn beside(&self) -> io::Result<tempfile::NamedTempFile> {
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(self.path.file_name().unwrap_or_default());
        tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(".new")
            .tempfile_in(self.folder())
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    fn error(&self, source: io::Error) -> Error {
        Error::Write {
            path: self.path.clone(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn refused(path: &Path) -> bool {
        Target::new(path).is_err()
    }

    #[test]
    fn only_a_regular_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| folder.path().join(name);
        fs::write(at("old"), [BEGINNING, b"v1\"}\n"].concat()).unwrap();
        fs::write(at("template.json"), "{}").unwrap();
        fs::create_dir(at("folder")).unwrap();
        symlink(at("old"), at("link")).unwrap();
        for name in ["folder", "link", "template.json", "missing/record", ".."] {
            assert!(refused(&at(name)), "{name}");
        }
        assert!(refused(Path::new("/dev/null")));
        for name in ["old", "new"] {
            let target = Target::new(&at(name)).unwrap();
            assert_eq!(at(name).exists(), name == "old", "a check makes nothing");
            target.write("{}\n").unwrap();
            assert_eq!(fs::read_to_string(at(name)).unwrap(), "{}\n");
            assert_eq!(
                fs::metadata(at(name)).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 5, "old, new, template.json, folder, link");
    }

    #[test]
    fn what_came_into_the_way_meanwhile_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        let target = Target::new(&path).unwrap();
        symlink("/etc/passwd", &path).unwrap();
        assert!(target.write("{}\n").is_err());
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    }
}
