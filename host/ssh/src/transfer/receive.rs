//! A directory of an instance without `tar` to a local one, over SFTP.
//!
//! Many files and a few listings are under way at once; a listing goes on when its files are through, so that one
//! without end fills no memory. Names and numbers in it are hostile: [`place`] writes, as for a tar stream.
//!
//! The library takes names for text and marks what is none, so a name that is not UTF-8 is an error that tells it.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cap_std::fs::Dir;
use futures::{StreamExt, TryStreamExt, stream, stream::FuturesUnordered, try_join};
use kilnbox_engine::{CommunicatorError, Progress};
use russh_sftp::{
    client::error::Error as SftpError,
    protocol::{File as Listed, FileAttributes, OpenFlags, StatusCode},
};
use tokio_util::task::TaskTracker;

use crate::{
    limits::{ENTRIES, FILE, PATH},
    said::said,
    transfer::{
        local::joined,
        place::{self, Attributes, Folders, NewFile},
        remote::{IN_FLIGHT, Is, JOBS, Remote, kind},
    },
};

/// Directories that are being listed at once; each holds a handle while its files are fetched.
const LISTINGS: usize = 16;

/// One name of a listing.
struct Entry {
    path: String,
    is: Is,
    size: u64,
    attributes: Attributes,
}

/// A directory whose listing is not through.
struct Listing {
    path: String,
    handle: String,
}

enum Job {
    Open(String),
    Continue(Listing),
    Fetch(Entry),
}

enum Done {
    Fetched,
    Listed {
        entries: Vec<Entry>,
        /// The rest of the listing, if any.
        rest: Option<Listing>,
    },
}

struct Receiving<'a> {
    remote: &'a Remote,
    to: Arc<Dir>,
    threads: TaskTracker,
    /// Names that were listed, and answers without any.
    listed: AtomicU64,
    moved: AtomicU64,
    progress: &'a dyn Progress,
}

/// Copies what is in the folder of `remote` into `to` and returns the bytes of all files.
pub(crate) async fn receive(
    remote: &Remote,
    to: Dir,
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let receiving = Receiving {
        remote,
        to: Arc::new(to),
        threads: TaskTracker::new(),
        listed: AtomicU64::new(0),
        moved: AtomicU64::new(0),
        progress,
    };
    let received = receiving.all().await;
    // What was given up is removed by the last thread that writes it.
    receiving.threads.close();
    receiving.threads.wait().await;
    received
}

impl Receiving<'_> {
    async fn all(&self) -> Result<u64, CommunicatorError> {
        let mut folders = Folders::default();
        // By their number among the folders, which hold their names; first the target itself.
        let mut unopened = vec![None];
        let (mut paused, mut open) = (Vec::new(), 0);
        let mut files = VecDeque::new();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < JOBS {
                let job = if let Some(entry) = files.pop_front() {
                    Job::Fetch(entry)
                } else if let Some(listing) = paused.pop() {
                    Job::Continue(listing)
                } else if open < LISTINGS
                    && let Some(folder) = unopened.pop()
                {
                    open += 1;
                    let path = folder.and_then(|index| folders.path(index));
                    Job::Open(path.map_or_else(String::new, |path| path.display().to_string()))
                } else {
                    break;
                };
                running.push(self.work(job));
            }
            match running.next().await.transpose()? {
                None => break,
                Some(Done::Fetched) => {}
                Some(Done::Listed { entries, rest }) => {
                    match rest {
                        Some(listing) => paused.push(listing),
                        None => open -= 1,
                    }
                    for entry in entries {
                        if entry.is == Is::Folder {
                            let path = PathBuf::from(entry.path);
                            unopened.push(Some(folders.remember(path, entry.attributes)?));
                        } else {
                            files.push_back(entry);
                        }
                    }
                }
            }
        }
        let to = self.to.clone();
        self.blocking(move || folders.settle(&to)).await?;
        Ok(self.moved.load(Ordering::Relaxed))
    }

    async fn work(&self, job: Job) -> Result<Done, CommunicatorError> {
        match job {
            Job::Open(path) => {
                let name = self.remote.name(&path);
                let opened = self.remote.requests.opendir(name.as_str()).await;
                let handle = opened.map_err(|error| self.remote.failure(&name, error))?.handle;
                self.list(Listing { path, handle }).await
            }
            Job::Continue(listing) => self.list(listing).await,
            Job::Fetch(entry) => {
                match entry.is {
                    Is::File => self.file(entry).await?,
                    Is::Link => self.link(entry).await?,
                    Is::Folder | Is::Other => {}
                }
                Ok(Done::Fetched)
            }
        }
    }

    /// The next names of a directory; the directories among them are made.
    async fn list(&self, listing: Listing) -> Result<Done, CommunicatorError> {
        let requests = &self.remote.requests;
        let name = self.remote.name(&listing.path);
        let listed = match requests.readdir(listing.handle.as_str()).await {
            Ok(listed) => listed.files,
            Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => {
                let closed = requests.close(listing.handle).await;
                closed.map_err(|error| self.remote.failure(&name, error))?;
                return Ok(Done::Listed {
                    entries: Vec::new(),
                    rest: None,
                });
            }
            Err(error) => return Err(self.remote.failure(&name, error)),
        };
        let names = listed.len().max(1) as u64;
        if self.listed.fetch_add(names, Ordering::Relaxed) + names > ENTRIES {
            return Err(CommunicatorError::Hostile(format!(
                "listings of more than {ENTRIES} names"
            )));
        }
        let mut entries = Vec::new();
        for listed in listed {
            if !matches!(listed.filename.as_str(), "." | "..") {
                entries.extend(self.judge(&listing.path, listed).await?);
            }
        }
        let to = self.to.clone();
        let entries = self.blocking(move || {
            for entry in entries.iter().filter(|entry| entry.is == Is::Folder) {
                place::folder(&to, Path::new(&entry.path))?;
            }
            Ok(entries)
        });
        Ok(Done::Listed {
            entries: entries.await?,
            rest: Some(listing),
        })
    }

    /// What a name of a listing stands for; nothing where it is left out.
    async fn judge(&self, folder: &str, listed: Listed) -> Result<Option<Entry>, CommunicatorError> {
        let path = below(folder, &listed.filename)?;
        let mut about = listed.attrs;
        if about.permissions.is_none() || about.size.is_none() {
            let name = self.remote.name(&path);
            let looked = self.remote.requests.lstat(name.as_str()).await;
            about = looked.map_err(|error| self.remote.failure(&name, error))?.attrs;
        }
        let Some(is) = kind(&about).filter(|is| *is != Is::Other) else {
            tracing::debug!(path, "left out");
            return Ok(None);
        };
        let size = about.size.unwrap_or_default();
        if size > FILE {
            let name = self.remote.name(&path);
            return Err(CommunicatorError::Hostile(format!(
                "`{name}`: a size of {size} bytes"
            )));
        }
        Ok(Some(Entry {
            path,
            is,
            size,
            attributes: attributes(&about)?,
        }))
    }

    async fn link(&self, entry: Entry) -> Result<(), CommunicatorError> {
        let name = self.remote.name(&entry.path);
        let read = self.remote.requests.readlink(name.as_str()).await;
        let names = read.map_err(|error| self.remote.failure(&name, error))?.files;
        let Some(target) = names.into_iter().next().map(|file| file.filename) else {
            return Err(CommunicatorError::Hostile(format!(
                "`{name}` is a link to nothing"
            )));
        };
        if !is_whole(&target) {
            return Err(CommunicatorError::NotUtf8(PathBuf::from(name)));
        }
        let to = self.to.clone();
        self.blocking(move || place::link(&to, Path::new(&entry.path), OsStr::new(&target)))
            .await
    }

    async fn file(&self, entry: Entry) -> Result<(), CommunicatorError> {
        let name = self.remote.name(&entry.path);
        let requests = &self.remote.requests;
        let opened = requests
            .open(name.as_str(), OpenFlags::READ, FileAttributes::empty())
            .await;
        let handle = opened.map_err(|error| self.remote.failure(&name, error))?.handle;
        let close = async {
            let closed = requests.close(handle.as_str()).await;
            closed
                .map(|_| ())
                .map_err(|error| self.remote.failure(&name, error))
        };
        if entry.size <= self.remote.read {
            let (_room, bytes) = self.piece(&name, &handle, 0..entry.size).await?;
            let to = self.to.clone();
            let write = self.blocking(move || {
                let file = NewFile::create(to, PathBuf::from(entry.path))?;
                file.write(0, &bytes)?;
                file.finish(entry.size, entry.attributes)
            });
            try_join!(close, write)?;
            self.add(entry.size);
            return Ok(());
        }
        self.large(&name, &handle, entry).await?;
        close.await
    }

    /// Writes each piece when it arrives, in whatever order they do.
    async fn large(&self, name: &str, handle: &str, entry: Entry) -> Result<(), CommunicatorError> {
        let Entry {
            path,
            size,
            attributes,
            ..
        } = entry;
        let to = self.to.clone();
        let file = Arc::new(
            self.blocking(move || NewFile::create(to, PathBuf::from(path)))
                .await?,
        );
        let step = usize::try_from(self.remote.read).unwrap_or(usize::MAX);
        let ranges = (0..size)
            .step_by(step)
            .map(|start| start..size.min(start.saturating_add(self.remote.read)));
        stream::iter(ranges.map(|range| self.chunk(name, handle, &file, range)))
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<()>()
            .await?;
        self.blocking(move || file.finish(size, attributes)).await
    }

    async fn chunk(
        &self,
        name: &str,
        handle: &str,
        file: &Arc<NewFile<Arc<Dir>>>,
        range: Range<u64>,
    ) -> Result<(), CommunicatorError> {
        let (start, length) = (range.start, range.end - range.start);
        let (_room, bytes) = self.piece(name, handle, range).await?;
        let file = file.clone();
        self.blocking(move || file.write(start, &bytes)).await?;
        self.add(length);
        Ok(())
    }

    /// A piece of a remote file, when there is room for it.
    async fn piece(
        &self,
        name: &str,
        handle: &str,
        range: Range<u64>,
    ) -> Result<(tokio::sync::SemaphorePermit<'_>, Vec<u8>), CommunicatorError> {
        let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let room = self.remote.room(wanted).await?;
        let mut bytes = Vec::new();
        while bytes.len() < wanted {
            let left = u32::try_from(wanted - bytes.len()).unwrap_or(u32::MAX);
            let at = range.start + bytes.len() as u64;
            let read = match self.remote.requests.read(handle, at, left).await {
                Ok(read) => read.data,
                Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => Vec::new(),
                Err(error) => return Err(self.remote.failure(name, error)),
            };
            if read.len() > wanted - bytes.len() {
                return Err(CommunicatorError::Hostile(format!(
                    "`{name}`: more than was asked for"
                )));
            }
            if read.is_empty() {
                return Err(CommunicatorError::Remote {
                    path: name.to_owned(),
                    reason: "became shorter while it was read".to_owned(),
                });
            }
            if bytes.is_empty() {
                bytes = read;
            } else {
                bytes.extend_from_slice(&read);
            }
        }
        Ok((room, bytes))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, CommunicatorError> + Send + 'static,
    ) -> Result<T, CommunicatorError> {
        joined(self.threads.spawn_blocking(work)).await
    }

    fn add(&self, bytes: u64) {
        let moved = self.moved.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.progress.moved(moved, None);
    }
}

/// The path of a name in a folder. It is one name: nothing in it leads elsewhere.
fn below(folder: &str, name: &str) -> Result<String, CommunicatorError> {
    let path = match folder {
        "" => name.to_owned(),
        _ => format!("{folder}/{name}"),
    };
    if !is_whole(name) {
        return Err(CommunicatorError::NotUtf8(PathBuf::from(path)));
    }
    if name.is_empty() || name.contains(['/', '\0']) || matches!(name, "." | "..") {
        return Err(CommunicatorError::Hostile(format!(
            "the name `{}` in a listing",
            said(name)
        )));
    }
    if path.len() > PATH {
        return Err(CommunicatorError::Hostile(format!(
            "a path of more than {PATH} bytes"
        )));
    }
    Ok(path)
}

/// Whether a text is what the instance sent: the library puts this mark for what is no text. A name that has the mark
/// by itself is refused, too, since nobody can tell the two apart.
fn is_whole(text: &str) -> bool {
    !text.contains(char::REPLACEMENT_CHARACTER)
}

fn attributes(about: &FileAttributes) -> Result<Attributes, CommunicatorError> {
    Attributes::new(
        about.permissions.unwrap_or_default(),
        about.mtime.unwrap_or_default().into(),
    )
}

#[cfg(test)]
mod tests;
