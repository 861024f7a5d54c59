//! `types`: the instance, the job and the artifacts that a run is given or makes.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use kilnbox_engine::{Deed, PathAccess, SharedArtifact, SharedCommunicator};
use wasmtime::component::Resource;

use crate::{
    bindings::kilnbox::plugin::types::{
        Error, ErrorCode, Host, HostArtifact, HostInstance, HostJob, HostProcessed,
    },
    failure::Failure,
    memory::Charge,
    store::State,
};

/// The machine being built.
pub struct Instance {
    pub(crate) on: SharedCommunicator,
}

/// What is asked of the step; the data are the run's.
pub struct JobHandle;

/// The artifact a post-processor works on; the data are the run's.
pub struct Input;

/// What a post-processor returns.
#[derive(Debug)]
pub struct Processed {
    /// Absent where the input goes on unchanged.
    pub(crate) artifact: Option<Made>,
    pub(crate) keep_input: bool,
    pub(crate) must_keep_input: bool,
}

/// A new artifact, as the guest describes it.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) builder_id: String,
    pub(crate) id: String,
    pub(crate) description: String,
    /// As the user wrote each, and where it is.
    pub(crate) files: Vec<(PathBuf, PathBuf)>,
    /// The memory of its texts.
    pub(crate) _held: Charge,
}

impl State {
    pub(crate) fn instance(&self, instance: &Resource<Instance>) -> Result<SharedCommunicator, Failure> {
        Ok(self.table.get(instance)?.on.clone())
    }

    /// The artifact a post-processor works on.
    fn input(&self) -> Result<&SharedArtifact, Failure> {
        self.running()?
            .input
            .as_ref()
            .ok_or_else(|| Failure::denied("there is no artifact"))
    }

    /// The file behind a name that [`HostArtifact::files`] gave.
    pub(crate) fn input_file(&self, name: &str) -> Option<PathBuf> {
        self.input()
            .ok()?
            .files()
            .into_iter()
            .find(|file| file_name(file) == name)
    }
}

/// The name a local file of an artifact goes by in the guest.
fn file_name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

impl Host for State {
    /// Every refusal comes by here on its way to the guest.
    fn convert_error(&mut self, failure: Failure) -> wasmtime::Result<Error> {
        match failure {
            Failure::Guest(error) => {
                if matches!(error.code, ErrorCode::Denied | ErrorCode::Limit)
                    && let Ok(recorder) = self.recorder()
                {
                    let reason = error.message.clone();
                    recorder.tell(|| Deed::Refuse { reason });
                }
                Ok(error)
            }
            Failure::Trap(trap) => Err(trap),
        }
    }
}

impl HostInstance for State {
    async fn communicator(&mut self, this: Resource<Instance>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.on.facts().communicator.to_owned())
    }

    async fn os_family(&mut self, this: Resource<Instance>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.on.facts().os_family.to_owned())
    }

    async fn shell_family(&mut self, this: Resource<Instance>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.on.facts().shell_family.to_owned())
    }

    async fn arch(&mut self, this: Resource<Instance>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.on.facts().arch.clone())
    }

    async fn user(&mut self, this: Resource<Instance>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.on.facts().user.clone())
    }

    async fn drop(&mut self, this: Resource<Instance>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

/// A job's handle exists only while there is a run; anything else is a broken guest.
fn job(state: &State) -> wasmtime::Result<&kilnbox_engine::Job> {
    match state.running() {
        Ok(run) => Ok(&run.job),
        Err(_) => Err(wasmtime::Error::msg("a job outside a run")),
    }
}

impl HostJob for State {
    async fn options(&mut self, _: Resource<JobHandle>) -> wasmtime::Result<String> {
        Ok(job(self)?.options.to_string())
    }

    async fn build_name(&mut self, _: Resource<JobHandle>) -> wasmtime::Result<String> {
        Ok(job(self)?.build_name.clone())
    }

    async fn build_type(&mut self, _: Resource<JobHandle>) -> wasmtime::Result<String> {
        Ok(job(self)?.build_type.clone())
    }

    async fn generated(&mut self, _: Resource<JobHandle>, key: String) -> wasmtime::Result<Option<String>> {
        Ok(job(self)?.generated.get(&key).cloned())
    }

    async fn run_id(&mut self, _: Resource<JobHandle>) -> wasmtime::Result<String> {
        Ok(job(self)?.run_id.clone())
    }

    async fn debug(&mut self, _: Resource<JobHandle>) -> wasmtime::Result<bool> {
        Ok(job(self)?.debug)
    }

    async fn force(&mut self, _: Resource<JobHandle>) -> wasmtime::Result<bool> {
        Ok(job(self)?.force)
    }

    async fn on_error(&mut self, _: Resource<JobHandle>) -> wasmtime::Result<String> {
        Ok(job(self)?.on_error.to_owned())
    }

    async fn now(&mut self, _: Resource<JobHandle>) -> wasmtime::Result<u64> {
        Ok(self.draws.now())
    }

    async fn random(&mut self, _: Resource<JobHandle>, limit: u32) -> wasmtime::Result<u32> {
        Ok(self.draws.random(limit))
    }

    async fn sleep(&mut self, _: Resource<JobHandle>, milliseconds: u64) -> Result<(), Failure> {
        self.patience
            .clone()
            .wait(tokio::time::sleep(Duration::from_millis(milliseconds)))
            .await
    }

    async fn drop(&mut self, this: Resource<JobHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

/// Like [`job`], for the artifact.
fn input(state: &State) -> wasmtime::Result<&SharedArtifact> {
    state
        .input()
        .map_err(|_| wasmtime::Error::msg("an artifact outside a run"))
}

impl HostArtifact for State {
    async fn builder_id(&mut self, _: Resource<Input>) -> wasmtime::Result<String> {
        Ok(input(self)?.builder_id().to_owned())
    }

    async fn id(&mut self, _: Resource<Input>) -> wasmtime::Result<String> {
        Ok(input(self)?.id())
    }

    async fn description(&mut self, _: Resource<Input>) -> wasmtime::Result<String> {
        Ok(input(self)?.describe())
    }

    async fn files(&mut self, _: Resource<Input>) -> wasmtime::Result<Vec<String>> {
        Ok(input(self)?.files().iter().map(|file| file_name(file)).collect())
    }

    async fn file_size(&mut self, _: Resource<Input>, name: String) -> Result<u64, Failure> {
        let path = self
            .input_file(&name)
            .ok_or_else(|| Failure::new(ErrorCode::NotFound, format!("the artifact has no file `{name}`")))?;
        let metadata = self
            .patience
            .clone()
            .block(move || std::fs::metadata(path))
            .await?;
        metadata
            .map(|metadata| metadata.len())
            .map_err(|error| Failure::local(&name, &error))
    }

    async fn drop(&mut self, this: Resource<Input>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostProcessed for State {
    async fn unchanged(&mut self) -> wasmtime::Result<Resource<Processed>> {
        let processed = Processed {
            artifact: None,
            keep_input: true,
            must_keep_input: false,
        };
        Ok(self.table.push(processed)?)
    }

    async fn artifact(
        &mut self,
        builder_id: String,
        id: String,
        description: String,
    ) -> wasmtime::Result<Resource<Processed>> {
        let held = self.hold(builder_id.len() + id.len() + description.len())?;
        let made = Made {
            builder_id,
            id,
            description,
            files: Vec::new(),
            _held: held,
        };
        Ok(self.table.push(Processed {
            artifact: Some(made),
            keep_input: false,
            must_keep_input: false,
        })?)
    }

    async fn add_file(&mut self, this: Resource<Processed>, name: String) -> Result<(), Failure> {
        let own = |state: &Self| {
            let output = state.user_path(&name, PathAccess::Output);
            output.or_else(|denied| state.user_path(&name, PathAccess::Match).map_err(|_| denied))
        };
        let inherited = self.input_file(&name);
        let from_input = inherited.is_some();
        let resolved = match inherited {
            Some(path) => path,
            None => own(self)?.resolved,
        };
        let path = (PathBuf::from(&name), resolved);
        let processed = self.table.get_mut(&this)?;
        let made = processed
            .artifact
            .as_mut()
            .ok_or_else(|| Failure::invalid("an unchanged artifact takes no files"))?;
        if !made.files.contains(&path) {
            made.files.push(path);
        }
        // Were the input removed, its file would be missing from the new artifact.
        processed.must_keep_input |= from_input;
        Ok(())
    }

    async fn keep_input(&mut self, this: Resource<Processed>, keep: bool) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.keep_input = keep;
        Ok(())
    }

    async fn must_keep_input(&mut self, this: Resource<Processed>, must: bool) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.must_keep_input |= must;
        Ok(())
    }

    async fn drop(&mut self, this: Resource<Processed>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
