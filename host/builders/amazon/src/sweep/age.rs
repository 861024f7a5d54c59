//! How old what was seen is, and what of it is found.

use std::{collections::HashMap, time::Duration};

use aws_smithy_types::DateTime;
use jiff::Timestamp;
use kilnbox_engine::Found;

use super::{Target, Thing};
use crate::{access::Place, resource::Resource};

/// A thing that bears a run's tag.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) target: Target,
    /// None where AWS does not tell.
    pub(super) made: Option<Timestamp>,
    /// Whether it is to be removed; else it only tells how old its run is.
    pub(super) left: bool,
}

impl Seen {
    /// Something that is to be removed, by its id, or by its name where that is what the call takes.
    pub(super) fn new(thing: Thing, place: &Place, run: &str, name: &str, made: Option<Timestamp>) -> Self {
        // A key pair's name may be somebody else's by now, so it is looked up again, with its tags.
        let id = (thing != Thing::KeyPair).then(|| name.to_owned());
        let resource = Resource {
            run: run.to_owned(),
            name: name.to_owned(),
            id,
            reach: place.reach.clone(),
        };
        Self {
            target: Target { thing, resource },
            made,
            left: true,
        }
    }

    fn what(&self) -> String {
        let Target { thing, resource } = &self.target;
        let region = resource.reach.region.as_deref().unwrap_or_default();
        let place = if *thing == Thing::Role { "IAM" } else { region };
        format!("{} {} in {place}", thing.words(), resource.name)
    }
}

/// What is to be removed of all that was seen, in the order in which it is. A run of which anything is younger than
/// `older_than`, or of which nothing tells its age, is younger as a whole.
pub(super) fn found(mut seen: Vec<Seen>, older_than: Duration) -> Result<Vec<Found>, String> {
    let now = Timestamp::now();
    let mut youngest = HashMap::<String, Duration>::new();
    for one in &seen {
        if let Some(age) = one.made.map(|made| age(made, now)) {
            let of_run = youngest.entry(one.target.resource.run.clone()).or_insert(age);
            *of_run = age.min(*of_run);
        }
    }
    seen.retain(|one| one.left);
    seen.sort_by_key(|one| one.target.thing);
    let found = seen.into_iter().map(|one| {
        let run = one.target.resource.run.clone();
        let of_run = youngest.get(&run).copied().unwrap_or_default();
        let own = one.made.map(|made| age(made, now));
        Ok(Found {
            what: one.what(),
            age: own.filter(|_| of_run >= older_than).unwrap_or(of_run),
            run,
            data: serde_json::to_value(&one.target).map_err(|error| error.to_string())?,
        })
    });
    found.collect()
}

/// None at all for what AWS's clock says is yet to be made.
fn age(made: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(made)).unwrap_or_default()
}

/// A time as the SDK has it.
pub(super) fn time(time: Option<&DateTime>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Reach;

    const HOUR: Duration = Duration::from_secs(3600);

    fn seen(thing: Thing, run: &str, name: &str, age: Option<Duration>, left: bool) -> Seen {
        let resource = Resource {
            run: run.to_owned(),
            name: name.to_owned(),
            id: None,
            reach: Reach {
                region: Some("here".to_owned()),
                ..Reach::default()
            },
        };
        Seen {
            target: Target { thing, resource },
            made: age.map(|age| Timestamp::now() - age),
            left,
        }
    }

    fn old(seen: Vec<Seen>) -> Vec<String> {
        let found = found(seen, HOUR).unwrap().into_iter();
        found
            .filter(|found| found.age >= HOUR)
            .map(|found| found.what)
            .collect()
    }

    #[test]
    fn each_goes_before_what_it_uses() {
        let all = [
            Thing::Role,
            Thing::KeyPair,
            Thing::SecurityGroup,
            Thing::Snapshot,
            Thing::Image,
            Thing::Volume,
            Thing::Instance,
        ];
        let all = all.map(|thing| seen(thing, "a", "x", Some(2 * HOUR), true));
        assert_eq!(
            old(all.into()),
            [
                "instance x in here",
                "volume x in here",
                "AMI x in here",
                "snapshot x in here",
                "security group x in here",
                "key pair x in here",
                "instance profile and role x in IAM"
            ]
        );
    }

    #[test]
    fn a_run_is_as_young_as_the_youngest_it_made() {
        let groups = [
            seen(Thing::SecurityGroup, "old", "1", None, true),
            seen(Thing::SecurityGroup, "young", "2", None, true),
            seen(Thing::SecurityGroup, "of unknown age", "3", None, true),
            seen(Thing::SecurityGroup, "succeeded just now", "4", None, true),
            seen(Thing::KeyPair, "old", "5", Some(2 * HOUR), true),
            seen(Thing::KeyPair, "young", "6", Some(3 * HOUR), true),
            seen(Thing::Instance, "young", "7", Some(HOUR / 2), true),
            seen(
                Thing::Image,
                "succeeded just now",
                "8",
                Some(Duration::ZERO),
                false,
            ),
        ];
        assert_eq!(
            old(groups.into()),
            ["security group 1 in here", "key pair 5 in here"]
        );
    }

    #[test]
    fn what_is_of_the_future_is_young() {
        let mut ahead = seen(Thing::KeyPair, "a", "1", Some(HOUR), true);
        ahead.made = Some(Timestamp::now() + 2 * HOUR);
        assert_eq!(found(vec![ahead], HOUR).unwrap()[0].age, Duration::ZERO);
    }
}
