//! `kilnbox gc --by-tag` at AWS: what runs left whose journal is lost, found by the tags that all of it carries.
//!
//! One [`Sweeper`] looks in regions of EC2, another at the roles of IAM, which many users may not list: what the one cannot
//! see does not blind the other. Nothing tagged as finished is removed. A run is as young as the youngest thing it made,
//! because a build that still runs somewhere else needs its old things, too.

mod age;
mod listing;
mod roles;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use kilnbox_engine::{Found, StepError, SweepScope, Sweeper};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{
    access::{Accounts, Keys, Place, Reach},
    limits,
    options::delay_of_environment,
    remove,
    resource::{Kind, Resource},
};
use age::found;
use roles::Roles;

/// One for EC2, one for IAM.
pub fn sweepers() -> Vec<Arc<dyn Sweeper>> {
    let way = Arc::new(Way {
        accounts: Accounts::default(),
        delay: delay_of_environment(),
    });
    vec![Arc::new(Regions(way.clone())), Arc::new(Roles(way))]
}

/// A kind of thing, in the order in which they are removed: each before what it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Thing {
    Instance,
    Volume,
    Image,
    Snapshot,
    SecurityGroup,
    KeyPair,
    LaunchTemplate,
    Role,
}

impl Thing {
    /// For people.
    fn words(self) -> &'static str {
        match self {
            Self::Instance => Kind::Instance.words(),
            Self::Volume => "volume",
            Self::Image => Kind::Image.words(),
            Self::Snapshot => "snapshot",
            Self::SecurityGroup => Kind::SecurityGroup.words(),
            Self::KeyPair => Kind::KeyPair.words(),
            Self::LaunchTemplate => Kind::LaunchTemplate.words(),
            Self::Role => Kind::InstanceProfile.words(),
        }
    }
}

/// What removing needs to know.
#[derive(Debug, Serialize, Deserialize)]
struct Target {
    thing: Thing,
    resource: Resource,
}

/// How AWS is reached: with what the SDK finds, as no template says more.
#[derive(Debug)]
struct Way {
    accounts: Accounts,
    delay: Option<Duration>,
}

impl Way {
    /// A region; none is the SDK's.
    async fn to(&self, region: Option<String>) -> Result<Arc<Place>, String> {
        let reach = Reach {
            region,
            retries: limits::RETRIES,
            delay: self.delay,
            ..Reach::default()
        };
        let place = self.accounts.reach(&reach, &Keys::default()).await;
        place.map_err(in_words)
    }

    async fn remove(&self, data: &Json) -> Result<(), String> {
        let Target { thing, resource } =
            serde_json::from_value(data.clone()).map_err(|error| format!("what was found: {error}"))?;
        let place = self.to(resource.reach.region.clone()).await?;
        let kind = match thing {
            Thing::Volume => return done(remove::delete_volume(&place, &resource.name).await),
            Thing::Snapshot => {
                still_unfinished(&place, thing, &resource.name).await?;
                return done(remove::delete_snapshot(&place, &resource.name).await);
            }
            Thing::Image => {
                still_unfinished(&place, thing, &resource.name).await?;
                Kind::Image
            }
            Thing::Instance => Kind::Instance,
            Thing::SecurityGroup => Kind::SecurityGroup,
            Thing::KeyPair => Kind::KeyPair,
            Thing::LaunchTemplate => Kind::LaunchTemplate,
            Thing::Role => Kind::InstanceProfile,
        };
        remove::remove(kind, &place, &resource, true).await
    }
}

fn done(outcome: Result<(), crate::Failure>) -> Result<(), String> {
    outcome.map_err(|failure| in_words(failure.into()))
}

/// An error with what to do about it.
fn in_words(error: StepError) -> String {
    match error.hint {
        Some(hint) => format!("{}; {hint}", error.message),
        None => error.message,
    }
}

/// A person reads the list for as long as they like, and the build that made it may succeed meanwhile.
async fn still_unfinished(place: &Place, thing: Thing, id: &str) -> Result<(), String> {
    let finished = listing::finished(place, thing, id).await;
    if finished.map_err(|failure| in_words(failure.into()))? {
        return Err("its run has succeeded meanwhile".to_owned());
    }
    Ok(())
}

/// Everything but roles.
#[derive(Debug)]
struct Regions(Arc<Way>);

#[async_trait]
impl Sweeper for Regions {
    fn kind(&self) -> &'static str {
        "amazon"
    }

    async fn find(&self, scope: &SweepScope) -> Result<Vec<Found>, String> {
        let named: BTreeSet<_> = scope.regions.iter().cloned().map(Some).collect();
        let regions = if named.is_empty() {
            BTreeSet::from([None])
        } else {
            named
        };
        let mut seen = Vec::new();
        for region in regions {
            let place = self.0.to(region).await?;
            let here = listing::region(&place).await;
            seen.extend(here.map_err(|failure| format!("{}: {}", place.region, in_words(failure.into())))?);
        }
        found(seen, scope.older_than)
    }

    async fn remove(&self, found: &Found) -> Result<(), String> {
        self.0.remove(&found.data).await
    }

    fn limit(&self) -> Duration {
        limits::CLEANUP
    }
}
