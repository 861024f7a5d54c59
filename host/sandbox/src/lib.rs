//! Runs steps as WASI components under limits and grants.
//!
//! [`Sandbox`] is the engine's [`StepRunner`] over wasmtime, the only crate that knows it. A component is checked
//! before it is compiled ([`grants`], `imports`), linked with what it was granted and nothing else (`host`), and runs
//! in a store of its own with every limit of [`Limits`] on. What it may do it does through handles it was lent.

mod bindings;
mod cache;
mod chance;
pub mod compiler;
mod component;
mod contract;
mod ending;
mod engine;
mod error;
mod failure;
pub mod grants;
mod host;
mod imports;
mod inspect;
mod leftovers;
mod limits;
mod memory;
mod patience;
mod quota;
mod record;
mod run;
mod source;
mod stdio;
mod store;
mod voice;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use kilnbox_engine::{LoadError, Prompt, Step, StepKind, StepRunner};
use tokio::sync::{OnceCell, Semaphore};

use crate::{
    cache::Cache,
    component::{Ready, Shared},
};
pub use crate::{
    error::Error,
    grants::{Capability, Grants},
    inspect::Inspection,
    limits::{Limits, Setting, Unit},
    source::{Code, ComponentSource},
};

/// All components that templates may name, each loaded once when it is first asked for.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
    /// Why the cache is not used.
    not_kept: Option<String>,
    components: BTreeMap<(StepKind, String), Offer>,
}

#[derive(Debug)]
struct Offer {
    source: ComponentSource,
    ready: OnceCell<Arc<Ready>>,
}

/// What a sandbox needs besides its components.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Folder for compiled code, made if missing with mode 0700; absent, or not the user's alone: nothing is kept.
    pub cache: Option<PathBuf>,
    /// The person at the terminal, where there is one.
    pub prompt: Option<Arc<dyn Prompt>>,
    /// The program whose `main` calls [`compiler::main`]: it compiles strangers' components, under limits. Without one
    /// they are compiled in this process, which suits components that are trusted.
    pub compiler: Option<PathBuf>,
}

impl Sandbox {
    /// A sandbox for one process; it holds the process's one engine.
    pub fn new(components: Vec<ComponentSource>, settings: Settings) -> Result<Self, Error> {
        let engine = engine::engine()?;
        let (cache, not_kept) = match settings.cache.map(|path| Cache::open(&path, &engine)) {
            None => (None, None),
            Some(Ok(cache)) => (Some(cache), None),
            Some(Err(error)) => (None, Some(error.to_string())),
        };
        let compiling = Semaphore::new(limits::COMPILATIONS);
        let shared = Arc::new(Shared {
            engine,
            cache,
            prompt: settings.prompt,
            compiling,
            compiler: settings.compiler,
        });
        let mut offers = BTreeMap::new();
        for source in components {
            let key = (source.kind, source.name.clone());
            let offer = Offer {
                source,
                ready: OnceCell::new(),
            };
            if let Some(Offer { source, .. }) = offers.insert(key, offer) {
                return Err(Error::Twice {
                    kind: source.kind,
                    name: source.name,
                });
            }
        }
        Ok(Self {
            shared,
            not_kept,
            components: offers,
        })
    }

    /// Why compiled code is not kept in the folder that [`Settings::cache`] names, if it is not.
    pub fn not_kept(&self) -> Option<&str> {
        self.not_kept.as_deref()
    }

    /// The names of one kind, sorted.
    pub fn names(&self, kind: StepKind) -> Vec<String> {
        self.components
            .keys()
            .filter(|(offered, _)| *offered == kind)
            .map(|(_, name)| name.clone())
            .collect()
    }

    /// Looks at a component that need not be among those offered. Nothing is granted to it.
    pub async fn inspect(&self, source: &ComponentSource) -> Result<Inspection, LoadError> {
        Inspection::of(Arc::clone(&self.shared), source).await
    }

    /// Looks at the components offered under a name: a provisioner, a post-processor, both or none.
    pub async fn inspect_named(&self, name: &str) -> Result<Vec<Inspection>, LoadError> {
        let mut found = Vec::new();
        for kind in [StepKind::Provisioner, StepKind::PostProcessor] {
            if let Some(offer) = self.components.get(&(kind, name.to_owned())) {
                found.push(self.inspect(&offer.source).await?);
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl StepRunner for Sandbox {
    async fn load(&self, kind: StepKind, name: &str) -> Result<Arc<dyn Step>, LoadError> {
        let offer = self
            .components
            .get(&(kind, name.to_owned()))
            .ok_or_else(|| LoadError::Unknown {
                kind,
                name: name.to_owned(),
                known: self.names(kind),
            })?;
        let load = || async {
            Ready::load(Arc::clone(&self.shared), &offer.source)
                .await
                .map(Arc::new)
        };
        let ready = offer.ready.get_or_try_init(load).await?;
        Ok(Arc::<Ready>::clone(ready))
    }
}
