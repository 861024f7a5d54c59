//! What an account has, to be compared.
//!
//! Left out is what nobody made: each region's `default` security group, and Amazon's images with their snapshots.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use roxmltree::{Document, Node};

use super::{Account, answer::child};

/// A thing that an account has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    /// Such as `ap-northeast-1`, or `global`.
    pub region: String,
    /// Such as `instance`.
    pub kind: &'static str,
    /// Its identifier, or its name where it has none.
    pub id: String,
}

impl fmt::Display for Thing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} {}", self.region, self.kind, self.id)
    }
}

/// All that an account has in some regions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    things: BTreeSet<Thing>,
}

/// How a kind of thing is listed: action, the list in the answer, the identifier in its items.
struct Kind {
    name: &'static str,
    action: &'static str,
    list: &'static str,
    id: &'static str,
}

const fn kind(name: &'static str, action: &'static str, list: &'static str, id: &'static str) -> Kind {
    Kind {
        name,
        action,
        list,
        id,
    }
}

const REGIONAL: &[Kind] = &[
    kind("instance", "DescribeInstances", "instancesSet", "instanceId"),
    kind("key pair", "DescribeKeyPairs", "keySet", "keyName"),
    kind(
        "security group",
        "DescribeSecurityGroups",
        "securityGroupInfo",
        "groupId",
    ),
    kind("volume", "DescribeVolumes", "volumeSet", "volumeId"),
    kind("image", "DescribeImages", "imagesSet", "imageId"),
    kind("snapshot", "DescribeSnapshots", "snapshotSet", "snapshotId"),
    kind(
        "launch template",
        "DescribeLaunchTemplates",
        "launchTemplates",
        "launchTemplateId",
    ),
    kind("fleet", "DescribeFleets", "fleetSet", "fleetId"),
    kind(
        "spot request",
        "DescribeSpotInstanceRequests",
        "spotInstanceRequestSet",
        "spotInstanceRequestId",
    ),
    kind("address", "DescribeAddresses", "addressesSet", "allocationId"),
    kind(
        "network interface",
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        "networkInterfaceId",
    ),
];

const GLOBAL: &[Kind] = &[
    kind(
        "instance profile",
        "ListInstanceProfiles",
        "InstanceProfiles",
        "InstanceProfileName",
    ),
    kind("role", "ListRoles", "Roles", "RoleName"),
];

impl Census {
    pub(super) fn take(account: &Account, regions: &[&str]) -> Self {
        let mut things = BTreeSet::new();
        for region in regions {
            let mut instances = BTreeSet::new();
            for kind in REGIONAL {
                let answer = account.ask(region, kind.action, &[]);
                let found = list(&answer, kind, |item| counts(kind, item, account.id(), &instances));
                if kind.name == "instance" {
                    instances.extend(found.iter().cloned());
                }
                things.extend(found.into_iter().map(|id| Thing {
                    region: (*region).to_owned(),
                    kind: kind.name,
                    id,
                }));
            }
        }
        for kind in GLOBAL {
            let answer = account.shared.moto.call_service(
                "iam",
                "2010-05-08",
                account.id(),
                "us-east-1",
                kind.action,
                &BTreeMap::new(),
            );
            things.extend(list(&answer, kind, |_| true).into_iter().map(|id| Thing {
                region: "global".to_owned(),
                kind: kind.name,
                id,
            }));
        }
        Self { things }
    }

    /// Everything, in order.
    pub fn things(&self) -> impl Iterator<Item = &Thing> {
        self.things.iter()
    }

    /// What is here and was not there.
    pub fn since<'a>(&'a self, before: &'a Self) -> Vec<&'a Thing> {
        self.things.difference(&before.things).collect()
    }

    /// How many there are of each kind.
    pub fn kinds(&self) -> BTreeMap<&'static str, usize> {
        let mut kinds = BTreeMap::new();
        for thing in &self.things {
            *kinds.entry(thing.kind).or_default() += 1;
        }
        kinds
    }
}

/// The identifiers of the items that count.
fn list(answer: &str, kind: &Kind, counts: impl Fn(Node<'_, '_>) -> bool) -> Vec<String> {
    let document =
        Document::parse(answer).unwrap_or_else(|error| panic!("{}: {error}\n{answer}", kind.action));
    let lists: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name_here(kind.list))
        .collect();
    // Reservations, not instances, are the outer list: without any of them there is no inner one.
    assert!(
        !lists.is_empty() || answer.contains("<reservationSet/>"),
        "{} is answered with\n{answer}",
        kind.action
    );
    lists
        .iter()
        .flat_map(|list| list.children().filter(Node::is_element))
        .filter(|item| counts(*item))
        .map(|item| child(item, kind.id).unwrap_or_else(|| panic!("no {} in\n{answer}", kind.id)))
        .collect()
}

/// Whether an item is something that the account made, has, and would pay for or trip over.
fn counts(kind: &Kind, item: Node<'_, '_>, account: &str, instances: &BTreeSet<String>) -> bool {
    let is = |name: &str, value: &str| child(item, name).as_deref() == Some(value);
    let state = |name: &str| {
        let states = item.children().find(|node| node.has_tag_name_here(name));
        states.and_then(|node| child(node, "name"))
    };
    match kind.name {
        "instance" => state("instanceState").as_deref() != Some("terminated"),
        "security group" => !is("groupName", "default"),
        "image" => is("imageOwnerId", account),
        "snapshot" => is("ownerId", account),
        // AWS does not list fleets of this type either: they are their instances.
        "fleet" => !is("type", "instant") && !is("fleetState", "deleted_terminating"),
        // moto keeps these open when their instance is terminated, and the next keep theirs.
        "spot request" => ["open", "active"].iter().any(|state| is("state", state)) && lives(item, instances),
        "network interface" => lives(item, instances),
        _ => true,
    }
}

/// Whether the instance that an item is about is there. One that is about none lives, too.
fn lives(item: Node<'_, '_>, instances: &BTreeSet<String>) -> bool {
    let mut about = item
        .descendants()
        .filter(|node| node.has_tag_name_here("instanceId"));
    about
        .next()
        .is_none_or(|node| instances.contains(node.text().unwrap_or_default()))
}

/// Elements have the name space of their service's version.
trait Here {
    fn has_tag_name_here(&self, name: &str) -> bool;
}

impl Here for Node<'_, '_> {
    fn has_tag_name_here(&self, name: &str) -> bool {
        self.tag_name().name() == name
    }
}
