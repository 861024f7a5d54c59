//! `kilnbox init`: from `kilnbox.toml` to bytes in the store and a written lock.
//!
//! First every plugin is resolved, at the same time; then it is compared with the lock what each asks for, before
//! anything of it is downloaded; then it is downloaded, verified and looked at. The lock is written last, and only if
//! all of it succeeded. What is locked and here needs no network.

mod consent;
mod fetch;
mod resolve;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};

use crate::{Digest, Error, Lock, Locked, Plugin, ProjectFile, Settings, Store, limits, remote::Http};
use resolve::Candidate;

/// Looks at a component without running it on anything.
#[async_trait]
pub trait Look: Send + Sync {
    /// Tells what it is, or why it cannot be used.
    async fn look(&self, plugin: &str, bytes: Bytes) -> Result<Looked, Unusable>;
}

/// A component, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The version it gives itself.
    pub version: String,
    /// What it imports of the contract, in the contract's order.
    pub capabilities: Vec<String>,
    /// Digest of all that it says of itself.
    pub describe: Digest,
}

/// A component that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Why, with the plugin's name.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Is told what happens.
pub trait Watch: Send + Sync {
    /// What a component asks for: told by a registry before anything of it is downloaded, else by the bytes.
    fn asks(&self, asked: &Asked<'_>);
    /// A download begins.
    fn begins(&self, plugin: &str, size: Option<u64>);
    /// Bytes arrived.
    fn arrived(&self, plugin: &str, bytes: u64);
    /// A download ended, well or not.
    fn ends(&self, plugin: &str);
}

/// What a component asks for.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The plugin.
    pub plugin: &'a Plugin,
    /// The version that would be taken.
    pub version: &'a str,
    /// The one that is locked.
    pub was: Option<&'a Locked>,
    /// Names of interfaces.
    pub capabilities: &'a [String],
}

/// Whether versions that are locked may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// None.
    Nothing,
    /// All.
    All,
    /// Those of these plugins.
    Named(Vec<String>),
}

/// The work of one `kilnbox init`.
pub struct Init<'i> {
    /// The project.
    pub project: &'i ProjectFile,
    /// Where bytes are kept.
    pub store: &'i Store,
    /// How other machines are asked.
    pub settings: &'i Settings,
    /// Eyes for components.
    pub look: &'i dyn Look,
    /// Who is told.
    pub watch: &'i dyn Watch,
    /// What may change.
    pub upgrade: Upgrade,
    /// More capabilities, or older versions, are agreed to.
    pub accept: bool,
    /// The time, RFC 3339.
    pub now: String,
}

impl fmt::Debug for Init<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Init")
            .field("project", &self.project.path)
            .field("upgrade", &self.upgrade)
            .field("accept", &self.accept)
            .finish_non_exhaustive()
    }
}

/// What became of the plugins, in the order of `kilnbox.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// One for each plugin that comes from elsewhere.
    pub changes: Vec<Change>,
    /// Plugins that were locked and are no longer named, with what was locked.
    pub forgotten: Vec<(String, Locked)>,
}

/// What became of one plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub plugin: String,
    /// What is locked now.
    pub now: Locked,
    /// What was locked.
    pub was: Option<Locked>,
    /// Bytes were downloaded, although nothing else changed.
    pub fetched: bool,
}

impl Init<'_> {
    /// Does it. All problems of a phase are told, in the order of `kilnbox.toml`.
    pub async fn run(&self) -> Result<Outcome, Vec<Error>> {
        let folder = self.project.folder();
        let old = Lock::read(folder).map_err(one)?.unwrap_or_default();
        self.check_names()?;
        let http = Http::new(self.settings).map_err(|error| one(error.into()))?;
        let found = self.project.foreign().map(|(plugin, source)| {
            resolve::resolve(self, &http, plugin, source, old.plugins.get(&plugin.name))
        });
        let candidates = all(found).await?;
        self.ask_before(&candidates)?;
        let told: Vec<bool> = candidates
            .iter()
            .map(|candidate| candidate.told().is_some())
            .collect();
        let fetched = candidates
            .into_iter()
            .map(|candidate| fetch::fetch(self, &http, candidate));
        let changes = all(fetched).await?;
        self.ask_after(&changes, &told)?;
        let locked = changes
            .iter()
            .map(|change| (change.plugin.clone(), change.now.clone()));
        let lock = Lock::of(locked.collect());
        let forgotten = old
            .plugins
            .into_iter()
            .filter(|(name, _)| !lock.plugins.contains_key(name))
            .collect::<Vec<_>>();
        if !(changes.is_empty() && forgotten.is_empty()) {
            lock.write(folder).map_err(one)?;
            self.store.remember(folder).map_err(one)?;
        }
        Ok(Outcome { changes, forgotten })
    }

    fn upgrades(&self, plugin: &Plugin) -> bool {
        match &self.upgrade {
            Upgrade::Nothing => false,
            Upgrade::All => true,
            Upgrade::Named(names) => names.contains(&plugin.name),
        }
    }

    fn check_names(&self) -> Result<(), Vec<Error>> {
        let Upgrade::Named(names) = &self.upgrade else {
            return Ok(());
        };
        let known: Vec<String> = self
            .project
            .foreign()
            .map(|(plugin, _)| plugin.name.clone())
            .collect();
        let unknown = names.iter().filter(|name| !known.contains(name));
        let errors = unknown.map(|name| Error::NoSuchPlugin {
            name: name.clone(),
            known: known.clone(),
        });
        none(errors.collect())
    }

    /// Shows what registries tell, and stops where it is more than was locked.
    fn ask_before(&self, candidates: &[Candidate<'_>]) -> Result<(), Vec<Error>> {
        let mut errors = Vec::new();
        for candidate in candidates {
            let Some((version, capabilities)) = candidate.told() else {
                continue;
            };
            self.watch.asks(&Asked {
                plugin: candidate.plugin,
                version: &version,
                was: candidate.was,
                capabilities: &capabilities,
            });
            let plugin = &candidate.plugin.name;
            errors.extend(self.more(plugin, candidate.was, &version, &capabilities));
        }
        none(errors)
    }

    /// The same for what has no registry: only the bytes tell it.
    fn ask_after(&self, changes: &[Change], told: &[bool]) -> Result<(), Vec<Error>> {
        let mut errors = Vec::new();
        for ((change, (plugin, _)), told) in changes.iter().zip(self.project.foreign()).zip(told) {
            let Change { now, was, .. } = change;
            if !told && was.as_ref().is_none_or(|was| was.sha256 != now.sha256) {
                self.watch.asks(&Asked {
                    plugin,
                    version: &now.version,
                    was: was.as_ref(),
                    capabilities: &now.imports,
                });
            }
            errors.extend(self.more(&plugin.name, was.as_ref(), &now.version, &now.imports));
        }
        none(errors)
    }

    fn more(&self, plugin: &str, was: Option<&Locked>, version: &str, asked: &[String]) -> Option<Error> {
        let was = was.filter(|_| !self.accept)?;
        let more = consent::more(&was.imports, asked);
        (!more.is_empty()).then(|| Error::AsksForMore {
            plugin: plugin.to_owned(),
            locked: was.version.clone(),
            version: version.to_owned(),
            more,
        })
    }
}

fn one(error: Error) -> Vec<Error> {
    vec![error]
}

fn none(errors: Vec<Error>) -> Result<(), Vec<Error>> {
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Waits for all, some at a time, in their order. Either all succeeded, or every error is told.
async fn all<T>(
    work: impl Iterator<Item = impl Future<Output = Result<T, Error>>>,
) -> Result<Vec<T>, Vec<Error>> {
    let done: Vec<Result<T, Error>> = stream::iter(work).buffered(limits::AT_ONCE).collect().await;
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for result in done {
        match result {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error),
        }
    }
    none(errors).map(|()| values)
}
