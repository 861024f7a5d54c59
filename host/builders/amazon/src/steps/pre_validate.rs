//! What can be known to be wrong before anything is made: the regions, the network, the name of the image.

use std::sync::Arc;

use async_trait::async_trait;
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use crate::{
    Failure,
    access::Place,
    build::Build,
    watch::{filter, own_images},
};

/// `StepPreValidate`.
#[derive(Debug)]
pub(crate) struct PreValidate {
    build: Arc<Build>,
}

impl PreValidate {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self { build: build.clone() }
    }

    async fn regions(&self, place: &Place) -> Result<(), StepError> {
        let ami = &self.build.config.ami;
        if ami.skip_region_validation || ami.ami_regions.is_empty() {
            return Ok(());
        }
        let answer = place
            .ec2
            .describe_regions()
            .send()
            .await
            .map_err(Failure::of("DescribeRegions"))?;
        let known: Vec<&str> = answer
            .regions()
            .iter()
            .filter_map(|region| region.region_name())
            .collect();
        match ami
            .ami_regions
            .iter()
            .find(|region| !known.contains(&region.as_str()))
        {
            None => Ok(()),
            Some(unknown) => Err(
                StepError::new(format!("`ami_regions`: unknown region `{unknown}`")).hint(format!(
                    "this account has {}; `skip_region_validation` skips this check",
                    known.join(", ")
                )),
            ),
        }
    }

    async fn network(&self, place: &Place) -> Result<(), StepError> {
        let run = &self.build.config.run;
        let Some(subnet) = &run.subnet_id else {
            return Ok(());
        };
        let answer = place
            .ec2
            .describe_subnets()
            .subnet_ids(subnet)
            .send()
            .await
            .map_err(Failure::of("DescribeSubnets"))?;
        let Some(found) = answer.subnets().first() else {
            return Err(StepError::new(format!("the subnet {subnet} does not exist"))
                .hint("check `subnet_id` and `region`"));
        };
        if let (Some(wanted), Some(vpc)) = (&run.vpc_id, found.vpc_id())
            && wanted != vpc
        {
            return Err(
                StepError::new(format!("the subnet {subnet} is in {vpc}, not in {wanted}"))
                    .hint("leave out `vpc_id`: the subnet names its VPC"),
            );
        }
        let mut state = self.build.state();
        state.subnet = Some(subnet.clone());
        state.vpc = found.vpc_id().map(str::to_owned);
        state.zone = found.availability_zone().map(str::to_owned);
        Ok(())
    }

    async fn name_is_free(&self, place: &Place) -> Result<(), StepError> {
        let name = &self.build.config.ami.ami_name;
        let taken = own_images(&place.ec2, filter("name", [name])).await?;
        match taken.first() {
            None => Ok(()),
            Some(image) => Err(StepError::new(format!(
                "Error: AMI Name: '{name}' is used by an existing AMI: {}",
                image.image_id().unwrap_or_default()
            ))
            .hint("choose another `ami_name`, such as one with `{{timestamp}}`, or replace the image with `force_deregister`")),
        }
    }
}

#[async_trait]
impl BuildStep for PreValidate {
    fn name(&self) -> &'static str {
        "StepPreValidate"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let access = &self.build.config.access;
        let secrets = [
            &access.access_key,
            &access.secret_key,
            &access.token,
            &access.mfa_code,
        ];
        for secret in secrets.into_iter().flatten() {
            cx.secrets.add(secret.expose());
        }
        let place = self.build.place().await?;
        cx.events.say("Prevalidating any provided VPC information");
        self.network(&place).await?;
        self.regions(&place).await?;
        let config = &self.build.config;
        if config.skip_create_ami {
            return Ok(());
        }
        if config.ami.force_deregister {
            cx.events
                .say("Force Deregister flag found, skipping prevalidating AMI Name");
            return Ok(());
        }
        cx.events
            .say(format!("Prevalidating AMI Name: {}", config.ami.ami_name));
        self.name_is_free(&place).await
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}
