//! `upload`: files and folders to the instance, and remote files that must not stay.

use std::{sync::Arc, time::Duration};

use kilnbox_engine::{
    Deed, NoProgress, Upload,
    event::{Content as Digested, Transfer as Moved},
};
use tokio::io::{AsyncWriteExt as _, DuplexStream};
use wasmtime::component::Resource;

use super::{
    assets::{Asset, Content},
    progress::Transfer,
    types::Instance,
};
use crate::{
    bindings::kilnbox::plugin::{
        types::ErrorCode,
        upload::{Host, HostTemporaryFile, HostWriter},
    },
    failure::Failure,
    leftovers::Leftover,
    memory::Charge,
    record::{Doing, Hash, Hashing, octal, tree},
    store::{Run, State},
};

/// Bytes of a [`Writer`] under way; a guest that writes faster waits.
const PIPE: usize = 256 * 1024;

/// A remote file being written piece by piece. The upload runs in a task that [`crate::leftovers`] ends if the guest
/// does not finish it.
#[derive(Debug)]
pub struct Writer {
    pipe: Option<DuplexStream>,
    leftover: u64,
    path: String,
    /// The memory of the pipe and of the path.
    _held: Charge,
    /// Both until it is finished, and only where somebody records.
    record: Option<(Doing, Option<Hash>)>,
}

/// A remote file that must not stay.
#[derive(Debug)]
pub struct TemporaryFile {
    path: String,
    leftover: u64,
    /// The memory of the path, here and among the leftovers.
    _held: Charge,
}

impl Host for State {
    async fn file(
        &mut self,
        instance: Resource<Instance>,
        source: Resource<Asset>,
        path: String,
        mode: Option<u32>,
    ) -> Result<u64, Failure> {
        let on = self.instance(&instance)?;
        self.is_path(&path)?;
        let asset = self.table.get(&source)?.clone();
        let written = asset.written.clone();
        let mode = mode.unwrap_or(asset.mode()) & 0o7777;
        let transfer = Transfer::new(&self.running()?.job.events, &path);
        let opened = self.patience.block(move || {
            let file = asset.file()?;
            let size = file.metadata()?.len();
            Ok((file, size))
        });
        let (file, size) = opened.await?.map_err(|error| Failure::local(&written, &error))?;
        let recorder = self.recorder()?;
        let doing = recorder.begin(|| upload_of(Some(&written), &path, Some(mode)));
        let mut content = Hashing::new(tokio::fs::File::from_std(file), recorder.hash());
        let upload = Upload {
            content: &mut content,
            size: Some(size),
            mode: Some(mode),
        };
        let sent = self.patience.wait(on.upload(&path, upload, &transfer)).await;
        let sent = sent.and_then(|sent| Ok(sent?));
        doing.over(&sent, |deed| sent_file(deed, sent.is_ok(), content.end().1));
        if let Ok(bytes) = &sent {
            transfer.finished(*bytes);
        }
        sent
    }

    async fn bytes(
        &mut self,
        instance: Resource<Instance>,
        content: Vec<u8>,
        path: String,
        mode: Option<u32>,
    ) -> Result<u64, Failure> {
        let on = self.instance(&instance)?;
        self.is_path(&path)?;
        let recorder = self.recorder()?;
        let size = content.len() as u64;
        let mode = mode.unwrap_or(0o644) & 0o7777;
        let doing = recorder.begin(|| upload_of(None, &path, Some(mode)));
        let digested = recorder.content(&content);
        let mut content = content.as_slice();
        let upload = Upload {
            content: &mut content,
            size: Some(size),
            mode: Some(mode),
        };
        let sent = self.patience.wait(on.upload(&path, upload, &NoProgress)).await;
        let sent = sent.and_then(|sent| Ok(sent?));
        doing.over(&sent, |deed| sent_file(deed, sent.is_ok(), digested));
        sent
    }

    async fn directory(
        &mut self,
        instance: Resource<Instance>,
        source: Resource<Asset>,
        path: String,
    ) -> Result<u64, Failure> {
        let on = self.instance(&instance)?;
        self.is_path(&path)?;
        let asset = self.table.get(&source)?.clone();
        let Content::Folder(folder) = asset.content else {
            return Err(Failure::invalid(format!("`{}` is not a folder", asset.written)));
        };
        let transfer = Transfer::new(&self.running()?.job.events, &path);
        let (recorder, patience) = (self.recorder()?, self.patience.clone());
        let doing = recorder.begin(|| upload_of(Some(&asset.written), &path, None));
        let sent = async {
            let local = |error: std::io::Error| Failure::local(&asset.written, &error);
            let before = tree::list(&recorder, &patience, &folder).await?.map_err(local)?;
            let bytes = patience
                .wait(on.upload_tree(&path, &folder, &asset.written, &transfer))
                .await??;
            transfer.finished(bytes);
            let Some(before) = before else {
                return Ok((bytes, None));
            };
            let (recorder, cancel) = (recorder.clone(), patience.cancel().clone());
            let digest = move || before.sent(&folder, &recorder, &cancel);
            Ok((bytes, Some(patience.block(digest).await?.map_err(local)?)))
        };
        let sent: Result<_, Failure> = sent.await;
        doing.over(&sent, |deed| {
            if let (Deed::Upload(moved), Ok((_, tree))) = (deed, &sent) {
                moved.tree.clone_from(tree);
            }
        });
        sent.map(|(bytes, _)| bytes)
    }
}

fn upload_of(from: Option<&str>, to: &str, mode: Option<u32>) -> Deed {
    Deed::Upload(Moved {
        from: from.map(str::to_owned),
        to: to.to_owned(),
        mode: mode.map(octal),
        ..Moved::default()
    })
}

/// What is half there has no digest.
fn sent_file(deed: &mut Deed, whole: bool, content: Option<Digested>) {
    if let (Deed::Upload(moved), true) = (deed, whole) {
        moved.content = content;
    }
}

impl HostWriter for State {
    async fn open(
        &mut self,
        instance: Resource<Instance>,
        path: String,
        mode: Option<u32>,
    ) -> Result<Resource<Writer>, Failure> {
        let on = self.instance(&instance)?;
        self.is_path(&path)?;
        let leftovers = self.running()?.leftovers.clone();
        let held = self.memory.charge(PIPE + 3 * path.len())?;
        let recorder = self.recorder()?;
        let doing = recorder.begin(|| upload_of(None, &path, Some(mode.unwrap_or(0o644) & 0o7777)));
        let (pipe, mut content) = tokio::io::duplex(PIPE);
        let task = {
            let (on, path) = (Arc::clone(&on), path.clone());
            let mode = Some(mode.unwrap_or(0o644) & 0o7777);
            async move {
                let upload = Upload {
                    content: &mut content,
                    size: None,
                    mode,
                };
                on.upload(&path, upload, &NoProgress).await
            }
        };
        let upload = Some(tokio::spawn(task));
        let leftover = leftovers.add(Leftover {
            on,
            path: path.clone(),
            upload,
        });
        Ok(self.table.push(Writer {
            pipe: Some(pipe),
            leftover,
            path,
            _held: held,
            record: Some((doing, recorder.hash())),
        })?)
    }

    async fn write(&mut self, this: Resource<Writer>, content: Vec<u8>) -> Result<(), Failure> {
        let patience = self.patience.clone();
        let writer = self.table.get_mut(&this)?;
        let pipe = writer
            .pipe
            .as_mut()
            .ok_or_else(|| Failure::invalid("the writer is finished"))?;
        if let Some((_, Some(hash))) = &mut writer.record {
            hash.update(&content);
        }
        let written = patience.wait(pipe.write_all(&content)).await?;
        // The upload has ended early; `finish` says why.
        written.map_err(|_| {
            Failure::new(
                ErrorCode::Remote,
                format!("`{}` on the instance takes no more", writer.path),
            )
        })
    }

    async fn finish(&mut self, this: Resource<Writer>) -> Result<u64, Failure> {
        let patience = self.patience.clone();
        let (removal, run) = (self.limits.removal, self.running()?.clone());
        let writer = self.table.get_mut(&this)?;
        if writer.pipe.take().is_none() {
            return Err(Failure::invalid("the writer is finished"));
        }
        let Some(mut leftover) = run.leftovers.take(writer.leftover) else {
            return Err(Failure::invalid("the writer is finished"));
        };
        let Some(mut upload) = leftover.upload.take() else {
            return Err(Failure::invalid("the writer is finished"));
        };
        let result = match patience.wait(&mut upload).await {
            Ok(Ok(result)) => result.map_err(Failure::from),
            Ok(Err(ended)) => Err(Failure::Trap(wasmtime::Error::new(ended))),
            Err(cancelled) => {
                leftover.upload = Some(upload);
                Err(cancelled)
            }
        };
        if let Some((doing, hash)) = writer.record.take() {
            doing.over(&result, |deed| {
                sent_file(deed, result.is_ok(), hash.map(Hash::content))
            });
        }
        if result.is_err() {
            // Nothing is complete before a finish that succeeds.
            let id = run.leftovers.add(leftover);
            if !patience.cancel().is_cancelled() {
                remove(run, id, removal).await;
            }
        }
        result
    }

    async fn drop(&mut self, this: Resource<Writer>) -> wasmtime::Result<()> {
        let writer = self.table.delete(this)?;
        if let Ok(run) = self.running().cloned() {
            remove(run, writer.leftover, self.limits.removal).await;
        }
        Ok(())
    }
}

/// Removes a file that the guest let go of; when it cannot be removed, the run says so and goes on.
async fn remove(run: Run, id: u64, within: Duration) {
    if let Err(reason) = run.leftovers.remove(id, within, &run.recorder).await {
        run.job.events.warning(reason);
    }
}

impl HostTemporaryFile for State {
    async fn register(
        &mut self,
        instance: Resource<Instance>,
        path: String,
    ) -> wasmtime::Result<Resource<TemporaryFile>> {
        let on = self.table.get(&instance)?.on.clone();
        self.is_path(&path)
            .map_err(|failure| wasmtime::Error::msg(failure.words()))?;
        let leftovers = match self.running() {
            Ok(run) => run.leftovers.clone(),
            Err(_) => return Err(wasmtime::Error::msg("a temporary file outside a run")),
        };
        let held = self.hold(2 * path.len())?;
        let leftover = leftovers.add(Leftover {
            on,
            path: path.clone(),
            upload: None,
        });
        Ok(self.table.push(TemporaryFile {
            path,
            leftover,
            _held: held,
        })?)
    }

    async fn path(&mut self, this: Resource<TemporaryFile>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.path.clone())
    }

    async fn remove(&mut self, this: Resource<TemporaryFile>) -> Result<(), Failure> {
        let id = self.table.get(&this)?.leftover;
        let Some(leftover) = self.running()?.leftovers.take(id) else {
            return Ok(());
        };
        let (on, path) = (leftover.on.clone(), leftover.path.clone());
        let doing = self.recorder()?.begin(|| Deed::Remove { path: path.clone() });
        let removed = self
            .patience
            .wait_at_most(Some(self.limits.removal), on.remove(&path))
            .await;
        let result = removed.and_then(|removed| removed.map_err(Failure::from));
        doing.over(&result, |_| {});
        if result.is_err() {
            // Tried once more when the run is over.
            let id = self.running()?.leftovers.add(leftover);
            self.table.get_mut(&this)?.leftover = id;
        }
        result
    }

    async fn keep(&mut self, this: Resource<TemporaryFile>) -> wasmtime::Result<()> {
        let id = self.table.get(&this)?.leftover;
        if let Ok(run) = self.running() {
            drop(run.leftovers.take(id));
        }
        Ok(())
    }

    async fn drop(&mut self, this: Resource<TemporaryFile>) -> wasmtime::Result<()> {
        let file = self.table.delete(this)?;
        // After a cancellation the run's end removes it, with a deadline of its own.
        if !self.patience.cancel().is_cancelled()
            && let Ok(run) = self.running().cloned()
        {
            remove(run, file.leftover, self.limits.removal).await;
        }
        Ok(())
    }
}
