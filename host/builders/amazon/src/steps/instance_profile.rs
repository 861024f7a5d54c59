//! What the instance may do at AWS: a profile for this build alone where the template has a policy for it.

use std::sync::Arc;

use async_trait::async_trait;
use kilnbox_engine::{BuildContext, BuildStep, StepError};
use serde_json::json;

use super::undo::undo;
use crate::{
    Failure,
    access::Place,
    build::{Build, unique_name},
    limits,
    resource::{Kind, Recorded, Tags},
};

/// `StepIamInstanceProfile`.
#[derive(Debug)]
pub(crate) struct InstanceProfile {
    build: Arc<Build>,
    made: Option<Recorded>,
}

impl InstanceProfile {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self {
            build: build.clone(),
            made: None,
        }
    }

    async fn make(&self, place: &Place, name: &str, policy: &str, tags: &Tags) -> Result<(), Failure> {
        let iam = &place.iam;
        let tags: Vec<_> = tags
            .pairs()
            .filter_map(|(key, value)| {
                aws_sdk_iam::types::Tag::builder()
                    .key(key)
                    .value(value)
                    .build()
                    .ok()
            })
            .collect();
        // The name is this build's alone: what exists already was made by a try whose answer was lost.
        let made = |outcome: Result<(), Failure>| match outcome {
            Err(failure) if failure.code() == "EntityAlreadyExists" => Ok(()),
            outcome => outcome,
        };
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Service": "ec2.amazonaws.com" },
                "Action": "sts:AssumeRole",
            }],
        });
        let call = iam
            .create_role()
            .role_name(name)
            .description("Temporary role of a Kilnbox build")
            .assume_role_policy_document(trust.to_string())
            .set_tags(Some(tags.clone()));
        made(call.send().await.map(drop).map_err(Failure::of("CreateRole")))?;
        let call = iam
            .put_role_policy()
            .role_name(name)
            .policy_name(name)
            .policy_document(policy);
        call.send().await.map_err(Failure::of("PutRolePolicy"))?;
        let call = iam
            .create_instance_profile()
            .instance_profile_name(name)
            .set_tags(Some(tags));
        made(
            call.send()
                .await
                .map(drop)
                .map_err(Failure::of("CreateInstanceProfile")),
        )?;
        let call = iam
            .add_role_to_instance_profile()
            .instance_profile_name(name)
            .role_name(name);
        match call
            .send()
            .await
            .map(drop)
            .map_err(Failure::of("AddRoleToInstanceProfile"))
        {
            // A profile takes one role; the lost try has put it there.
            Err(failure) if matches!(failure.code(), "LimitExceeded" | "EntityAlreadyExists") => Ok(()),
            outcome => outcome,
        }
    }
}

#[async_trait]
impl BuildStep for InstanceProfile {
    fn name(&self) -> &'static str {
        "StepIamInstanceProfile"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let run = &self.build.config.run;
        let place = self.build.place().await?;
        if let Some(name) = &run.iam_instance_profile {
            if !run.skip_profile_validation {
                let call = place.iam.get_instance_profile().instance_profile_name(name);
                call.send().await.map_err(Failure::of("GetInstanceProfile"))?;
            }
            self.build.state().profile = Some(name.clone());
            return Ok(());
        }
        let Some(policy) = &run.temporary_iam_instance_profile_policy_document else {
            return Ok(());
        };
        let name = unique_name();
        cx.events.say(format!(
            "Creating temporary instance profile for this instance: {name}"
        ));
        let tags = self.build.run_tags(cx)?;
        self.made = Some(Recorded::new(cx, Kind::InstanceProfile, &place, &name)?);
        if let Err(failure) = self.make(&place, &name, &policy.to_string(), &tags).await {
            return Err(self.build.explain(failure).await);
        }
        if let Some(made) = &mut self.made {
            made.is(&name)?;
        }
        self.build.state().profile = Some(name);
        Ok(())
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        if self.made.is_none() {
            return Ok(());
        }
        cx.events.say("Deleting temporary instance profile...");
        let place = self.build.place().await?;
        undo(Kind::InstanceProfile, &place, &mut self.made).await
    }

    fn cleanup_limit(&self) -> std::time::Duration {
        limits::CLEANUP
    }
}
