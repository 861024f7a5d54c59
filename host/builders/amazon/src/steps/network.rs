//! Where the instance goes: VPC and subnet by filter.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::Subnet;
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use super::source_ami::filters;
use crate::{Failure, build::Build, options::SubnetFilter, watch::filter};

/// `StepNetworkInfo`.
#[derive(Debug)]
pub(crate) struct NetworkInfo {
    build: Arc<Build>,
}

impl NetworkInfo {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self { build: build.clone() }
    }

    async fn vpc(&self) -> Result<Option<String>, StepError> {
        let run = &self.build.config.run;
        if let Some(vpc) = &run.vpc_id {
            return Ok(Some(vpc.clone()));
        }
        let Some(wanted) = &run.vpc_filter else {
            return Ok(None);
        };
        let place = self.build.place().await?;
        let answer = place
            .ec2
            .describe_vpcs()
            .set_filters(Some(filters(wanted)))
            .send()
            .await
            .map_err(Failure::of("DescribeVpcs"))?;
        match answer.vpcs() {
            [vpc] => Ok(vpc.vpc_id().map(str::to_owned)),
            found => Err(StepError::new(format!(
                "Exactly one VPC should match the filter, but {} VPCs were found",
                found.len()
            ))
            .hint("make `vpc_filter` more exact, or set `vpc_id`")),
        }
    }

    async fn subnet(&self, wanted: &SubnetFilter, vpc: Option<&str>) -> Result<Subnet, StepError> {
        let place = self.build.place().await?;
        let mut call = place
            .ec2
            .describe_subnets()
            .set_filters(Some(filters(&wanted.filter)));
        if let Some(vpc) = vpc {
            call = call.filters(filter("vpc-id", [vpc]));
        }
        if let Some(zone) = &self.build.config.run.availability_zone {
            call = call.filters(filter("availability-zone", [zone]));
        }
        let answer = call.send().await.map_err(Failure::of("DescribeSubnets"))?;
        let found = answer.subnets.unwrap_or_default();
        let chosen = match found.len() {
            0 => None,
            1 => found.into_iter().next(),
            _ if wanted.most_free => found
                .into_iter()
                .max_by_key(|subnet| subnet.available_ip_address_count()),
            count if wanted.random => found.into_iter().nth(fastrand::usize(..count)),
            count => {
                return Err(StepError::new(format!(
                    "Your filter matched {count} Subnets. Please try a more specific search, or set random or most_free to true."
                )));
            }
        };
        chosen.ok_or_else(|| {
            StepError::new("No Subnets was found matching filters")
                .hint("check `subnet_filter`, `vpc_id` and `region`")
        })
    }
}

#[async_trait]
impl BuildStep for NetworkInfo {
    fn name(&self) -> &'static str {
        "StepNetworkInfo"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let run = &self.build.config.run;
        if self.build.state().subnet.is_none() {
            let vpc = self.vpc().await?;
            if let (Some(vpc), Some(_)) = (&vpc, &run.vpc_filter) {
                cx.events.message(format!("Found VPC ID: {vpc}"));
            }
            match &run.subnet_filter {
                Some(wanted) => {
                    let subnet = self.subnet(wanted, vpc.as_deref()).await?;
                    let id = subnet.subnet_id().unwrap_or_default().to_owned();
                    cx.events.message(format!("Found Subnet ID: {id}"));
                    let mut state = self.build.state();
                    state.subnet = Some(id);
                    state.vpc = subnet.vpc_id().map(str::to_owned);
                    state.zone = subnet.availability_zone().map(str::to_owned);
                }
                None => self.build.state().vpc = vpc,
            }
        }
        let mut state = self.build.state();
        if state.zone.is_none() {
            state.zone.clone_from(&run.availability_zone);
        }
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}
