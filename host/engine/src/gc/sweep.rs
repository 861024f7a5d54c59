//! What a lost journal would have told: resources that say themselves, by their tags, that a run of Kilnbox made them.
//!
//! A [`Sweeper`] of a builder looks for them on its platform. [`look`] finds, [`sweep`] removes, and between the two the
//! person who asked for it agrees. A resource's tags can be written by anybody who may write tags there, so what is found
//! counts only if it is old enough and of no run that lives on this machine.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Value as Json;

use super::bounded;
use crate::{
    Events,
    journal::{self, JournalFile, is_plain},
    limits,
};

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepScope {
    /// Only what was made this long ago or longer.
    pub older_than: Duration,
    /// Regions of the platform, in its own words; the one that its configuration names where there are none.
    pub regions: Vec<String>,
}

/// A resource that a run of Kilnbox made, by its tags.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// In a few words, such as ``instance `i-0abc` in eu-west-1``.
    pub what: String,
    /// The run that made it.
    pub run: String,
    /// How long ago it was made.
    pub age: Duration,
    /// What [`Sweeper::remove`] needs to find it again.
    pub data: Json,
}

/// Finds what runs left on one platform, and removes it.
#[async_trait]
pub trait Sweeper: Send + Sync + fmt::Debug {
    /// The platform, as in the types of its builders: `amazon`.
    fn kind(&self) -> &'static str;

    /// Everything in `scope` that Kilnbox tagged, without what is tagged as finished: images that belong to the user.
    /// In the order in which it is to be removed. Nothing is changed. May take [`limits::CLEANUP_MOST`].
    async fn find(&self, scope: &SweepScope) -> Result<Vec<Found>, String>;

    /// Removes it. Idempotent; an error where another resource stands in the way is tried again after the others.
    async fn remove(&self, found: &Found) -> Result<(), String>;

    /// How long `remove` may take: at most [`limits::CLEANUP_MOST`].
    fn limit(&self) -> Duration {
        limits::CLEANUP
    }
}

/// What [`look`] found and nothing speaks against removing.
#[derive(Debug, Default)]
pub struct Sweepable {
    found: Vec<(Arc<dyn Sweeper>, Found)>,
    /// How many are left alone: of runs that live here, or too young.
    pub spared: usize,
    /// Platforms that could not be looked at, each with the reason.
    pub unseen: Vec<String>,
}

impl Sweepable {
    /// What would be removed.
    pub fn found(&self) -> impl ExactSizeIterator<Item = &Found> {
        self.found.iter().map(|(_, found)| found)
    }
}

/// What [`sweep`] did.
#[derive(Debug, Default)]
pub struct Swept {
    /// What is gone now, in words.
    pub removed: Vec<String>,
    /// What stays, in words with the reason.
    pub kept: Vec<String>,
}

/// Looks on all platforms. Changes nothing.
pub async fn look(
    state_dir: &Path,
    sweepers: &[Arc<dyn Sweeper>],
    scope: &SweepScope,
    events: &Events,
) -> Sweepable {
    let mut sweepable = Sweepable::default();
    let folder = journal::folder(state_dir);
    for sweeper in sweepers {
        let mut all = Vec::new();
        let finding = async {
            all = sweeper.find(scope).await?;
            Ok(())
        };
        if let Err((reason, _)) = bounded(limits::CLEANUP_MOST, finding).await {
            let unseen = format!("`{}` could not be looked at: {reason}", sweeper.kind());
            events.error(unseen.clone());
            sweepable.unseen.push(unseen);
            continue;
        }
        for found in all {
            let named = is_plain(&found.run) && !JournalFile::lives(&folder, &found.run);
            if named && found.age >= scope.older_than {
                sweepable.found.push((sweeper.clone(), found));
            } else {
                sweepable.spared += 1;
            }
        }
    }
    sweepable
}

/// Removes what was found. What did not succeed is tried again after the others, as long as something else goes.
pub async fn sweep(sweepable: Sweepable, events: &Events) -> Swept {
    let mut swept = Swept::default();
    let mut rest = sweepable.found;
    for pass in 1..=limits::GC_PASSES {
        let gone = swept.removed.len();
        let mut left = Vec::new();
        for (sweeper, found) in rest {
            let more = if pass == 1 { "" } else { ", once more" };
            events.say(format!("removing {}{more}", found.what));
            match bounded(sweeper.limit(), sweeper.remove(&found)).await {
                Ok(()) => swept.removed.push(found.what),
                Err(why) => left.push((sweeper, found, why)),
            }
        }
        let hopeless = swept.removed.len() == gone || !left.iter().any(|(.., (_, again))| *again);
        if hopeless || pass == limits::GC_PASSES {
            for (_, found, (reason, _)) in left {
                let kept = format!("{} stays: {reason}", found.what);
                events.error(kept.clone());
                swept.kept.push(kept);
            }
            break;
        }
        rest = left
            .into_iter()
            .map(|(sweeper, found, _)| (sweeper, found))
            .collect();
    }
    swept
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::Journal;

    const HOUR: Duration = Duration::from_secs(3600);

    /// A platform with a group that cannot go before its instance, something that never goes, and a trap.
    #[derive(Debug)]
    struct Cloud {
        holds: Mutex<Vec<Found>>,
        reachable: bool,
    }

    fn found(what: &str, run: &str, age: Duration) -> Found {
        Found {
            what: what.to_owned(),
            run: run.to_owned(),
            age,
            data: json!({ "id": what }),
        }
    }

    impl Cloud {
        fn with(holds: Vec<Found>) -> Arc<Self> {
            Arc::new(Self {
                holds: Mutex::new(holds),
                reachable: true,
            })
        }

        fn left(&self) -> Vec<String> {
            self.holds
                .lock()
                .unwrap()
                .iter()
                .map(|held| held.what.clone())
                .collect()
        }
    }

    #[async_trait]
    impl Sweeper for Cloud {
        fn kind(&self) -> &'static str {
            "cloud"
        }

        async fn find(&self, scope: &SweepScope) -> Result<Vec<Found>, String> {
            assert_eq!(scope.regions, ["here"]);
            match self.reachable {
                true => Ok(self.holds.lock().unwrap().clone()),
                false => Err("no credentials".to_owned()),
            }
        }

        async fn remove(&self, found: &Found) -> Result<(), String> {
            let mut holds = self.holds.lock().unwrap();
            match found.what.as_str() {
                "group" if holds.iter().any(|held| held.what == "instance") => Err("it is in use".to_owned()),
                "stuck" => Err("it is stuck".to_owned()),
                what => {
                    holds.retain(|held| held.what != what);
                    Ok(())
                }
            }
        }
    }

    async fn look_at(state: &Path, cloud: &Arc<Cloud>) -> Sweepable {
        let (events, _) = Events::collecting();
        let scope = SweepScope {
            older_than: HOUR,
            regions: vec!["here".to_owned()],
        };
        let sweepers: [Arc<dyn Sweeper>; 1] = [cloud.clone()];
        look(state, &sweepers, &scope, &events).await
    }

    #[tokio::test]
    async fn what_stands_in_the_way_goes_first_and_what_stays_is_told() {
        let state = tempfile::tempdir().unwrap();
        let old = |what| found(what, "dead", 2 * HOUR);
        let cloud = Cloud::with(vec![old("group"), old("stuck"), old("instance")]);
        let sweepable = look_at(state.path(), &cloud).await;
        assert_eq!(sweepable.found().len(), 3);
        assert_eq!(cloud.left().len(), 3, "looking changes nothing");
        let (events, said) = Events::collecting();
        let swept = sweep(sweepable, &events).await;
        assert_eq!(swept.removed, ["instance", "group"]);
        assert_eq!(swept.kept, ["stuck stays: it is stuck"]);
        assert_eq!(cloud.left(), ["stuck"]);
        assert!(
            said.texts().contains(&"removing group, once more".to_owned()),
            "{:?}",
            said.texts()
        );
    }

    #[tokio::test]
    async fn the_young_the_living_and_what_bears_no_run_are_spared() {
        let state = tempfile::tempdir().unwrap();
        let living = Journal::create(state.path(), "living").unwrap();
        let dead = Journal::create(state.path(), "dead").unwrap();
        dead.record("x", json!(1)).unwrap();
        drop(dead);
        let cloud = Cloud::with(vec![
            found("young", "gone", HOUR - Duration::from_secs(1)),
            found("of a living run", "living", 2 * HOUR),
            found("of a dead run", "dead", 2 * HOUR),
            found("of a lost run", "lost", HOUR),
            found("of nobody", "", 2 * HOUR),
            found("of a path", "../journal/dead", 2 * HOUR),
        ]);
        let sweepable = look_at(state.path(), &cloud).await;
        let names: Vec<&str> = sweepable.found().map(|found| found.what.as_str()).collect();
        assert_eq!(names, ["of a dead run", "of a lost run"]);
        assert_eq!(sweepable.spared, 4);
        assert_eq!(living.open(), 0, "its lock was not taken");
        assert!(living.finish().unwrap());
    }

    #[tokio::test]
    async fn a_platform_that_cannot_be_looked_at_is_told() {
        let state = tempfile::tempdir().unwrap();
        let cloud = Arc::new(Cloud {
            holds: Mutex::default(),
            reachable: false,
        });
        let sweepable = look_at(state.path(), &cloud).await;
        assert_eq!(
            sweepable.unseen,
            ["`cloud` could not be looked at: no credentials"]
        );
        assert_eq!(sweepable.found().len(), 0);
    }
}
