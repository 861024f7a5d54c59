//! A local directory to an instance without `tar`, over SFTP.
//!
//! Many files are under way at once, and a small one takes two answers: one that it is open, one for its content, its
//! attributes and its end together. What is made is what `tar` makes: a file or a link replaces what stands there and
//! is never written through it, directories get their modes when everything in them is there.
//!
//! SFTP carries names as text, so a name that is not UTF-8 is an error that tells it. A hole in a file is not sent.

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cap_std::fs::Dir;
use futures::{StreamExt, TryStreamExt, future, stream, stream::FuturesUnordered};
use kilnbox_engine::{CommunicatorError, Progress};
use russh_sftp::{
    client::error::Error as SftpError,
    protocol::{FileAttributes, OpenFlags, StatusCode},
};
use tokio::{sync::mpsc, task::spawn_blocking};

use crate::transfer::{
    local::{blocking, joined, unreadable},
    remote::{IN_FLIGHT, Is, JOBS, Remote, kind},
    source::{Source, read_at},
    walk::{Found, Kind, Order, walk},
};

/// A directory being filled belongs to who fills it.
const FILLING: u32 = 0o700;

/// A directory whose attributes are set in the end.
struct Made {
    name: String,
    attributes: FileAttributes,
}

struct Sending<'a> {
    remote: &'a Remote,
    /// How the user calls the directory.
    from: PathBuf,
    moved: AtomicU64,
    progress: &'a dyn Progress,
}

/// Copies what is below `from` into the folder of `remote` and returns the bytes of all files. `name` is how the user
/// calls the directory.
pub(crate) async fn send(
    remote: &Remote,
    from: Dir,
    name: PathBuf,
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let sending = Sending {
        remote,
        from: name.clone(),
        moved: AtomicU64::new(0),
        progress,
    };
    sending.target().await?;
    let (tell, mut told) = mpsc::channel(JOBS);
    let walking = spawn_blocking(move || {
        let gone = |_| unreadable(Path::new(""), io::ErrorKind::BrokenPipe.into());
        walk(&from, &name, Order::Beside, |found| {
            let text = found.path.to_str().map(str::to_owned);
            let text = text.ok_or_else(|| CommunicatorError::NotUtf8(name.join(&found.path)))?;
            tell.blocking_send((text, found)).map_err(gone)
        })
    });
    // By level.
    let mut made: Vec<Vec<Made>> = Vec::new();
    let mut level = 0;
    let mut running = FuturesUnordered::new();
    loop {
        let found = tokio::select! {
            Some(done) = running.next() => {
                done?;
                continue;
            }
            found = told.recv(), if running.len() < JOBS => found,
        };
        let Some((path, found)) = found else { break };
        let depth = found.path.components().count();
        if depth > level {
            // A directory is there before what is in it.
            finish(&mut running).await?;
            level = depth;
            made.push(Vec::new());
        }
        let name = remote.name(&path);
        let attributes = attributes(found.mode, found.modified);
        if matches!(found.kind, Kind::Folder)
            && let Some(level) = made.last_mut()
        {
            level.push(Made {
                name: name.clone(),
                attributes: attributes.clone(),
            });
        }
        running.push(sending.put(name, found, attributes));
    }
    finish(&mut running).await?;
    joined(walking).await?;
    // From the innermost, so that a directory that is closed to its owner gets its content first.
    for level in made.into_iter().rev() {
        stream::iter(level.into_iter().map(|folder| sending.settle(folder)))
            .buffer_unordered(JOBS)
            .try_collect::<()>()
            .await?;
    }
    Ok(sending.moved.load(Ordering::Relaxed))
}

async fn finish<F>(running: &mut FuturesUnordered<F>) -> Result<(), CommunicatorError>
where
    F: Future<Output = Result<(), CommunicatorError>>,
{
    while let Some(done) = running.next().await {
        done?;
    }
    Ok(())
}

impl Sending<'_> {
    /// The folder itself and what is above it, made where it is missing.
    async fn target(&self) -> Result<(), CommunicatorError> {
        let requests = &self.remote.requests;
        let name = self.remote.name("");
        match requests.stat(name.as_str()).await {
            Ok(about) if kind(&about.attrs) == Some(Is::Folder) => return Ok(()),
            Ok(_) => {
                return Err(CommunicatorError::Remote {
                    path: name,
                    reason: "is no directory".to_owned(),
                });
            }
            Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => {}
            Err(error) => return Err(self.remote.failure(&name, error)),
        }
        for (end, _) in name.match_indices('/').filter(|(end, _)| *end > 0) {
            if let Some(above) = name.get(..end) {
                // It stands there as a rule; where it cannot be made, the last one says so.
                let _ = requests.mkdir(above, FileAttributes::empty()).await;
            }
        }
        let made = requests.mkdir(name.as_str(), FileAttributes::empty()).await;
        made.map(|_| ())
            .map_err(|error| self.remote.failure(&name, error))
    }

    async fn put(
        &self,
        name: String,
        found: Found,
        attributes: FileAttributes,
    ) -> Result<(), CommunicatorError> {
        let local = self.from.join(&found.path);
        match found.kind {
            Kind::Folder => self.folder(&name).await,
            Kind::Link(target) => match target.to_str() {
                Some(target) => self.link(&name, target).await,
                None => Err(CommunicatorError::NotUtf8(local).into()),
            },
            Kind::File(source) => self.file(&name, &local, source, attributes).await,
        }
        .map_err(|trouble| trouble.with(self.remote, &name))
    }

    async fn folder(&self, name: &str) -> Result<(), Trouble> {
        let requests = &self.remote.requests;
        let mode = permissions(FILLING);
        let Err(error) = requests.mkdir(name, mode.clone()).await else {
            return Ok(());
        };
        match requests.lstat(name).await {
            Ok(about) if kind(&about.attrs) == Some(Is::Folder) => Ok(()),
            Ok(_) => {
                requests.remove(name).await?;
                requests.mkdir(name, mode).await?;
                Ok(())
            }
            Err(_) => Err(error.into()),
        }
    }

    async fn link(&self, name: &str, target: &str) -> Result<(), Trouble> {
        let requests = &self.remote.requests;
        // The target first: OpenSSH reads the two in the other order than the protocol says, and everybody follows it.
        let Err(error) = requests.symlink(target, name).await else {
            return Ok(());
        };
        stands_there(error)?;
        requests.remove(name).await?;
        requests.symlink(target, name).await?;
        Ok(())
    }

    async fn file(
        &self,
        name: &str,
        local: &Path,
        source: Source,
        mut attributes: FileAttributes,
    ) -> Result<(), Trouble> {
        let requests = &self.remote.requests;
        let handle = self.create(name, attributes.permissions).await?;
        let (size, data) = (source.size, source.data());
        if source.pieces.last().map_or(0, |piece| piece.end) < size {
            // The hole at its end.
            attributes.size = Some(size);
        }
        let file = Arc::new(source.file);
        let mut last = None;
        match source.pieces.as_slice() {
            [piece] if data <= self.remote.write => {
                last = Some((piece.start, self.load(local, &file, piece.clone()).await?));
            }
            _ => {
                let chunks = chunks(source.pieces, self.remote.write);
                stream::iter(chunks.map(|chunk| self.chunk(local, &file, &handle, chunk)))
                    .buffer_unordered(IN_FLIGHT)
                    .try_collect::<()>()
                    .await?;
            }
        }
        // One after another on the way, since the server keeps their order, but with one wait.
        let written = async {
            if let Some((start, (_room, bytes))) = last {
                requests.write(handle.as_str(), start, bytes).await?;
                self.add(data);
            }
            Ok::<_, SftpError>(())
        };
        let (written, set, closed) = future::join3(
            written,
            requests.fsetstat(handle.as_str(), attributes),
            requests.close(handle.as_str()),
        )
        .await;
        written.and(set).and(closed)?;
        self.add(size - data);
        Ok(())
    }

    async fn chunk(
        &self,
        local: &Path,
        file: &Arc<std::fs::File>,
        handle: &str,
        chunk: Range<u64>,
    ) -> Result<(), Trouble> {
        let start = chunk.start;
        let (_room, bytes) = self.load(local, file, chunk).await?;
        let length = bytes.len();
        self.remote.requests.write(handle, start, bytes).await?;
        self.add(length as u64);
        Ok(())
    }

    /// A new file: never one that stands there, and nothing that a link points to.
    async fn create(&self, name: &str, mode: Option<u32>) -> Result<String, SftpError> {
        let requests = &self.remote.requests;
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUDE;
        let mode = permissions(mode.unwrap_or_default() & 0o777);
        match requests.open(name, flags, mode.clone()).await {
            Ok(opened) => Ok(opened.handle),
            Err(error) => {
                stands_there(error)?;
                requests.remove(name).await?;
                Ok(requests.open(name, flags, mode).await?.handle)
            }
        }
    }

    /// A piece of the local file, when there is room for it.
    async fn load(
        &self,
        local: &Path,
        file: &Arc<std::fs::File>,
        piece: Range<u64>,
    ) -> Result<(tokio::sync::SemaphorePermit<'_>, Vec<u8>), CommunicatorError> {
        let length = usize::try_from(piece.end - piece.start).unwrap_or(usize::MAX);
        let room = self.remote.room(length).await?;
        let (file, local) = (file.clone(), local.to_owned());
        let bytes = blocking(move || {
            let mut bytes = vec![0; length];
            read_at(&file, &mut bytes, piece.start)
                .map(|()| bytes)
                .map_err(|error| unreadable(&local, error))
        });
        Ok((room, bytes.await?))
    }

    async fn settle(&self, folder: Made) -> Result<(), CommunicatorError> {
        let set = self
            .remote
            .requests
            .setstat(folder.name.as_str(), folder.attributes.clone());
        set.await
            .map(|_| ())
            .map_err(|error| self.remote.failure(&folder.name, error))
    }

    fn add(&self, bytes: u64) {
        let moved = self.moved.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.progress.moved(moved, None);
    }
}

fn chunks(pieces: Vec<Range<u64>>, length: u64) -> impl Iterator<Item = Range<u64>> {
    let step = usize::try_from(length).unwrap_or(usize::MAX);
    pieces.into_iter().flat_map(move |piece| {
        let end = piece.end;
        piece
            .step_by(step)
            .map(move |start| start..end.min(start.saturating_add(length)))
    })
}

/// What went wrong with one name, which is told by who knows it.
enum Trouble {
    Refused(SftpError),
    Other(CommunicatorError),
}

impl Trouble {
    fn with(self, remote: &Remote, name: &str) -> CommunicatorError {
        match self {
            Self::Refused(error) => remote.failure(name, error),
            Self::Other(error) => error,
        }
    }
}

impl From<SftpError> for Trouble {
    fn from(error: SftpError) -> Self {
        Self::Refused(error)
    }
}

impl From<CommunicatorError> for Trouble {
    fn from(error: CommunicatorError) -> Self {
        Self::Other(error)
    }
}

/// Whether the refusal may mean that something stands there: SFTP says no more than "failure" then.
fn stands_there(error: SftpError) -> Result<(), SftpError> {
    match error {
        SftpError::Status(status) if status.status_code == StatusCode::Failure => Ok(()),
        error => Err(error),
    }
}

fn permissions(mode: u32) -> FileAttributes {
    FileAttributes {
        permissions: Some(mode),
        ..FileAttributes::empty()
    }
}

/// The protocol counts seconds until 2106.
fn attributes(mode: u32, modified: u64) -> FileAttributes {
    let modified = u32::try_from(modified).unwrap_or(u32::MAX);
    FileAttributes {
        atime: Some(modified),
        mtime: Some(modified),
        ..permissions(mode)
    }
}
