//! Local paths: only those that the user wrote in the options, each opened once and held.
//!
//! A path is resolved by the engine before the run. Here it becomes a folder handle and a name inside, so that what
//! happens below it can never leave it.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

use cap_std::{
    ambient_authority,
    fs::{Dir, MetadataExt, OpenOptions, OpenOptionsExt},
};
use kilnbox_engine::{PathAccess, UserPath};

use crate::{failure::Failure, limits::Reached, store::State};

impl State {
    /// What a path of the options was resolved to, before the run or in it.
    pub(crate) fn user_path(&self, written: &str, access: PathAccess) -> Result<PathBuf, Failure> {
        let named = |path: &&UserPath| path.written == written && path.access == access;
        self.running()?
            .job
            .paths
            .iter()
            .chain(&self.found)
            .find(named)
            .map(|path| path.resolved.clone())
            .ok_or_else(|| {
                let what = match access {
                    PathAccess::Asset | PathAccess::Match => "local file",
                    PathAccess::Output => "output",
                };
                Failure::denied(format!(
                    "`{written}` is no {what} that the user named in this step's options"
                ))
            })
    }

    /// Remembers a path that is known since now.
    pub(crate) fn found(&mut self, path: UserPath) -> Result<(), Failure> {
        if self.found.contains(&path) {
            return Ok(());
        }
        let limit = self.limits.found_files;
        if self.found.len() >= limit {
            return Err(Reached::new("found-files", format!("may find {limit} local files")).into());
        }
        self.found.push(path);
        Ok(())
    }
}

impl State {
    /// Refuses a path that no file can have: what the host keeps of it is not booked as the guest's memory.
    pub(crate) fn is_path(&self, path: &str) -> Result<(), Failure> {
        let most = self.limits.path;
        if path.len() > most {
            return Err(Failure::invalid(format!("a path of more than {most} bytes")));
        }
        Ok(())
    }
}

/// The folder a path lies in, and its name there. The folder must exist.
pub(crate) fn parent(path: &Path) -> io::Result<(Dir, OsString)> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("names no file"))?;
    Ok((
        Dir::open_ambient_dir(parent_path(path), ambient_authority())?,
        name.to_owned(),
    ))
}

pub(crate) fn parent_path(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Opens a regular file for reading; neither a link nor a pipe, which would wait for a writer.
pub(crate) fn open_regular(dir: &Dir, name: &OsStr) -> io::Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc_nonblock());
    let file = dir.open_with(name, &options)?.into_std();
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("not a regular file"))
    }
}

fn libc_nonblock() -> i32 {
    i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default()
}

/// At most `length` bytes from `offset`.
pub(crate) fn read_at(file: &std::fs::File, offset: u64, length: u32) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    let left = file.metadata()?.len().saturating_sub(offset);
    let mut bytes = vec![0; usize::try_from(left.min(u64::from(length))).unwrap_or_default()];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Permission bits.
pub(crate) fn mode(metadata: &cap_std::fs::Metadata) -> u32 {
    metadata.mode() & 0o7777
}
