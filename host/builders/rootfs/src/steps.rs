//! The steps of a build: make a work folder, start a container in it, provision, capture.

use std::{fs, io, os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use kilnbox_engine::{Act, BuildContext, BuildStep, Deed, Entry, StepError};
use serde_json::json;
use tokio::sync::Mutex;

use crate::{
    Base, Container, Error, Images, Isolation, RootfsArtifact, Setup, Unavailable, capture,
    image::{self, Layer, Source},
    layers::Compression,
    options::{Config, Format, Origin},
    reclaim,
};

/// What one step leaves to the next.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    work: Option<PathBuf>,
    source: Option<Source>,
    container: Option<Container>,
}

type SharedState = Arc<Mutex<Shared>>;

impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Unable { hint: Some(hint), .. } => Self::new(message).hint(hint),
            _ => Self::new(message),
        }
    }
}

impl From<Unavailable> for StepError {
    fn from(Unavailable { message, hint }: Unavailable) -> Self {
        match hint {
            Some(hint) => Self::new(message).hint(hint),
            None => Self::new(message),
        }
    }
}

fn journal(error: kilnbox_engine::JournalError) -> StepError {
    StepError::new(error.to_string())
}

fn missing(what: &str) -> StepError {
    StepError::new(format!("the {what} is missing"))
}

/// Runs what blocks where it may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, StepError> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StepError::new(error.to_string()))?;
    Ok(done?)
}

/// Makes the work folder and looks at the base.
#[derive(Debug)]
pub(crate) struct StepPrepare {
    config: Arc<Config>,
    shared: SharedState,
    state_dir: PathBuf,
    images: Option<Arc<dyn Images>>,
    entry: Option<Entry>,
}

impl StepPrepare {
    pub(crate) fn new(
        config: Arc<Config>,
        shared: SharedState,
        state_dir: PathBuf,
        images: Option<Arc<dyn Images>>,
    ) -> Self {
        Self {
            config,
            shared,
            state_dir,
            images,
            entry: None,
        }
    }
}

#[async_trait]
impl BuildStep for StepPrepare {
    fn name(&self) -> &'static str {
        "StepPrepare"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let below = self.state_dir.join("rootfs");
        let doing = |source| {
            StepError::from(Error::Io {
                doing: format!("making a folder in `{}`", below.display()),
                source,
            })
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&below)
            .map_err(doing)?;
        let below = fs::canonicalize(&below).map_err(doing)?;
        // The name is chosen before the folder exists, so that it can be written down first.
        let name = tempfile::Builder::new()
            .prefix("")
            .rand_bytes(12)
            .make_in(&below, |path| {
                self.entry = Some(
                    cx.journal
                        .record(reclaim::FOLDER, reclaim::folder_data(path))
                        .map_err(io::Error::other)?,
                );
                fs::DirBuilder::new().mode(0o700).create(path)
            });
        let work = name
            .and_then(|name| name.into_temp_path().keep().map_err(|error| error.error))
            .map_err(doing)?;
        fs::write(work.join(reclaim::MARK), "").map_err(doing)?;
        let mut shared = self.shared.lock().await;
        shared.work = Some(work.clone());
        shared.source = Some(match self.config.from.clone() {
            Origin::Host => Source {
                base: Base::Host,
                layers: Vec::new(),
                config: json!({}),
            },
            Origin::Path(from) => blocking(move || image::read(&from, &work.join("image"))).await?,
            Origin::Image(name) => {
                let images = self.images.as_ref().ok_or_else(|| missing("way to a registry"))?;
                cx.events.message(format!("Getting {name}"));
                let layout = work.join("image");
                images.pull(&name, &layout).await?;
                blocking(move || image::read(&layout, &layout)).await?
            }
        });
        let layers = shared.source.iter().flat_map(|source| &source.layers);
        cx.events.act(Act::done(Deed::Source {
            name: self.config.from_written.clone(),
            layers: layers.map(|layer| layer.blob.digest.clone()).collect(),
        }));
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        let mut shared = self.shared.lock().await;
        if let Some(mut container) = shared.container.take() {
            container.end().await?;
        }
        if let Some(work) = shared.work.take() {
            let doing = format!("removing `{}`", work.display());
            blocking(move || reclaim::remove_folder(&work).map_err(Error::io(doing))).await?;
        }
        match self.entry.take() {
            Some(entry) => entry.strike().map_err(journal),
            None => Ok(()),
        }
    }
}

/// Starts the container.
#[derive(Debug)]
pub(crate) struct StepStart {
    config: Arc<Config>,
    shared: SharedState,
    executable: PathBuf,
    entry: Option<Entry>,
}

impl StepStart {
    pub(crate) fn new(config: Arc<Config>, shared: SharedState, executable: PathBuf) -> Self {
        Self {
            config,
            shared,
            executable,
            entry: None,
        }
    }
}

#[async_trait]
impl BuildStep for StepStart {
    fn name(&self) -> &'static str {
        "StepStart"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let mut shared = self.shared.lock().await;
        let work = shared.work.clone().ok_or_else(|| missing("work folder"))?;
        let base = shared
            .source
            .as_ref()
            .ok_or_else(|| missing("base"))?
            .base
            .clone();
        cx.events
            .say(format!("Starting a container from {}", self.config.from_written));
        let entry = cx.journal.record(reclaim::PROCESS, json!({})).map_err(journal)?;
        let container = Container::spawn(&self.executable, &work)?;
        if let Some(pid) = container.pid() {
            entry.update(reclaim::process_data(pid)).map_err(journal)?;
        }
        self.entry = Some(entry);
        let setup = Setup {
            base,
            host_network: self.config.host_network,
            hostname: self.config.hostname.clone(),
        };
        let container = shared.container.insert(container);
        match container.begin(&setup).await? {
            Isolation::Mapped { first } => {
                cx.events.message(format!("user namespace over idmapped layers: root inside is {first} outside"));
            }
            Isolation::Single { uid } => {
                cx.events.message(format!("user namespace: root inside is {uid} outside, and no other account exists"));
                if self.config.from == Origin::Host {
                    cx.events.message(
                        "files of this machine that belong to other accounts (`/usr`, `/var/lib/dpkg`) cannot be changed; \
                         run as root, or start from a directory or an image, to change them",
                    );
                }
            }
            Isolation::Capabilities => cx.events.warning(
                "this kernel cannot map the ids of these layers: no user namespace, dropped capabilities alone keep the \
                 steps from this machine",
            ),
        }
        if self.config.host_network {
            cx.events.message("the steps share this machine's network");
        }
        cx.communicator = Some(container.communicator()?);
        cx.generate(
            "ID",
            work.file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        );
        cx.generate("ConnType", "container");
        cx.generate("User", "root");
        Ok(())
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        cx.communicator = None;
        if let Some(mut container) = self.shared.lock().await.container.take() {
            container.end().await?;
        }
        match self.entry.take() {
            Some(entry) => entry.strike().map_err(journal),
            None => Ok(()),
        }
    }
}

/// Stops the container and writes the archive.
#[derive(Debug)]
pub(crate) struct StepCapture {
    config: Arc<Config>,
    shared: SharedState,
}

impl StepCapture {
    pub(crate) fn new(config: Arc<Config>, shared: SharedState) -> Self {
        Self { config, shared }
    }
}

#[async_trait]
impl BuildStep for StepCapture {
    fn name(&self) -> &'static str {
        "StepCapture"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let mut shared = self.shared.lock().await;
        let work = shared.work.clone().ok_or_else(|| missing("work folder"))?;
        let source = shared.source.clone().ok_or_else(|| missing("base"))?;
        let container = shared.container.as_mut().ok_or_else(|| missing("container"))?;
        let config = self.config.clone();
        cx.events.say(format!("Writing {}", config.output.display()));
        let image = config.format == Format::OciArchive;
        if image && config.from == Origin::Host && !config.include_base {
            cx.events.message(
                "the archive holds the changes alone, not the view of this machine (base_layers: omit)",
            );
        }
        let make_base = image && config.include_base && source.layers.is_empty();
        let captured = container.capture(image, make_base, !image).await?;
        let artifact = blocking(move || {
            let name = |name: &str| work.join(name);
            let made = |file: &str, blob| Layer {
                file: name(file),
                blob,
                compression: Compression::Gzip,
            };
            if !image {
                let blob = captured
                    .flat
                    .ok_or_else(|| Error::Protocol("no archive".to_owned()))?;
                place(&config, |to| {
                    io::copy(&mut fs::File::open(name(capture::FLAT))?, &mut &*to).map(drop)
                })?;
                let text = format!("Root file system: {}", config.output.display());
                return Ok(RootfsArtifact {
                    id: format!("sha256:{}", blob.digest),
                    output: config.output.clone(),
                    text,
                });
            }
            let mut layers = if config.include_base {
                source.layers
            } else {
                Vec::new()
            };
            layers.extend(captured.base.map(|blob| made(capture::BASE, blob)));
            layers.extend(captured.layer.map(|blob| made(capture::LAYER, blob)));
            let id = place(&config, |to| {
                image::write(to, &config.labels, &source.config, &layers)
            })?;
            let tag = config
                .labels
                .tag
                .as_ref()
                .map_or_else(String::new, |tag| format!(" ({tag})"));
            let text = format!("OCI archive: {}{tag}", config.output.display());
            Ok(RootfsArtifact {
                id,
                output: config.output.clone(),
                text,
            })
        })
        .await?;
        cx.artifact = Some(Arc::new(artifact));
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}

/// Writes beside the output, in a folder that is made where it is missing, and puts it in place at the end, so that it
/// is whole or not there.
fn place<T>(config: &Config, write: impl FnOnce(&fs::File) -> io::Result<T>) -> Result<T, Error> {
    let doing = || Error::io(format!("writing `{}`", config.output.display()));
    let folder = config.output.parent().unwrap_or(&config.output);
    fs::create_dir_all(folder).map_err(doing())?;
    let prefix = format!(".{}-", config.build_name.replace('/', "-"));
    let file = tempfile::Builder::new()
        .prefix(&prefix)
        .tempfile_in(folder)
        .map_err(doing())?;
    let written = write(file.as_file()).map_err(doing())?;
    let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
    file.as_file().set_permissions(mode).map_err(doing())?;
    let placed = if config.force {
        file.persist(&config.output)
    } else {
        file.persist_noclobber(&config.output)
    };
    placed.map_err(|error| error.error).map_err(doing())?;
    Ok(written)
}
