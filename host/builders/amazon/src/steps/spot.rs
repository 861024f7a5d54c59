//! The instance, from spare capacity: a launch template that says what, a fleet that says which types and at what price.
//!
//! The fleet is of type `instant`: it starts one instance or none, and is nothing that stays.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_ec2::types::{
    DefaultTargetCapacityType, FleetLaunchTemplateConfigRequest, FleetLaunchTemplateOverridesRequest,
    FleetLaunchTemplateSpecificationRequest, FleetType, InstanceType,
    LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateEbsBlockDeviceRequest,
    LaunchTemplateIamInstanceProfileSpecificationRequest,
    LaunchTemplateInstanceNetworkInterfaceSpecificationRequest, LaunchTemplateTagSpecificationRequest,
    RequestLaunchTemplateData, ResourceType, SpotAllocationStrategy, SpotOptionsRequest,
    TargetCapacitySpecificationRequest, VolumeType,
};
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use super::{
    launch::{launch_tags, terminate, until_ready, user_data},
    undo::undo,
};
use crate::{
    Failure,
    access::Place,
    build::{Build, unique_name},
    limits,
    options::BlockDevice,
    resource::{Kind, Recorded, Tags},
};

/// `StepRunSpotInstance`.
#[derive(Debug)]
pub(crate) struct RunSpotInstance {
    build: Arc<Build>,
    template: Option<Recorded>,
    instance: Option<Recorded>,
}

impl RunSpotInstance {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self {
            build: build.clone(),
            template: None,
            instance: None,
        }
    }

    fn template_data(&self, tags: &Tags, volume_tags: &Tags) -> RequestLaunchTemplateData {
        let (config, run) = (&self.build.config, &self.build.config.run);
        let state = self.build.state();
        let source = state.source.as_ref().and_then(|image| image.image_id());
        let tagged = |kind, tags: &Tags| {
            LaunchTemplateTagSpecificationRequest::builder()
                .resource_type(kind)
                .set_tags(Some(tags.list()))
                .build()
        };
        let mut data = RequestLaunchTemplateData::builder()
            .set_image_id(source.map(str::to_owned))
            .set_key_name(state.key_name.clone())
            .set_user_data(run.user_data.as_ref().map(user_data))
            .set_block_device_mappings(mappings(&config.launch_mappings))
            .set_iam_instance_profile(state.profile.as_ref().map(|name| {
                LaunchTemplateIamInstanceProfileSpecificationRequest::builder()
                    .name(name)
                    .build()
            }))
            .tag_specifications(tagged(ResourceType::Instance, tags))
            .tag_specifications(tagged(ResourceType::Volume, volume_tags));
        if run.ebs_optimized {
            data = data.ebs_optimized(true);
        }
        match run.associate_public_ip_address {
            Some(public) => data.network_interfaces(
                LaunchTemplateInstanceNetworkInterfaceSpecificationRequest::builder()
                    .device_index(0)
                    .delete_on_termination(true)
                    .associate_public_ip_address(public)
                    .set_subnet_id(state.subnet.clone())
                    .set_groups(Some(state.groups.clone()))
                    .build(),
            ),
            None => data.set_security_group_ids(Some(state.groups.clone())),
        }
        .build()
    }

    async fn make_template(
        &mut self,
        place: &Place,
        tags: &Tags,
        volume_tags: &Tags,
        cx: &BuildContext,
    ) -> Result<String, StepError> {
        let name = unique_name();
        let recorded = self
            .template
            .insert(Recorded::new(cx, Kind::LaunchTemplate, place, &name)?);
        let mut recorded_now = recorded.clone();
        let call = place
            .ec2
            .create_launch_template()
            .client_token(&name)
            .launch_template_name(&name)
            .launch_template_data(self.template_data(tags, volume_tags))
            .tag_specifications(
                self.build
                    .run_tags(cx)?
                    .specification(ResourceType::LaunchTemplate),
            );
        match call.send().await.map_err(Failure::of("CreateLaunchTemplate")) {
            Ok(answer) => {
                let id = answer
                    .launch_template()
                    .and_then(|template| template.launch_template_id());
                recorded_now.is(id.unwrap_or(&name))?;
            }
            // A try whose answer was lost has made it: nobody else knows this name.
            Err(failure) if failure.code() == "InvalidLaunchTemplateName.AlreadyExistsException" => {
                recorded_now.is(&name)?;
            }
            Err(failure) => return Err(self.build.explain(failure).await),
        }
        self.template = Some(recorded_now);
        Ok(name)
    }

    async fn fleet(
        &self,
        place: &Place,
        template: &str,
        token: &str,
        cx: &BuildContext,
    ) -> Result<String, StepError> {
        let run = &self.build.config.run;
        let (subnet, zone) = {
            let state = self.build.state();
            (state.subnet.clone(), state.zone.clone())
        };
        let types: Vec<&String> = run.spot_instance_types.iter().chain(&run.instance_type).collect();
        let overrides = types.into_iter().map(|kind| {
            let mut one = FleetLaunchTemplateOverridesRequest::builder()
                .instance_type(InstanceType::from(kind.as_str()))
                .set_max_price(run.spot_price.clone());
            if run.associate_public_ip_address.is_none() {
                one = one.set_subnet_id(subnet.clone());
            }
            one.set_availability_zone(zone.clone().filter(|_| subnet.is_none()))
                .build()
        });
        let config = FleetLaunchTemplateConfigRequest::builder()
            .launch_template_specification(
                FleetLaunchTemplateSpecificationRequest::builder()
                    .launch_template_name(template)
                    .version("1")
                    .build(),
            )
            .set_overrides(Some(overrides.collect()))
            .build();
        let strategy = run.spot_allocation_strategy.as_deref().unwrap_or("lowest-price");
        let tags = self.build.run_tags(cx)?.and(self.build.tags(&run.fleet_tags)?);
        let call = place
            .ec2
            .create_fleet()
            .client_token(token)
            .r#type(FleetType::Instant)
            .launch_template_configs(config)
            .spot_options(
                SpotOptionsRequest::builder()
                    .allocation_strategy(SpotAllocationStrategy::from(strategy))
                    .build(),
            )
            .target_capacity_specification(
                TargetCapacitySpecificationRequest::builder()
                    .total_target_capacity(1)
                    .default_target_capacity_type(DefaultTargetCapacityType::Spot)
                    .build(),
            )
            .tag_specifications(tags.specification(ResourceType::Fleet));
        let answer = match call.send().await.map_err(Failure::of("CreateFleet")) {
            Ok(answer) => answer,
            Err(failure) => return Err(self.build.explain(failure).await),
        };
        let id = answer
            .instances()
            .iter()
            .flat_map(|one| one.instance_ids())
            .next();
        id.cloned().ok_or_else(|| {
            let reasons = answer.errors().iter().map(|error| {
                format!(
                    "{}: {}",
                    error.error_code().unwrap_or_default(),
                    error.error_message().unwrap_or_default()
                )
            });
            let reasons: Vec<String> = reasons.collect();
            StepError::new(format!("AWS started no spot instance: {}", reasons.join("; ")))
                .hint("name more `spot_instance_types`, raise `spot_price`, or use another region")
        })
    }
}

fn mappings(devices: &[BlockDevice]) -> Option<Vec<LaunchTemplateBlockDeviceMappingRequest>> {
    let mapping = |device: &BlockDevice| {
        let mapping = LaunchTemplateBlockDeviceMappingRequest::builder().device_name(&device.device_name);
        if device.no_device {
            return mapping.no_device("").build();
        }
        if let Some(name) = &device.virtual_name
            && name.starts_with("ephemeral")
        {
            return mapping.virtual_name(name).build();
        }
        let ebs = LaunchTemplateEbsBlockDeviceRequest::builder()
            .delete_on_termination(device.delete_on_termination)
            .set_encrypted(device.encrypted)
            .set_iops(device.iops)
            .set_throughput(device.throughput)
            .set_kms_key_id(device.kms_key_id.clone())
            .set_snapshot_id(device.snapshot_id.clone())
            .set_volume_type(device.volume_type.as_deref().map(VolumeType::from))
            .set_volume_size(device.volume_size)
            .build();
        mapping.ebs(ebs).build()
    };
    (!devices.is_empty()).then(|| devices.iter().map(mapping).collect())
}

#[async_trait]
impl BuildStep for RunSpotInstance {
    fn name(&self) -> &'static str {
        "StepRunSpotInstance"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let build = self.build.clone();
        let place = build.place().await?;
        let token = build.token()?;
        cx.events.say("Launching a spot AWS instance...");
        let (tags, volume_tags) = launch_tags(&build, cx, &token)?;
        let tags = tags.and(build.tags(&build.config.run.spot_tags)?);
        let template = self.make_template(&place, &tags, &volume_tags, cx).await?;
        self.instance = Some(Recorded::new(cx, Kind::Instance, &place, &token)?);
        let id = self.fleet(&place, &template, &token, cx).await?;
        if let Some(instance) = &mut self.instance {
            instance.is(&id)?;
        }
        until_ready(&build, &place, &id, cx).await
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let ended = terminate(&self.build, &mut self.instance, cx).await;
        if self.template.is_some() {
            // Also where the instance would not end.
            let place = self.build.place().await?;
            undo(Kind::LaunchTemplate, &place, &mut self.template).await?;
        }
        ended
    }

    fn cleanup_limit(&self) -> Duration {
        limits::CLEANUP
    }
}
