//! What a store holds for one run of one component.
//!
//! A guest has no file, no environment, no argument and no socket: WASI is linked so that every language's standard
//! library finds what it imports, and finds it empty (invariant 3).

use std::sync::Arc;

use kilnbox_engine::{Chance, Job, Level, Prompt, SharedArtifact, UserPath};
use tokio::sync::Semaphore;
use wasmtime::{Engine, Store, UpdateDeadline, component::ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::{
    Limits,
    chance::{self, Draws},
    failure::Failure,
    host::outputs::Written,
    leftovers::Leftovers,
    memory::{Limiter, Memory},
    patience::Patience,
    quota::Quota,
    record::Recorder,
    stdio::Lines,
    voice::Voice,
};

/// The data of a store.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    limiter: Limiter,
    pub(crate) limits: Arc<Limits>,
    pub(crate) memory: Memory,
    pub(crate) patience: Patience,
    pub(crate) draws: Draws,
    pub(crate) voice: Voice,
    pub(crate) stdout: Lines,
    pub(crate) stderr: Lines,
    pub(crate) quota: Quota,
    /// Commands that the guest may still follow by itself, see [`crate::host::exec`].
    pub(crate) processes: Arc<Semaphore>,
    /// Local paths that became known while it ran: rendered outputs, and files that a pattern matched.
    pub(crate) found: Vec<UserPath>,
    /// Absent while the component is only asked what it is: then no capability answers.
    run: Option<Run>,
}

/// What a component works with while it runs.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) job: Arc<Job>,
    /// The name of the component, for messages.
    pub(crate) name: String,
    pub(crate) third_party: bool,
    pub(crate) input: Option<SharedArtifact>,
    pub(crate) leftovers: Leftovers,
    pub(crate) written: Written,
    pub(crate) recorder: Recorder,
    pub(crate) prompt: Option<Arc<dyn Prompt>>,
}

impl State {
    pub(crate) fn new(limits: Arc<Limits>, run: Option<Run>) -> Self {
        let cancel = run.as_ref().map(|run| run.job.cancel.clone()).unwrap_or_default();
        let memory = Memory::new(limits.memory);
        let voice = Voice::new(run.as_ref().map(|run| &run.job.events), limits.clone());
        let stdout = Lines::new(Level::Info, voice.clone(), limits.message, 0);
        let stderr = Lines::new(Level::Warn, voice.clone(), limits.message, limits.stderr_tail);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let chance = run.as_ref().map_or(Chance::Real, |run| run.job.chance);
        let mut wasi = WasiCtxBuilder::new();
        chance::tell_wasi(chance, &mut wasi);
        let wasi = wasi
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            .max_random_size(limits.random_bytes)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        Self {
            table,
            wasi,
            limiter: Limiter::new(memory.clone(), limits.clone()),
            patience: Patience::new(cancel, limits.cpu),
            draws: Draws::new(chance),
            quota: Quota::new(&limits),
            processes: Arc::new(Semaphore::new(limits.processes)),
            limits,
            memory,
            voice,
            stdout,
            stderr,
            found: Vec::new(),
            run,
        }
    }

    /// The run, or the refusal while there is none.
    pub(crate) fn running(&self) -> Result<&Run, Failure> {
        self.run.as_ref().ok_or_else(|| {
            Failure::denied("nothing can be done while the component is only described or validates")
        })
    }

    /// The voice of what is done; there is none while the component is only asked what it is.
    pub(crate) fn recorder(&self) -> Result<Recorder, Failure> {
        Ok(self.running()?.recorder.clone())
    }

    /// A store around this state, with every limit on.
    pub(crate) fn into_store(self, engine: &Engine) -> Store<Self> {
        let (call_bytes, handles) = (self.limits.call_bytes, self.limits.handles);
        let patience = self.patience.clone();
        let mut store = Store::new(engine, self);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(call_bytes);
        store.set_max_component_handles(handles);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| match patience.tick() {
            Ok(()) => Ok(UpdateDeadline::Yield(1)),
            Err(reached) => Err(wasmtime::Error::new(reached)),
        });
        store
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}
