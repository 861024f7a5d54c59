//! Which bytes a plugin is to be: those that are locked, or those that its source offers.

use bytes::Bytes;
use semver::{Version, VersionReq};

use super::Init;
use crate::{
    Digest, Error, Locked, Plugin, Repository, Source, file, limits, located,
    remote::{Access, Artifact, Http, Remote},
};

/// A plugin, and the bytes it is to be.
pub(super) struct Candidate<'p> {
    pub(super) plugin: &'p Plugin,
    pub(super) source: &'p Source,
    pub(super) was: Option<&'p Locked>,
    pub(super) bytes: Wanted,
}

/// Bytes to be had.
pub(super) enum Wanted {
    /// Locked, here, and whole.
    Kept,
    /// Of a file.
    Local(Bytes),
    /// Locked, and not here or damaged.
    Again,
    /// Of the web, by their digest.
    Web(Digest),
    /// Of a registry, newly resolved.
    Registry { version: Version, artifact: Artifact },
}

impl Candidate<'_> {
    /// What a registry tells of a component before it is downloaded: its version and its capabilities.
    pub(super) fn told(&self) -> Option<(String, Vec<String>)> {
        match &self.bytes {
            Wanted::Registry { version, artifact } => {
                Some((version.to_string(), artifact.claims.capabilities()))
            }
            _ => None,
        }
    }
}

/// Finds out which bytes a plugin is to be. Asks other machines only where that is not known.
pub(super) async fn resolve<'p>(
    init: &Init<'_>,
    http: &Http,
    plugin: &'p Plugin,
    source: &'p Source,
    was: Option<&'p Locked>,
) -> Result<Candidate<'p>, Error> {
    let folder = init.project.folder();
    // A lock for something else is as good as none, but for what it allows to compare.
    let locked = located::current(folder, plugin, source, was).ok();
    let bytes = match source {
        Source::File(path) => {
            let bytes = file::read(&folder.join(path), limits::COMPONENT_SIZE)?;
            match locked {
                Some(locked) if locked.sha256 == Digest::of(&bytes) => Wanted::Kept,
                _ => Wanted::Local(bytes.into()),
            }
        }
        Source::Https { sha256, .. } => match locked {
            Some(locked) => here(init, plugin, source, locked)?,
            None => Wanted::Web(*sha256),
        },
        Source::Oci(repository) => match locked.filter(|_| !init.upgrades(plugin)) {
            Some(locked) => here(init, plugin, source, locked)?,
            None => {
                let remote = Remote::new(http, init.settings, repository, Access::Pull)
                    .map_err(Error::remote(&plugin.name))?;
                newest(init, &remote, plugin, source, repository, locked).await?
            }
        },
    };
    Ok(Candidate {
        plugin,
        source,
        was,
        bytes,
    })
}

/// Locked bytes are kept where they are, and fetched again where they are not, or not whole.
fn here(init: &Init<'_>, plugin: &Plugin, source: &Source, locked: &Locked) -> Result<Wanted, Error> {
    let folder = init.project.folder();
    let found = match located::find(folder, plugin, source, Some(locked), init.store) {
        // An old copy in the project says nothing of the store.
        Err(Error::Differs { .. }) => located::in_store(folder, plugin, locked, init.store),
        found => found,
    };
    match found {
        Ok(_) => Ok(Wanted::Kept),
        Err(Error::NotHere { .. } | Error::Damaged { .. }) => Ok(Wanted::Again),
        Err(error) => Err(error),
    }
}

/// The newest version that may be used, by its tag.
async fn newest(
    init: &Init<'_>,
    remote: &Remote<'_>,
    plugin: &Plugin,
    source: &Source,
    repository: &Repository,
    locked: Option<&Locked>,
) -> Result<Wanted, Error> {
    let told = Error::remote(&plugin.name);
    let tags = remote.tags().await.map_err(&told)?;
    let wanted = plugin.version.clone().unwrap_or(VersionReq::STAR);
    let Some((version, tag)) = choose(&tags, &wanted) else {
        return Err(Error::NoVersion {
            plugin: plugin.name.clone(),
            repository: repository.to_string(),
            wanted,
            offered: versions(&tags).map(|(version, _)| version.to_string()).collect(),
        });
    };
    let before = locked.and_then(|locked| Some((locked, Version::parse(&locked.version).ok()?)));
    if let Some((locked, before)) = &before
        && version < *before
        && !init.accept
    {
        return Err(Error::Downgrade {
            plugin: plugin.name.clone(),
            repository: repository.to_string(),
            locked: locked.version.clone(),
            found: version.to_string(),
        });
    }
    let artifact = Artifact::read(remote, tag).await.map_err(&told)?;
    match before {
        Some((locked, before)) if before == version => match locked.manifest {
            Some(manifest) if manifest != artifact.manifest => Err(Error::Moved {
                plugin: plugin.name.clone(),
                repository: repository.to_string(),
                version: tag.to_owned(),
                locked: manifest.oci(),
                found: artifact.manifest.oci(),
            }),
            _ => here(init, plugin, source, locked),
        },
        _ => Ok(Wanted::Registry { version, artifact }),
    }
}

/// The tag of the newest version that may be used. A pre-release may only where the requirement names one.
fn choose<'t>(tags: &'t [String], wanted: &VersionReq) -> Option<(Version, &'t str)> {
    versions(tags).find(|(version, _)| wanted.matches(version))
}

/// Tags that are versions, the newest first. Others mean something else, such as a signature.
fn versions(tags: &[String]) -> impl Iterator<Item = (Version, &str)> {
    let mut versions: Vec<_> = tags
        .iter()
        .filter_map(|tag| Some((Version::parse(tag).ok()?, tag.as_str())))
        .collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_may_be_used() {
        let tags: Vec<String> = [
            "latest",
            "1.0.0",
            "1.10.0",
            "1.9.3",
            "2.0.0-rc.1",
            "v3.0.0",
            "1.2",
            "sha256-00.sig",
        ]
        .map(ToOwned::to_owned)
        .to_vec();
        let choose = |wanted: &str| {
            let wanted = VersionReq::parse(wanted).unwrap();
            choose(&tags, &wanted).map(|(_, tag)| tag.to_owned())
        };
        assert_eq!(choose("*").as_deref(), Some("1.10.0"));
        assert_eq!(choose("~1.9").as_deref(), Some("1.9.3"));
        assert_eq!(choose("=1.0.0").as_deref(), Some("1.0.0"));
        assert_eq!(choose("^2").as_deref(), None);
        assert_eq!(choose("^2.0.0-rc").as_deref(), Some("2.0.0-rc.1"));
    }
}
