//! Removing what no project needs.
//!
//! An entry stays if the lock of a project that `kilnbox init` has seen names it, or if something used it lately: a
//! project that was copied here with its lock has never been seen. Parts of images are named by no lock. Nothing is
//! lost: it is downloaded again.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, SystemTime},
};

use super::{Kind, Store, write::INCOMING};
use crate::{Digest, Error, Lock};

/// What is to be removed.
#[derive(Clone, Copy, Debug)]
pub struct Pruning {
    /// Only what was not used for this long.
    pub unused_for: Duration,
    /// Remove nothing, and tell what would be.
    pub dry_run: bool,
}

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Digest and size of each entry.
    pub entries: Vec<(Digest, u64)>,
    /// Entries that are still there.
    pub kept: usize,
}

impl Store {
    /// Removes what no project needs and nobody used lately.
    pub fn prune(&self, how: Pruning) -> Result<Pruned, Error> {
        let needed = self.needed(how.dry_run)?;
        let now = SystemTime::now();
        let long_ago = |used: SystemTime| now.duration_since(used).is_ok_and(|age| age >= how.unused_for);
        let mut pruned = Pruned::default();
        for kind in Kind::ALL {
            for (digest, size, used) in self.entries(kind)? {
                if needed.contains(&digest) || !long_ago(used) {
                    pruned.kept += 1;
                    continue;
                }
                if !how.dry_run {
                    let path = self.path_of(kind, digest);
                    fs::remove_file(&path).map_err(Error::io("removing", &path))?;
                }
                pruned.entries.push((digest, size));
            }
            if !how.dry_run {
                self.remove_halves(kind, now)?;
            }
        }
        Ok(pruned)
    }

    /// What the locks of all known projects name. A project that is gone is forgotten.
    fn needed(&self, dry_run: bool) -> Result<BTreeSet<Digest>, Error> {
        let mut needed = BTreeSet::new();
        for (project, memory) in self.projects()? {
            match Lock::read(&project)? {
                Some(lock) => needed.extend(lock.plugins.values().map(|locked| locked.sha256)),
                None if dry_run => {}
                None => fs::remove_file(&memory).map_err(Error::io("removing", &memory))?,
            }
        }
        Ok(needed)
    }

    /// What a killed `init` left: no download takes a day.
    fn remove_halves(&self, kind: Kind, now: SystemTime) -> Result<(), Error> {
        let folder = self.folder(kind);
        let Ok(entries) = fs::read_dir(&folder) else {
            return Ok(());
        };
        for entry in entries.flatten() {
            let half = entry.file_name().to_string_lossy().starts_with(INCOMING);
            let begun = entry.metadata().and_then(|about| about.modified());
            let old = begun.is_ok_and(|begun| {
                now.duration_since(begun)
                    .is_ok_and(|age| age > Duration::from_secs(86_400))
            });
            if half && old {
                fs::remove_file(entry.path()).map_err(Error::io("removing", entry.path()))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::filled;
    use super::*;

    const NOW: Pruning = Pruning {
        unused_for: Duration::ZERO,
        dry_run: false,
    };

    fn lock_of(text: &str) -> String {
        let digest = Digest::of(text.as_bytes());
        format!(
            "version = 1\n[plugins.a]\nsource = \"oci://h.example/a\"\nversion = \"1.0.0\"\nsha256 = \"{digest}\"\nsize = 3\n\
             describe = \"{digest}\"\nimports = []\ngrants = []\nlocked = \"2026-11-27T10:00:00Z\"\n"
        )
    }

    #[test]
    fn what_a_known_project_names_or_somebody_used_lately_stays() {
        let (_folder, store) = filled(&["one", "two"]);
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("kilnbox.lock"), lock_of("one")).unwrap();
        store.remember(project.path()).unwrap();
        let lately = Pruning {
            unused_for: Duration::from_secs(60),
            ..NOW
        };
        assert_eq!(store.prune(lately).unwrap().kept, 2);
        let would = Pruning { dry_run: true, ..NOW };
        let pruned = store.prune(would).unwrap();
        assert_eq!(
            (pruned.entries.as_slice(), pruned.kept),
            ([(Digest::of(b"two"), 3)].as_slice(), 1)
        );
        assert_eq!(store.prune(NOW).unwrap(), pruned);
        assert_eq!(store.prune(NOW).unwrap().entries, []);
    }

    #[test]
    fn a_project_that_is_gone_needs_nothing() {
        let (_folder, store) = filled(&["one"]);
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("kilnbox.lock"), lock_of("one")).unwrap();
        store.remember(project.path()).unwrap();
        project.close().unwrap();
        assert_eq!(store.prune(NOW).unwrap().kept, 0);
        assert_eq!(store.projects().unwrap(), []);
    }
}
