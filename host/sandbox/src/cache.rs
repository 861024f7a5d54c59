//! Compiled code on disk, so that a component is compiled once per machine and not once per run.
//!
//! An entry is native code that will be executed, so the folder must belong to this user alone (mode 0700), or the
//! cache is not used. The name of an entry holds the digest of the component, a hash of everything that shapes the
//! code, and the digest of the code. The engine's full version is in that hash: wasmtime itself would accept code of
//! another patch release, which a fix of its code generator would then not reach. An entry whose digest is right is
//! mapped, not read: only the pages that are used take memory.

use std::{
    ffi::OsString,
    fmt,
    hash::{Hash, Hasher},
    io::{self, Read, Write},
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    time::SystemTime,
};

use cap_std::{
    ambient_authority,
    fs::{Dir, DirBuilder, DirBuilderExt, File, MetadataExt, OpenOptions, OpenOptionsExt, PermissionsExt},
};
use sha2::{Digest, Sha256};
use wasmtime::{Engine, component::Component};

/// Entries kept; the oldest go when a new one is written.
const ENTRIES: usize = 64;
/// Largest entry that is read back, in bytes.
const ENTRY_SIZE: u64 = 512 * 1024 * 1024;
const SUFFIX: &str = ".cwasm";
/// Bytes of an entry read at once while its digest is computed.
const CHUNK: usize = 64 * 1024;

/// A folder of compiled components.
pub(crate) struct Cache {
    dir: Dir,
    path: PathBuf,
    /// Names the engine's settings and full version.
    engine: String,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The folder cannot be trusted with code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` must belong to you and be closed to others (mode 0700); it has owner {owner}, mode {mode:04o}", path.display())]
    Open { path: PathBuf, owner: u32, mode: u32 },
}

impl Cache {
    /// Opens the folder, made if missing.
    pub(crate) fn open(path: &Path, engine: &Engine) -> Result<Self, CacheError> {
        let io = |source| CacheError::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(io)?;
        }
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let name = path
            .file_name()
            .ok_or_else(|| io(io::ErrorKind::InvalidInput.into()))?;
        let parent = Dir::open_ambient_dir(parent, ambient_authority()).map_err(io)?;
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        match parent.create_dir_with(name, &builder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io(error)),
            _ => {}
        }
        let dir = parent.open_dir(name).map_err(io)?;
        // The opened folder is asked, not its name, so that it cannot be exchanged in between.
        let metadata = dir.dir_metadata().map_err(io)?;
        let mode = metadata.permissions().mode() & 0o7777;
        if metadata.uid() != rustix::process::geteuid().as_raw() || mode & 0o077 != 0 {
            return Err(CacheError::Open {
                path: path.to_owned(),
                owner: metadata.uid(),
                mode,
            });
        }
        let mut hasher = HashBySha(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let hash = hasher.0.finalize();
        let engine = hex(hash.get(..16).unwrap_or(&hash));
        Ok(Self {
            dir,
            path: path.to_owned(),
            engine,
        })
    }

    /// The compiled component with this digest, if it is there and whole.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let (name, code_digest) = self.find(digest)?;
        match self.whole(&name, &code_digest) {
            Ok(file) => map(engine, &file)
                .inspect_err(|error| tracing::warn!(%name, "unusable compiled component: {error:#}"))
                .ok(),
            Err(error) => {
                tracing::warn!(%name, "compiled component not used: {error}");
                None
            }
        }
    }

    /// Keeps compiled code. Failing to is not an error of the build.
    pub(crate) fn store(&self, digest: &str, code: &[u8]) {
        let written = self.write(&self.entry(digest), code);
        if let Err(error) = written.and_then(|()| self.prune()) {
            tracing::warn!(path = %self.path.display(), "compiled component not kept: {error}");
        }
    }

    /// What the name of an entry begins with; the digest of its code follows.
    fn entry(&self, digest: &str) -> String {
        format!("{digest}-{}-", self.engine)
    }

    /// The name of the newest entry for a component, and the digest that its code must have.
    fn find(&self, digest: &str) -> Option<(String, String)> {
        let prefix = self.entry(digest);
        let entries = self.dir.entries().ok()?.flatten();
        let found = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let code = name.strip_prefix(&prefix)?.strip_suffix(SUFFIX)?.to_owned();
            let modified = entry.metadata().ok()?.modified().ok()?.into_std();
            Some((modified, name, code))
        });
        found.max().map(|(_, name, code)| (name, code))
    }

    /// Opens an entry and reads it once, to see that it is whole.
    fn whole(&self, name: &str, code_digest: &str) -> io::Result<File> {
        let mut file = self.dir.open(name)?;
        if file.metadata()?.len() > ENTRY_SIZE {
            return Err(io::Error::other("too large"));
        }
        let mut hasher = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = file.read(&mut chunk)?;
            match chunk.get(..length) {
                Some(bytes) if !bytes.is_empty() => hasher.update(bytes),
                _ => break,
            }
        }
        match hex(&hasher.finalize()) == code_digest {
            true => Ok(file),
            false => Err(io::Error::other("damaged")),
        }
    }

    fn write(&self, prefix: &str, code: &[u8]) -> io::Result<()> {
        // Two processes may write the same entry at once; each has its own temporary file and both contents are good.
        let temporary = format!("{prefix}{}.new", std::process::id());
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = self.dir.open_with(&temporary, &options)?;
        file.write_all(code)?;
        file.sync_all()?;
        let name = format!("{prefix}{}{SUFFIX}", hex(&Sha256::digest(code)));
        self.dir.rename(&temporary, &self.dir, name)
    }

    fn prune(&self) -> io::Result<()> {
        let mut entries: Vec<(SystemTime, OsString)> = Vec::new();
        for entry in self.dir.entries()? {
            let entry = entry?;
            let modified = entry.metadata()?.modified()?.into_std();
            entries.push((modified, entry.file_name()));
        }
        entries.sort();
        for (_, name) in entries.iter().rev().skip(ENTRIES) {
            self.dir.remove_file(name)?;
        }
        Ok(())
    }
}

/// Maps the code in a file that was found whole.
fn map(engine: &Engine, file: &File) -> wasmtime::Result<Component> {
    // The open file, not its name, so that it cannot be exchanged in between.
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    #[expect(unsafe_code, reason = "compiled code can only be loaded on trust, see above")]
    // SAFETY: the bytes are what `store` wrote: they have the digest that is in their name, and lie in a folder that
    // only this user can write, who could as well change the program itself. Entries are replaced, never changed.
    unsafe {
        Component::deserialize_file(engine, path)
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Takes what a value feeds its hasher, so that the key is as strong as the digest.
struct HashBySha(Sha256);

impl Hasher for HashBySha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest
            .iter()
            .take(8)
            .fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const COMPONENT: &str = "(component (core module (func (export \"f\"))))";

    fn engine() -> Engine {
        kilnbox_wasm::engine().unwrap()
    }

    fn code() -> Vec<u8> {
        kilnbox_wasm::compile(&wat::parse_str(COMPONENT).unwrap()).unwrap()
    }

    fn only_entry(path: &Path) -> PathBuf {
        let entries: Vec<PathBuf> = std::fs::read_dir(path)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.into_iter().next().unwrap()
    }

    #[test]
    fn what_was_stored_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine();
        let path = folder.path().join("a").join("compiled");
        let cache = Cache::open(&path, &engine).unwrap();
        assert!(cache.load(&engine, "d1").is_none());
        let code = code();
        cache.store("d1", &code);
        assert!(cache.load(&engine, "d1").is_some());
        assert!(cache.load(&engine, "d2").is_none());
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o700
        );
        assert_eq!(
            std::fs::metadata(only_entry(&path)).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_damaged_entry_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine();
        let path = folder.path().join("compiled");
        let cache = Cache::open(&path, &engine).unwrap();
        let code = code();
        cache.store("d1", &code);
        let entry = only_entry(&path);
        let whole = std::fs::read(&entry).unwrap();
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        for damaged in [&flipped[..], &whole[..whole.len() / 2], b"", b"native code"] {
            std::fs::write(&entry, damaged).unwrap();
            assert!(cache.load(&engine, "d1").is_none());
        }
        cache.store("d1", &code);
        assert!(cache.load(&engine, "d1").is_some());
    }

    #[test]
    fn a_folder_open_to_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("compiled");
        std::fs::create_dir(&path).unwrap();
        for mode in [0o777, 0o750, 0o705] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(
                matches!(Cache::open(&path, &engine()), Err(CacheError::Open { .. })),
                "{mode:o}"
            );
        }
    }

    #[test]
    fn old_entries_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine();
        let path = folder.path().join("compiled");
        let cache = Cache::open(&path, &engine).unwrap();
        let code = code();
        for number in 0..ENTRIES + 5 {
            cache.store(&format!("d{number}"), &code);
        }
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), ENTRIES);
    }
}
