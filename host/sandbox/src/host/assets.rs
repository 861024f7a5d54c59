//! `assets`: local files and folders that the user named, to read or to hand on.
//!
//! The path itself may be a link, since the user wrote it; it is followed once, when the asset is opened. Below a
//! folder nothing leads out of it.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use cap_std::fs::Dir;
use kilnbox_engine::{PathAccess, UserPath};
use wasmtime::component::Resource;

use super::local::{self, Links};
use crate::{
    bindings::kilnbox::plugin::assets::{Host, HostAsset},
    failure::Failure,
    record::Reading,
    store::State,
};

/// A file or folder.
#[derive(Clone, Debug)]
pub struct Asset {
    /// As the user wrote it.
    pub(crate) written: String,
    /// As the engine resolved it.
    pub(crate) resolved: PathBuf,
    pub(crate) content: Content,
    size: u64,
    mode: u32,
    /// What the guest read of it, where somebody records.
    reading: Option<Arc<Mutex<Reading>>>,
}

/// What an asset is.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    File { dir: Arc<Dir>, name: OsString },
    Folder(Arc<Dir>),
}

impl Asset {
    fn open(path: UserPath) -> io::Result<Self> {
        let UserPath {
            written,
            resolved,
            below,
            ..
        } = path;
        let real = resolved.canonicalize()?;
        if real.is_dir() {
            let dir = local::folder(&real, below.as_deref())?;
            let mode = local::mode(&dir.dir_metadata()?);
            let content = Content::Folder(Arc::new(dir));
            return Ok(Self {
                written,
                resolved,
                content,
                size: 0,
                mode,
                reading: None,
            });
        }
        let (dir, name) = local::parent(&real, below.as_deref())?;
        local::open_regular(&dir, &name, Links::Refuse)?;
        let metadata = dir.symlink_metadata(&name)?;
        let (size, mode) = (metadata.len(), local::mode(&metadata));
        Ok(Self {
            written,
            resolved,
            content: Content::File {
                dir: Arc::new(dir),
                name,
            },
            size,
            mode,
            reading: None,
        })
    }

    /// Opens the file, each time anew: positions are not shared.
    pub(crate) fn file(&self) -> io::Result<std::fs::File> {
        match &self.content {
            Content::File { dir, name } => local::open_regular(dir, name, Links::Refuse),
            Content::Folder(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub(crate) fn mode(&self) -> u32 {
        self.mode
    }
}

impl Host for State {
    async fn open(&mut self, path: String) -> Result<Resource<Asset>, Failure> {
        let named = self.user_path(&path, PathAccess::Asset)?;
        let asset = self.patience.block(move || Asset::open(named)).await?;
        let mut asset = asset.map_err(|error| Failure::local(&path, &error))?;
        let recorder = self.recorder()?;
        asset.reading = recorder
            .is_on()
            .then(|| Arc::new(Mutex::new(Reading::new(path, recorder))));
        Ok(self.table.push(asset)?)
    }
}

impl HostAsset for State {
    async fn path(&mut self, this: Resource<Asset>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.written.clone())
    }

    async fn file_name(&mut self, this: Resource<Asset>) -> wasmtime::Result<String> {
        let asset = self.table.get(&this)?;
        let name = Path::new(&asset.written)
            .file_name()
            .or_else(|| asset.resolved.file_name());
        Ok(name
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default())
    }

    async fn is_directory(&mut self, this: Resource<Asset>) -> wasmtime::Result<bool> {
        Ok(matches!(self.table.get(&this)?.content, Content::Folder(_)))
    }

    async fn size(&mut self, this: Resource<Asset>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.size)
    }

    async fn mode(&mut self, this: Resource<Asset>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&this)?.mode)
    }

    async fn read(&mut self, this: Resource<Asset>, offset: u64, length: u32) -> Result<Vec<u8>, Failure> {
        let asset = self.table.get(&this)?.clone();
        let length = length.min(self.limits.read);
        let written = asset.written.clone();
        let (size, reading) = (asset.size, asset.reading.clone());
        let read = self
            .patience
            .block(move || local::read_at(&asset.file()?, offset, length))
            .await?;
        let read = read.map_err(|error| Failure::local(&written, &error))?;
        if let Some(reading) = reading {
            let mut reading = reading.lock().unwrap_or_else(PoisonError::into_inner);
            reading.piece(offset, &read, size);
        }
        Ok(read)
    }

    async fn drop(&mut self, this: Resource<Asset>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
