//! A component made ready: checked, compiled, linked and asked what it is.
//!
//! The order is the safety: size, validity and imports are read before anything is compiled, grants are compared
//! before anything is linked, and only then does the component's first instruction run, in `describe`.

use std::{
    fmt,
    io::Read as _,
    path::{Path, PathBuf},
    ptr::NonNull,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use bytes::Bytes;
use kilnbox_engine::{LoadError, Prompt, StepKind, event};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use wasmtime::{
    Engine,
    component::{Component, InstancePre, Linker},
};

use crate::{
    Limits,
    bindings::{exports::kilnbox::plugin as exports, kilnbox::plugin::types},
    cache::{Cache, hex},
    compiler::{self, CompileError},
    contract::Mismatch,
    ending::Ending,
    grants::{Capability, Grants},
    host,
    imports::{self, Border, BorderError},
    limits::{Reached, Unit},
    source::{Code, ComponentSource},
    store::State,
};

/// What all components of a sandbox share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) cache: Option<Cache>,
    pub(crate) prompt: Option<Arc<dyn Prompt>>,
    pub(crate) compiling: Semaphore,
    /// The program that compiles strangers' components; without one they are compiled in this process.
    pub(crate) compiler: Option<PathBuf>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

/// A component that can be instantiated any number of times.
pub(crate) struct Ready {
    pub(crate) name: String,
    pub(crate) third_party: bool,
    pub(crate) uses_instance: bool,
    pub(crate) limits: Arc<Limits>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) pre: InstancePre<State>,
    pub(crate) run: RunExport,
    pub(crate) validator: Option<exports::validator::GuestIndices>,
    pub(crate) info: Info,
    /// What a record says of it: made when it is first asked for.
    origin: Origin,
}

/// The bytes and what may be done with them, kept for a record.
struct Origin {
    bytes: Bytes,
    sha256: OnceLock<String>,
    capabilities: Vec<Capability>,
    grants: Vec<String>,
}

/// Bytes of a page of memory in WebAssembly.
const PAGE: u64 = 64 * 1024;

/// What looking at a component tells.
pub(crate) struct Looked {
    pub(crate) ready: Ready,
    pub(crate) bytes: Bytes,
    pub(crate) border: Border,
    /// How long compiling took; absent where its code was there.
    pub(crate) compile_time: Option<Duration>,
    /// Bytes that its largest memory begins with.
    pub(crate) memory: u64,
}

/// The export that does the work.
pub(crate) enum RunExport {
    Provisioner(exports::provisioner::GuestIndices),
    PostProcessor(exports::post_processor::GuestIndices),
}

/// The answer of `describe`, read.
#[derive(Clone, Debug)]
pub(crate) struct Info {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) schema: Json,
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready")
            .field("name", &self.name)
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

/// Says which component is not usable.
#[derive(Clone, Copy)]
pub(crate) struct Invalid<'a>(pub(crate) &'a str);

impl Invalid<'_> {
    pub(crate) fn because(self, reason: impl Into<String>) -> LoadError {
        LoadError::Invalid {
            name: self.0.to_owned(),
            reason: reason.into(),
            hint: None,
        }
    }

    /// It ended before it had answered.
    fn ended(self, ended: Ending) -> LoadError {
        LoadError::Invalid {
            name: self.0.to_owned(),
            reason: ended.reason,
            hint: ended.hint,
        }
    }

    fn reached(self, reached: &Reached, limits: &Limits) -> LoadError {
        self.ended(Ending::at_limit(reached, self.0, limits))
    }

    fn border(self, error: &BorderError) -> LoadError {
        LoadError::Invalid {
            name: self.0.to_owned(),
            reason: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl Ready {
    /// Makes a component ready, or says why it must not run.
    pub(crate) async fn load(shared: Arc<Shared>, source: &ComponentSource) -> Result<Self, LoadError> {
        let invalid = Invalid(&source.name);
        let bytes = bytes(source, invalid).await?;
        let third_party = source.code.third_party();
        let border = if third_party {
            check(bytes.clone(), invalid).await?
        } else {
            read_border(&bytes, invalid)?
        };
        if border.kind != source.kind {
            return Err(invalid.because(format!(
                "is a {}, not a {}",
                border.kind.as_str(),
                source.kind.as_str()
            )));
        }
        let missing = border.missing(&source.grants);
        if !missing.is_empty() {
            return Err(LoadError::Denied {
                name: source.name.clone(),
                capabilities: missing
                    .iter()
                    .map(|capability| capability.name().to_owned())
                    .collect(),
                grant: source.grants.lines(&source.name, &missing),
            });
        }
        let (component, _) = compiled(&shared, source, bytes.clone(), invalid).await?;
        Self::link(shared, source, component, bytes, &border).await
    }

    /// Looks at a component that need not be granted anything: every capability refuses while it is described.
    pub(crate) async fn look(shared: Arc<Shared>, source: &ComponentSource) -> Result<Looked, LoadError> {
        let invalid = Invalid(&source.name);
        let bytes = bytes(source, invalid).await?;
        let border = check(bytes.clone(), invalid).await?;
        let (component, compile_time) = compiled(&shared, source, bytes.clone(), invalid).await?;
        let source = ComponentSource {
            grants: Grants::everything(),
            kind: border.kind,
            ..source.clone()
        };
        let memory = component
            .resources_required()
            .and_then(|needs| needs.max_initial_memory_size)
            .unwrap_or_default()
            .saturating_mul(PAGE);
        let ready = Self::link(shared, &source, component, bytes.clone(), &border).await?;
        Ok(Looked {
            ready,
            bytes,
            border,
            compile_time,
            memory,
        })
    }

    async fn link(
        shared: Arc<Shared>,
        source: &ComponentSource,
        component: Component,
        bytes: Bytes,
        border: &Border,
    ) -> Result<Self, LoadError> {
        let invalid = Invalid(&source.name);
        let wrong = |error: wasmtime::Error| {
            let Mismatch { reason, hint } = Mismatch::of(&error, border.contract.as_ref());
            LoadError::Invalid {
                name: source.name.clone(),
                reason,
                hint,
            }
        };
        let mut linker = Linker::new(&shared.engine);
        host::link(&mut linker, &source.grants).map_err(wrong)?;
        let pre = linker.instantiate_pre(&component).map_err(wrong)?;
        let plugin = exports::plugin::GuestIndices::new(&pre).map_err(wrong)?;
        let run = match source.kind {
            StepKind::Provisioner => {
                RunExport::Provisioner(exports::provisioner::GuestIndices::new(&pre).map_err(wrong)?)
            }
            StepKind::PostProcessor => {
                RunExport::PostProcessor(exports::post_processor::GuestIndices::new(&pre).map_err(wrong)?)
            }
        };
        let validator = match border.validates {
            true => Some(exports::validator::GuestIndices::new(&pre).map_err(wrong)?),
            false => None,
        };
        let name = source.name.clone();
        let limits = Arc::new(source.limits.clone());
        let answer = crate::run::ask(
            &shared,
            &limits,
            &pre,
            &name,
            "describe",
            async |store, instance| plugin.load(&mut *store, instance)?.call_describe(store).await,
        );
        let answer = answer.await.map_err(|ended| invalid.ended(ended))?;
        let info =
            Info::read(answer, source.kind, limits.schema).map_err(|reason| invalid.because(reason))?;
        let third_party = source.code.third_party();
        let uses_instance = border
            .capabilities
            .iter()
            .any(|capability| capability.reaches_instance());
        Ok(Self {
            name,
            third_party,
            uses_instance,
            limits,
            shared,
            pre,
            run,
            validator,
            info,
            origin: Origin {
                bytes,
                sha256: OnceLock::new(),
                capabilities: border.capabilities.iter().copied().collect(),
                grants: source.grants.beyond_default(),
            },
        })
    }
}

impl Ready {
    /// Which code it is, for a record.
    pub(crate) fn about(&self) -> event::Component {
        let Origin {
            bytes,
            sha256,
            capabilities,
            grants,
        } = &self.origin;
        event::Component {
            sha256: sha256.get_or_init(|| hex(&Sha256::digest(bytes))).clone(),
            version: self.info.version.clone(),
            source: if self.third_party {
                "kilnbox.toml"
            } else {
                "kilnbox"
            },
            capabilities: capabilities
                .iter()
                .map(|capability| capability.name().to_owned())
                .collect(),
            grants: grants.clone(),
        }
    }
}

impl Info {
    fn read(answer: types::Info, kind: StepKind, longest: usize) -> Result<Self, String> {
        let said = match answer.kind {
            types::Kind::Provisioner => StepKind::Provisioner,
            types::Kind::PostProcessor => StepKind::PostProcessor,
        };
        if said != kind {
            return Err(format!(
                "calls itself a {}, and exports a {}",
                said.as_str(),
                kind.as_str()
            ));
        }
        if answer.schema.len() > longest {
            return Err(format!("its schema is larger than {} KiB", longest >> 10));
        }
        let schema: Json = serde_json::from_str(&answer.schema)
            .map_err(|error| format!("its schema is not JSON: {error}"))?;
        if !schema.is_object() {
            return Err("its schema is not a JSON object".to_owned());
        }
        Ok(Self {
            name: answer.name,
            version: answer.version,
            schema,
        })
    }
}

/// Reads the component, no more of it than may be.
async fn bytes(source: &ComponentSource, invalid: Invalid<'_>) -> Result<Bytes, LoadError> {
    let limit = source.limits.component_size;
    let bytes = match &source.code {
        Code::Bundled { wasm, .. } => Bytes::from_static(wasm),
        Code::Bytes(bytes) => bytes.clone(),
        Code::File(path) => {
            let file = path.clone();
            let read = tokio::task::spawn_blocking(move || read_file(&file, limit)).await;
            let read = read.unwrap_or_else(|error| Err(std::io::Error::other(error)));
            let read = read.map_err(|error| LoadError::Invalid {
                name: invalid.0.to_owned(),
                reason: format!("`{}`: {error}", path.display()),
                hint: Some("correct `source` of the plugin in `kilnbox.toml`".to_owned()),
            })?;
            Bytes::from(read)
        }
    };
    if bytes.len() > limit {
        let most = Unit::Bytes.show(limit as u64);
        return Err(invalid.reached(
            &Reached::new("component-size", format!("may be {most} large")),
            &source.limits,
        ));
    }
    Ok(bytes)
}

fn read_file(path: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Validates every byte, then reads the border.
async fn check(bytes: Bytes, invalid: Invalid<'_>) -> Result<Border, LoadError> {
    let checked = tokio::task::spawn_blocking(move || {
        // The border first: its refusals are clearer than the validator's.
        let border = imports::border(&bytes)?;
        imports::validate(&bytes)?;
        Ok(border)
    });
    let checked = checked
        .await
        .map_err(|error| invalid.because(format!("validating it: {error}")))?;
    checked.map_err(|error| invalid.border(&error))
}

fn read_border(bytes: &[u8], invalid: Invalid<'_>) -> Result<Border, LoadError> {
    imports::border(bytes).map_err(|error| invalid.border(&error))
}

/// Code compiled ahead, or from the cache, or compiled now: then with how long that took.
async fn compiled(
    shared: &Arc<Shared>,
    source: &ComponentSource,
    bytes: Bytes,
    invalid: Invalid<'_>,
) -> Result<(Component, Option<Duration>), LoadError> {
    if let Code::Bundled {
        ahead: Some(ahead), ..
    } = &source.code
    {
        #[expect(
            unsafe_code,
            reason = "compiled code can only be loaded on trust; this is our own"
        )]
        // SAFETY: `Code::Bundled` promises that these bytes came from this program's own build; they lie in its
        // read-only data, so they live as long as the process and never change.
        let ahead = unsafe {
            match kilnbox_wasm::RUNS_IN_PLACE {
                true => Component::deserialize_raw(&shared.engine, NonNull::from(*ahead)),
                false => Component::deserialize(&shared.engine, ahead),
            }
        };
        match ahead {
            Ok(component) => return Ok((component, None)),
            // For example a processor that lacks what the target's baseline promises: compiled here it runs.
            Err(error) => tracing::warn!(name = invalid.0, "code compiled ahead not used: {error:#}"),
        }
    }
    let permit = shared.compiling.acquire().await;
    let look = {
        let (shared, bytes) = (Arc::clone(shared), bytes.clone());
        move || {
            let digest = hex(&Sha256::digest(&bytes));
            let cache = shared.cache.as_ref();
            let kept = cache.and_then(|cache| cache.load(&shared.engine, &digest));
            (kept, digest)
        }
    };
    let (kept, digest) = blocking(invalid, look).await?;
    if let Some(component) = kept {
        return Ok((component, None));
    }
    let started = Instant::now();
    let code = match &shared.compiler {
        Some(program) if source.code.third_party() => {
            let code = compiler::compile(program, &bytes, &source.limits).await;
            code.map_err(|error| match error {
                CompileError::Reached(reached) => invalid.reached(&reached, &source.limits),
                other => invalid.because(format!("compiling it: {other}")),
            })?
        }
        _ => blocking(invalid, move || kilnbox_wasm::compile(&bytes))
            .await?
            .map_err(|error| invalid.because(format!("compiling it: {error:#}")))?,
    };
    drop(permit);
    let took = started.elapsed();
    tracing::debug!(name = source.name, ?took, "compiled");
    let shared = Arc::clone(shared);
    let loaded = blocking(invalid, move || {
        if let Some(cache) = &shared.cache {
            cache.store(&digest, &code);
        }
        #[expect(
            unsafe_code,
            reason = "compiled code can only be loaded on trust; this is our own"
        )]
        // SAFETY: compiled a moment ago by this program, and in nobody else's hands since.
        unsafe {
            Component::deserialize(&shared.engine, code)
        }
    });
    let component = loaded
        .await?
        .map_err(|error| invalid.because(format!("loading its code: {error:#}")))?;
    Ok((component, Some(took)))
}

async fn blocking<T: Send + 'static>(
    invalid: Invalid<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LoadError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| invalid.because(error.to_string()))
}

/// The names of capabilities, in the contract's order.
pub(crate) fn names(border: &Border) -> Vec<String> {
    Capability::ALL
        .into_iter()
        .filter(|capability| border.capabilities.contains(capability))
        .map(|capability| capability.name().to_owned())
        .collect()
}
