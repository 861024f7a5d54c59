//! Digests and archives of outputs: long work on files, done by `kilnbox-archive` on a blocking thread.
//!
//! A cancelled run does not wait for that thread: the watch ends it within one piece, and what it was writing is
//! removed with its [`super::outputs::Replacement`].

use std::{
    fs::File,
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use kilnbox_archive::{Algorithm, Archive as Packing, Entry, Watch};
use kilnbox_engine::{
    Deed, Events, Progress as _,
    event::{Content, Transfer as Moved},
};
use tokio_util::sync::CancellationToken;
use wasmtime::component::Resource;

use super::{outputs::Output, progress::Transfer};
use crate::{
    bindings::kilnbox::plugin::{outputs::HostArchive, types::ErrorCode},
    failure::Failure,
    limits::Reached,
    memory::Charge,
    quota::Quota,
    record::tree::content,
    store::State,
};

/// An archive that is not written yet.
#[derive(Debug)]
pub struct Archive {
    draft: Draft,
    /// The memory of its names.
    held: Charge,
}

#[derive(Clone, Debug)]
struct Draft {
    container: String,
    compression: String,
    level: Option<u32>,
    entries: Vec<(Output, String)>,
}

/// Tells the events how far the work is, and the work when to stop.
struct Work {
    transfer: Transfer,
    read: AtomicU64,
    total: u64,
    cancel: CancellationToken,
    growing: Option<Growing>,
}

/// A file that is written, and how much of it is booked.
struct Growing {
    file: File,
    booked: AtomicU64,
    quota: Quota,
    reached: OnceLock<Reached>,
}

impl Growing {
    fn new(file: File, quota: Quota) -> Self {
        Self {
            file,
            booked: AtomicU64::new(0),
            quota,
            reached: OnceLock::new(),
        }
    }

    /// Books what was written since the last look. Called from one thread.
    fn book(&self) -> Result<(), Reached> {
        let length = self.file.metadata().map_or(0, |metadata| metadata.len());
        let booked = self.booked.swap(length, Ordering::Relaxed);
        self.quota.bytes(length.saturating_sub(booked))
    }
}

impl Work {
    fn new(events: &Events, what: &str, total: u64, cancel: &CancellationToken) -> Self {
        Self {
            transfer: Transfer::new(events, what),
            read: AtomicU64::new(0),
            total,
            cancel: cancel.clone(),
            growing: None,
        }
    }

    /// Why the work was stopped, where it was not cancelled.
    fn reached(&self) -> Option<Reached> {
        self.growing.as_ref()?.reached.get().cloned()
    }

    fn finished(&self) {
        self.transfer.finished(self.read.load(Ordering::Relaxed));
    }
}

impl Watch for Work {
    fn read(&self, bytes: u64) {
        let read = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.transfer.moved(read, Some(self.total));
    }

    fn cancelled(&self) -> bool {
        let over = self.growing.as_ref().is_some_and(|growing| {
            growing
                .book()
                .map_err(|reached| growing.reached.get_or_init(|| reached).clone())
                .is_err()
        });
        over || self.cancel.is_cancelled()
    }
}

impl State {
    /// Digests one file. Called by `output.digest`.
    pub(crate) async fn digest_of(
        &mut self,
        output: Output,
        algorithms: &[String],
    ) -> Result<Vec<String>, Failure> {
        let most = self.limits.digests;
        if algorithms.len() > most {
            return Err(Failure::invalid(format!("more than {most} digests of one file")));
        }
        let algorithms: Vec<Algorithm> = algorithms
            .iter()
            .map(|name| name.parse())
            .collect::<Result<_, _>>()
            .map_err(|error| failure(&output.written, error))?;
        let events = self.running()?.job.events.clone();
        let cancel = self.patience.cancel().clone();
        let written = output.written.clone();
        let digest = move || {
            let file = output.open_for_reading()?;
            let work = Work::new(&events, &output.written, file.metadata()?.len(), &cancel);
            let digests = kilnbox_archive::digest(file, &algorithms, &work)?;
            work.finished();
            Ok(digests)
        };
        let done = self.patience.block(digest).await?;
        done.map_err(|error| failure(&written, error))
    }
}

impl HostArchive for State {
    async fn new(&mut self, container: String, compression: String) -> wasmtime::Result<Resource<Archive>> {
        let held = self.hold(container.len() + compression.len())?;
        let draft = Draft {
            container,
            compression,
            level: None,
            entries: Vec::new(),
        };
        Ok(self.table.push(Archive { draft, held })?)
    }

    async fn level(&mut self, this: Resource<Archive>, level: u32) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.draft.level = Some(level);
        Ok(())
    }

    async fn add(
        &mut self,
        this: Resource<Archive>,
        file: Resource<Output>,
        name: String,
    ) -> Result<(), Failure> {
        let file = self.table.get(&file)?.clone();
        let limit = self.limits.archive_entries;
        let archive = self.table.get(&this)?;
        if archive.draft.entries.len() >= limit {
            let what = format!("may put {limit} files into an archive");
            return Err(Reached::new("archive-files", what).into());
        }
        self.is_path(&name)?;
        let archive = self.table.get_mut(&this)?;
        archive.held.grow(file.room() + name.len())?;
        archive.draft.entries.push((file, name));
        Ok(())
    }

    async fn write(&mut self, this: Resource<Archive>, to: Resource<Output>) -> Result<u64, Failure> {
        let archive = self.table.get(&this)?.draft.clone();
        let to = self.table.get(&to)?.clone();
        let run = self.running()?.clone();
        let cancel = self.patience.cancel().clone();
        let quota = self.quota.clone();
        let path = to.written.clone();
        let doing = run.recorder.begin(|| {
            Deed::Output(Moved {
                to: path.clone(),
                ..Moved::default()
            })
        });
        let recorder = run.recorder.clone();
        let write = move || {
            let written = to.written.clone();
            let fail = |error: kilnbox_archive::Error| failure(&written, error);
            let entries = entries(&archive.entries, &to)?;
            let total = entries
                .iter()
                .filter_map(|entry| entry.file.metadata().ok())
                .map(|metadata| metadata.len())
                .sum();
            let container = archive.container.parse().map_err(fail)?;
            let compression = archive.compression.parse().map_err(fail)?;
            let packing = Packing::new(container, compression, archive.level, entries).map_err(fail)?;
            let local = |error: std::io::Error| Failure::local(&written, &error);
            let replacement = to.begin(None, &quota).map_err(local)?;
            let growing = Growing::new(replacement.file().map_err(local)?, quota);
            let work = Work {
                growing: Some(growing),
                ..Work::new(&run.job.events, &written, total, &cancel)
            };
            packing
                .write(replacement.file().map_err(local)?, &work)
                .map_err(|error| work.reached().map_or_else(|| fail(error), Failure::from))?;
            let size = replacement
                .file()
                .and_then(|file| file.metadata())
                .map_err(local)?
                .len();
            replacement.commit(&run.written).map_err(local)?;
            work.finished();
            let content = match recorder.is_on() {
                true => {
                    Some(content(to.open_for_reading().map_err(local)?, &recorder, &cancel).map_err(local)?)
                }
                false => None,
            };
            Ok((size, content))
        };
        let written = self.patience.block(write).await;
        let written: Result<(u64, Option<Content>), Failure> = written.and_then(|written| written);
        doing.over(&written, |deed| {
            if let (Deed::Output(moved), Ok((_, content))) = (deed, &written) {
                moved.content.clone_from(content);
            }
        });
        written.map(|(size, _)| size).map_err(|failure| match failure {
            Failure::Guest(mut error) => {
                error.context.push(format!("writing `{path}`"));
                Failure::Guest(error)
            }
            trap => trap,
        })
    }

    async fn cores(&mut self, _: Resource<Archive>) -> wasmtime::Result<u32> {
        Ok(u32::try_from(kilnbox_archive::threads()).unwrap_or(u32::MAX))
    }

    async fn drop(&mut self, this: Resource<Archive>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

/// The files, open. What is written must not be among what is read.
fn entries(files: &[(Output, String)], to: &Output) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::with_capacity(files.len());
    for (file, name) in files {
        if same_place(&file.path(), &to.path()) {
            let message = format!("`{}` would be written over itself", file.written);
            return Err(Failure::invalid(message));
        }
        let opened = file.open_for_reading().and_then(|opened| {
            use std::os::unix::fs::MetadataExt as _;
            let mode = opened.metadata()?.mode() & 0o7777;
            Ok((opened, mode))
        });
        let (opened, mode) = opened.map_err(|error| Failure::local(&file.written, &error))?;
        entries.push(Entry {
            name: name.clone(),
            file: opened,
            mode,
        });
    }
    Ok(entries)
}

fn same_place(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn failure(path: &str, error: kilnbox_archive::Error) -> Failure {
    match error {
        kilnbox_archive::Error::Cancelled => Failure::cancelled(),
        kilnbox_archive::Error::Io(error) => Failure::local(path, &error),
        kilnbox_archive::Error::Zip(_) | kilnbox_archive::Error::Changed { .. } => {
            Failure::new(ErrorCode::Other, error.to_string())
        }
        _ => Failure::invalid(error.to_string()),
    }
}
