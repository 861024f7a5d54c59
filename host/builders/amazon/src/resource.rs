//! What a build makes at AWS, as the journal knows it (invariant 5), and the tags all of it carries.
//!
//! Everything has a name, or a token, that nobody else has and that is chosen before it is asked for. So what a killed
//! process left is found without the id that it never learned.

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use kilnbox_engine::{BuildContext, Entry, StepError};
use serde::{Deserialize, Serialize};

use crate::access::{Place, Reach};

/// The run that made it.
pub(crate) const TAG_RUN: &str = "kilnbox:run";
/// [`RUNNING`] or [`FINISHED`].
pub(crate) const TAG_STATE: &str = "kilnbox:state";
/// The token an instance was asked for with.
pub(crate) const TAG_TOKEN: &str = "kilnbox:token";
/// When a security group was asked for, as RFC 3339: AWS gives those no time of their own.
pub(crate) const TAG_MADE: &str = "kilnbox:made";
/// Its run has not succeeded, or not yet.
pub(crate) const RUNNING: &str = "running";
/// It belongs to the user.
pub(crate) const FINISHED: &str = "finished";

/// The kinds of resources, as the journal names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    KeyPair,
    SecurityGroup,
    InstanceProfile,
    LaunchTemplate,
    Instance,
    /// Volumes that outlive their instance.
    Volumes,
    Image,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::KeyPair,
        Self::SecurityGroup,
        Self::InstanceProfile,
        Self::LaunchTemplate,
        Self::Instance,
        Self::Volumes,
        Self::Image,
    ];

    /// For the journal.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::KeyPair => "amazon.key-pair",
            Self::SecurityGroup => "amazon.security-group",
            Self::InstanceProfile => "amazon.instance-profile",
            Self::LaunchTemplate => "amazon.launch-template",
            Self::Instance => "amazon.instance",
            Self::Volumes => "amazon.volumes",
            Self::Image => "amazon.image",
        }
    }

    /// For people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::KeyPair => "key pair",
            Self::SecurityGroup => "security group",
            Self::InstanceProfile => "instance profile and role",
            Self::LaunchTemplate => "launch template",
            Self::Instance => "instance",
            Self::Volumes => "volumes of instance",
            Self::Image => "AMI",
        }
    }
}

/// One resource, enough to find and remove it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resource {
    /// The run that makes it.
    pub(crate) run: String,
    /// Its name, or the token it is asked for with.
    pub(crate) name: String,
    /// The id AWS gave it, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Where it is and how to get there.
    pub(crate) reach: Reach,
}

/// A resource that is written down.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    entry: Entry,
    resource: Resource,
}

impl Recorded {
    /// Writes down what is about to be made.
    pub(crate) fn new(cx: &BuildContext, kind: Kind, place: &Place, name: &str) -> Result<Self, StepError> {
        let resource = Resource {
            run: cx.journal.run_id().to_owned(),
            name: name.to_owned(),
            id: None,
            reach: place.reach.clone(),
        };
        let entry = cx
            .journal
            .record(kind.name(), json(&resource)?)
            .map_err(|error| StepError::new(error.to_string()))?;
        Ok(Self { entry, resource })
    }

    /// The id is known now.
    pub(crate) fn is(&mut self, id: &str) -> Result<(), StepError> {
        self.resource.id = Some(id.to_owned());
        self.entry
            .update(json(&self.resource)?)
            .map_err(|error| StepError::new(error.to_string()))
    }

    pub(crate) fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Whether the call that makes it has answered, so that nothing is on its way any more.
    pub(crate) fn settled(&self) -> bool {
        self.resource.id.is_some()
    }

    /// It is gone, or the user's.
    pub(crate) fn strike(self) -> Result<(), StepError> {
        self.entry
            .strike()
            .map_err(|error| StepError::new(error.to_string()))
    }
}

fn json(resource: &Resource) -> Result<serde_json::Value, StepError> {
    serde_json::to_value(resource).map_err(|error| StepError::new(error.to_string()))
}

/// Tags by key; a later one wins over an earlier one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags(BTreeMap<String, String>);

impl Tags {
    /// What every resource of a run carries.
    pub(crate) fn of_run(run: &str) -> Self {
        Self::default().and([
            (TAG_RUN.to_owned(), run.to_owned()),
            (TAG_STATE.to_owned(), RUNNING.to_owned()),
        ])
    }

    /// These and more. What Kilnbox says of a resource, no template overrides.
    #[must_use]
    pub(crate) fn and(mut self, more: impl IntoIterator<Item = (String, String)>) -> Self {
        for (key, value) in more {
            if !(key.starts_with("kilnbox:") && self.0.contains_key(&key)) {
                self.0.insert(key, value);
            }
        }
        self
    }

    /// Key and value of each.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// For a call that tags what is there.
    pub(crate) fn list(&self) -> Vec<Tag> {
        self.0
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect()
    }

    /// For a call that makes something.
    pub(crate) fn specification(&self, kind: ResourceType) -> TagSpecification {
        TagSpecification::builder()
            .resource_type(kind)
            .set_tags(Some(self.list()))
            .build()
    }
}

/// Whether `tags` are those of a resource that `run` made.
pub(crate) fn made_by(run: &str, tags: &[Tag]) -> bool {
    tags.iter()
        .any(|tag| tag.key() == Some(TAG_RUN) && tag.value() == Some(run))
}

/// An image that a build made, until the user has it.
#[derive(Clone, Debug)]
pub(crate) struct MadeImage {
    pub(crate) place: Arc<Place>,
    pub(crate) id: String,
    /// Those behind it.
    pub(crate) snapshots: Vec<String>,
    pub(crate) recorded: Recorded,
}
