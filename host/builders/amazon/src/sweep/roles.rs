//! Roles with their instance profiles, which belong to no region.
//!
//! IAM lists roles without their tags, so the names tell of which ones to ask for them. The role is made first and
//! removed last: a profile without its role is none of ours.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kilnbox_engine::{Found, SweepScope, Sweeper};

use super::{
    Thing, Way,
    age::{Seen, found, time},
    in_words,
};
use crate::{
    Failure,
    access::Place,
    limits,
    resource::{RUNNING, TAG_RUN, TAG_STATE},
};

/// How the names begin that a build gives.
const NAMES: &str = "kilnbox_";

/// Sweeps IAM.
#[derive(Debug)]
pub(super) struct Roles(pub(super) Arc<Way>);

#[async_trait]
impl Sweeper for Roles {
    fn kind(&self) -> &'static str {
        "amazon-iam"
    }

    async fn find(&self, scope: &SweepScope) -> Result<Vec<Found>, String> {
        let place = self.0.to(scope.regions.first().cloned()).await?;
        let seen = roles(&place).await;
        found(
            seen.map_err(|failure| in_words(failure.into()))?,
            scope.older_than,
        )
    }

    async fn remove(&self, found: &Found) -> Result<(), String> {
        self.0.remove(&found.data).await
    }

    fn limit(&self) -> Duration {
        limits::CLEANUP
    }
}

async fn roles(place: &Place) -> Result<Vec<Seen>, Failure> {
    let listed = place.iam.list_roles().into_paginator().items().send();
    let roles = listed
        .collect::<Result<Vec<_>, _>>()
        .await
        .map_err(Failure::of("ListRoles"))?;
    let mut seen = Vec::new();
    for role in roles.iter().filter(|role| role.role_name().starts_with(NAMES)) {
        let name = role.role_name();
        let listed = place
            .iam
            .list_role_tags()
            .role_name(name)
            .into_paginator()
            .items()
            .send();
        let tags = match listed
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(Failure::of("ListRoleTags"))
        {
            Ok(tags) => tags,
            Err(failure) if failure.is_gone() => continue,
            Err(failure) => return Err(failure),
        };
        let value = |key| tags.iter().find(|tag| tag.key() == key).map(|tag| tag.value());
        if let (Some(run), Some(RUNNING)) = (value(TAG_RUN), value(TAG_STATE)) {
            let made = time(Some(role.create_date()));
            seen.push(Seen::new(Thing::Role, place, run, name, made));
        }
    }
    Ok(seen)
}
