//! `outputs`: local files that the user named to be made, and what lies below a folder so named.
//!
//! A file is replaced by renaming a finished one over it, so that nobody ever sees half of it. Only regular files are
//! replaced: a link, a device or a folder in the way is an error, since the instance may have planted it.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt, Permissions, PermissionsExt};
use kilnbox_engine::{Deed, PathAccess, event::Transfer};
use rustix::fs::{FlockOperation, OFlags};
use wasmtime::component::Resource;

use super::local::{self, Links};
use crate::{
    bindings::kilnbox::plugin::outputs::{Host, HostGuard, HostOutput},
    failure::{Failure, Refused},
    quota::Quota,
    record::octal,
    store::State,
};

/// How often a lock is tried while another holds it.
const LOCK_EACH: Duration = Duration::from_millis(25);
/// Longest name of a file, in bytes: Linux takes no longer one.
const NAME: usize = 255;

/// A file or folder that may not exist yet.
#[derive(Clone, Debug)]
pub struct Output {
    /// As the user wrote it, and below it.
    pub(crate) written: String,
    /// What the user named.
    root: PathBuf,
    /// The folder that `root` must not leave.
    within: Option<PathBuf>,
    /// Below it, name by name.
    below: Vec<String>,
    /// A file of the input artifact: to read alone.
    read_only: bool,
    /// Files that strangers' components must not touch are refused.
    third_party: bool,
}

/// Local files that this run made: an artifact of them may remove them later, and no others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<PathBuf>>>);

impl Written {
    pub(crate) fn add(&self, path: PathBuf) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    }

    pub(crate) fn contains(&self, path: &Path) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|written| written == path)
    }
}

impl Output {
    /// Bytes that the host holds for it.
    pub(crate) fn room(&self) -> usize {
        self.written.len() + self.below.iter().map(String::len).sum::<usize>()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> PathBuf {
        let mut path = self.root.clone();
        path.extend(&self.below);
        path
    }

    /// The folder it lies in and its name there. Below the user's path everything goes through that folder's handle,
    /// so that no link leads out.
    fn place(&self, make: bool) -> io::Result<(Dir, OsString)> {
        let Some((name, folders)) = self.below.split_last() else {
            if make {
                self.make_folder(local::parent_path(&self.root))?;
            }
            return local::parent(&self.root, self.within.as_deref());
        };
        if make {
            self.make_folder(&self.root)?;
        }
        let mut dir = local::folder(&self.root, self.within.as_deref())?;
        for folder in folders {
            if make && !dir.exists(folder) {
                dir.create_dir(folder)?;
            }
            dir = dir.open_dir(folder)?;
        }
        Ok((dir, name.into()))
    }

    /// Makes a folder of the user's path where it is missing; a stranger's alone, not the folders above it.
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let Some(within) = &self.within else {
            return std::fs::create_dir_all(path);
        };
        if path.is_dir() {
            return Ok(());
        }
        let (dir, name) = local::parent(path, Some(within))?;
        dir.create_dir(name)
    }

    /// What is there now, without following a link.
    fn metadata(&self) -> io::Result<Option<cap_std::fs::Metadata>> {
        match self
            .place(false)
            .and_then(|(dir, name)| dir.symlink_metadata(name))
        {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The folder itself, made if missing.
    pub(crate) fn folder(&self) -> io::Result<Dir> {
        let (dir, name) = self.folder_place()?;
        dir.open_dir(&name)
    }

    /// Where the folder is, made if missing.
    pub(crate) fn folder_place(&self) -> io::Result<(Dir, OsString)> {
        self.writable(None)?;
        let (dir, name) = self.place(true)?;
        if !dir.exists(&name) {
            dir.create_dir(&name)?;
        }
        Ok((dir, name))
    }

    pub(crate) fn third_party(&self) -> bool {
        self.third_party
    }

    /// The file itself.
    pub(crate) fn open_for_reading(&self) -> io::Result<std::fs::File> {
        let (dir, name) = self.place(false)?;
        let links = match self.third_party {
            true => Links::Refuse,
            false => Links::Follow,
        };
        local::open_regular(&dir, &name, links)
    }

    fn read(&self, offset: u64, length: u32) -> io::Result<Vec<u8>> {
        local::read_at(&self.open_for_reading()?, offset, length)
    }

    fn writable(&self, mode: Option<u32>) -> io::Result<()> {
        if self.read_only {
            return Err(Refused("a file of the input artifact can only be read").into());
        }
        if !self.third_party {
            return Ok(());
        }
        let root = self
            .root
            .file_name()
            .map(OsStr::to_string_lossy)
            .unwrap_or_default();
        let reserved = reserved(&root) || self.below.iter().any(|part| reserved(part));
        let there = self.metadata()?;
        let executable = |mode: u32| mode & 0o111 != 0;
        let refused = reserved
            || mode.is_some_and(executable)
            || there.is_some_and(|there| there.is_file() && executable(local::mode(&there)));
        if refused {
            return Err(Refused(RESERVED).into());
        }
        Ok(())
    }

    /// Begins a replacement, which counts as a file made.
    pub(crate) fn begin(&self, mode: Option<u32>, quota: &Quota) -> io::Result<Replacement> {
        self.writable(mode)?;
        quota.files(1)?;
        let (dir, name) = self.place(true)?;
        match dir.symlink_metadata(&name) {
            Ok(there) if !there.is_file() => {
                return Err(Refused("something else than a regular file is there").into());
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut temporary = OsString::from(".");
        temporary.push(&name);
        temporary.push(format!(".{}.new", crate::cache::hex(&random())));
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create_new(true)
            .mode(mode.unwrap_or(0o644) & 0o777);
        let file = dir.open_with(&temporary, &options)?;
        if let Some(mode) = mode {
            file.set_permissions(Permissions::from_mode(mode & 0o7777))?;
        }
        Ok(Replacement {
            file: Some(file.into_std()),
            dir,
            temporary: Some(temporary),
            name,
            path: self.path(),
        })
    }
}

/// Why a stranger's component may not write something.
pub(crate) const RESERVED: &str = "a plugin may not write templates, `kilnbox.*`, dotfiles or programs";

/// Names of what decides about later runs.
pub(crate) fn reserved(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with('.')
        || name.starts_with("kilnbox.")
        || [".pkr.hcl", ".pkr.json", ".pkrvars.hcl"]
            .iter()
            .any(|end| name.ends_with(end))
}

pub(crate) fn random() -> [u8; 8] {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id()).to_le_bytes()
}

/// A file that takes its place when it is whole, and is removed when it never gets there.
#[derive(Debug)]
pub(crate) struct Replacement {
    file: Option<std::fs::File>,
    dir: Dir,
    temporary: Option<OsString>,
    name: OsString,
    path: PathBuf,
}

impl Replacement {
    /// To write to.
    pub(crate) fn file(&self) -> io::Result<std::fs::File> {
        self.file
            .as_ref()
            .ok_or_else(|| io::Error::other("closed"))?
            .try_clone()
    }

    /// Puts it in place.
    pub(crate) fn commit(mut self, written: &Written) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        if let Some(temporary) = &self.temporary {
            self.dir.rename(temporary, &self.dir, &self.name)?;
        }
        self.temporary = None;
        written.add(self.path.clone());
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary
            && let Err(error) = self.dir.remove_file(temporary)
        {
            tracing::warn!(path = %self.path.display(), "temporary file beside the output stays: {error}");
        }
    }
}

/// Holds an output's lock: a file beside it, locked for this process's handle and removed with it.
#[derive(Debug)]
pub struct Guard {
    /// Closing it gives the lock up.
    _file: std::fs::File,
    dir: Dir,
    name: OsString,
}

impl Guard {
    /// Tries once.
    fn take(output: &Output) -> io::Result<Option<Self>> {
        output.writable(None)?;
        let (dir, name) = output.place(true)?;
        let mut lock = OsString::from(".");
        lock.push(&name);
        lock.push(".lock");
        let mut options = OpenOptions::new();
        // A pipe that stands there has no reader to wait for.
        let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
        options
            .write(true)
            .create(true)
            .mode(0o644)
            .custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
        let file = dir.open_with(&lock, &options)?.into_std();
        let about = file.metadata()?;
        if !about.is_file() || about.len() > 0 {
            // It will be removed, so it must be one of ours: those are empty.
            return Err(io::Error::other(
                "something else than a lock is where its lock would be",
            ));
        }
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        // The last holder may have removed the file between opening and locking; then the lock is of nothing.
        use cap_std::fs::MetadataExt as _;
        let there = match dir.symlink_metadata(&lock) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            there => there?,
        };
        let ours = file.metadata()?;
        if (there.dev(), there.ino()) != (ours.dev(), ours.ino()) {
            return Ok(None);
        }
        Ok(Some(Self {
            _file: file,
            dir,
            name: lock,
        }))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Before the lock is given up by closing the file, so that it is still ours.
        if let Err(error) = self.dir.remove_file(&self.name) {
            tracing::warn!("lock file beside the output stays: {error}");
        }
    }
}

impl Host for State {
    async fn open(&mut self, path: String) -> Result<Resource<Output>, Failure> {
        let third_party = self.running()?.third_party;
        let (root, within, read_only) = match self.user_path(&path, PathAccess::Output) {
            Ok(named) => (named.resolved, named.below, false),
            Err(denied) => match self.user_path(&path, PathAccess::Match) {
                Ok(matched) => (matched.resolved, matched.below, true),
                Err(_) => (self.input_file(&path).ok_or(denied)?, None, true),
            },
        };
        Ok(self.table.push(Output {
            written: path,
            root,
            within,
            below: Vec::new(),
            read_only,
            third_party,
        })?)
    }

    async fn open_rendered(
        &mut self,
        at: String,
        data: Vec<(String, String)>,
    ) -> Result<Resource<Output>, Failure> {
        let job = self.running()?.job.clone();
        let path = job
            .templates
            .output(&at, &data.into_iter().collect())
            .map_err(|reason| Failure::invalid(format!("option `{at}`: {reason}")))?;
        self.found(path.clone())?;
        self.open(path.written).await
    }

    async fn matching(&mut self, pattern: String) -> Result<Vec<String>, Failure> {
        let job = self.running()?.job.clone();
        let find = move || job.templates.matching(&pattern);
        let matched = self.patience.block(find).await?.map_err(Failure::denied)?;
        let mut names = Vec::with_capacity(matched.len());
        for path in matched {
            names.push(path.written.clone());
            self.found(path)?;
        }
        Ok(names)
    }
}

impl HostOutput for State {
    async fn path(&mut self, this: Resource<Output>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.written.clone())
    }

    async fn exists(&mut self, this: Resource<Output>) -> wasmtime::Result<bool> {
        let output = self.table.get(&this)?.clone();
        // What cannot be looked at is not there for the guest; writing will say why.
        Ok(matches!(
            self.patience.block(move || output.metadata()).await,
            Ok(Ok(Some(_)))
        ))
    }

    async fn is_directory(&mut self, this: Resource<Output>) -> wasmtime::Result<bool> {
        let output = self.table.get(&this)?.clone();
        let metadata = self.patience.block(move || output.metadata()).await;
        Ok(matches!(metadata, Ok(Ok(Some(metadata))) if metadata.is_dir()))
    }

    async fn child(&mut self, this: Resource<Output>, name: String) -> Result<Resource<Output>, Failure> {
        if name.len() > NAME {
            return Err(Failure::invalid(format!(
                "the name of a file has no more than {NAME} bytes"
            )));
        }
        let one_name = !name.is_empty()
            && !name.contains(|c: char| matches!(c, '/' | '\\') || c.is_control())
            && name != "."
            && name != "..";
        if !one_name {
            return Err(Failure::invalid(format!("`{name}` is not the name of one file")));
        }
        let mut output = self.table.get(&this)?.clone();
        output.written = format!("{}/{name}", output.written.trim_end_matches('/'));
        self.is_path(&output.written)?;
        output.below.push(name);
        Ok(self.table.push(output)?)
    }

    async fn read(&mut self, this: Resource<Output>, offset: u64, length: u32) -> Result<Vec<u8>, Failure> {
        let output = self.table.get(&this)?.clone();
        let length = length.min(self.limits.read);
        let written = output.written.clone();
        let read = self.patience.block(move || output.read(offset, length)).await?;
        read.map_err(|error| Failure::local(&written, &error))
    }

    async fn replace(
        &mut self,
        this: Resource<Output>,
        content: Vec<u8>,
        mode: Option<u32>,
    ) -> Result<(), Failure> {
        let output = self.table.get(&this)?.clone();
        let path = output.written.clone();
        let run = self.running()?.clone();
        let doing = run.recorder.begin(|| {
            Deed::Output(Transfer {
                to: path.clone(),
                mode: mode.map(octal),
                content: run.recorder.content(&content),
                ..Transfer::default()
            })
        });
        let quota = self.quota.clone();
        quota.bytes(content.len() as u64)?;
        let replace = move || {
            let replacement = output.begin(mode, &quota)?;
            replacement.file()?.write_all(&content)?;
            replacement.commit(&run.written)
        };
        let replaced = self.patience.block(replace).await;
        let replaced = replaced.and_then(|replaced| replaced.map_err(|error| Failure::local(&path, &error)));
        doing.over(&replaced, |_| {});
        replaced
    }

    async fn lock(&mut self, this: Resource<Output>) -> Result<Resource<Guard>, Failure> {
        let output = self.table.get(&this)?.clone();
        let patience = self.patience.clone();
        let limit = self.limits.lock;
        let path = output.written.clone();
        let taken = async {
            loop {
                if let Some(guard) = Guard::take(&output)? {
                    return Ok::<_, io::Error>(guard);
                }
                tokio::time::sleep(LOCK_EACH).await;
            }
        };
        let guard = patience
            .wait_at_most(Some(limit), taken)
            .await
            .map_err(|failure| match failure {
                Failure::Guest(mut error) => {
                    error.message = format!("`{path}` is locked by another build: {}", error.message);
                    Failure::Guest(error)
                }
                trap => trap,
            })?;
        Ok(self
            .table
            .push(guard.map_err(|error| Failure::local(&path, &error))?)?)
    }

    async fn digest(
        &mut self,
        this: Resource<Output>,
        algorithms: Vec<String>,
    ) -> Result<Vec<String>, Failure> {
        let output = self.table.get(&this)?.clone();
        self.digest_of(output, &algorithms).await
    }

    async fn drop(&mut self, this: Resource<Output>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostGuard for State {
    async fn drop(&mut self, this: Resource<Guard>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
