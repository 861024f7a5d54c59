//! Files: read up to a limit, replaced at once.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::Path,
};

use crate::Error;

/// Reads a whole file up to a limit.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    // Opening a pipe would wait for somebody to write to it, and a device has no end.
    let about = fs::metadata(path).map_err(Error::io("reading", path))?;
    if !about.is_file() {
        let what = io::Error::other("not a regular file");
        return Err(Error::io("reading", path)(what));
    }
    let file = File::open(path).map_err(Error::io("reading", path))?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io("reading", path))?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(bytes)
}

/// Writes a file so that it is whole or as it was, whatever happens.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        let mut file = builder.prefix(".kilnbox-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map(drop).map_err(|error| error.error)
    };
    write().map_err(Error::io("writing", path))
}

/// Makes a folder, and what is above it, for this user alone.
pub(crate) fn make_private(folder: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(Error::io("making", folder))
}

/// Whether others than its owner could have written to a file.
#[cfg(unix)]
pub(crate) fn exposed(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o022 != 0)
}

/// Whether others than its owner could have written to a file.
#[cfg(not(unix))]
pub(crate) fn exposed(_: &Path) -> io::Result<bool> {
    Ok(false)
}
