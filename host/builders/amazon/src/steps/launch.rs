//! The instance, on demand: launched with a token, so that no try of the call can start a second one.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_ec2::{
    operation::run_instances::builders::RunInstancesFluentBuilder,
    types::{
        CapacityReservationPreference, CapacityReservationSpecification, CapacityReservationTarget,
        CreditSpecificationRequest, HttpTokensState, IamInstanceProfileSpecification, Instance,
        InstanceMetadataEndpointState, InstanceMetadataOptionsRequest, InstanceMetadataTagsState,
        InstanceNetworkInterfaceSpecification, InstanceStateName, InstanceType, LicenseConfigurationRequest,
        Placement, ResourceType, ShutdownBehavior, Tenancy,
    },
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use super::{devices, undo::undo};
use crate::{
    Failure,
    access::Place,
    build::Build,
    limits,
    options::{self, CapacityReservation, SshInterface},
    remove::state,
    resource::{Kind, Recorded, TAG_TOKEN, Tags},
    watch::Verdict,
};

/// `StepRunSourceInstance`.
#[derive(Debug)]
pub(crate) struct RunSourceInstance {
    build: Arc<Build>,
    made: Option<Recorded>,
}

impl RunSourceInstance {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self {
            build: build.clone(),
            made: None,
        }
    }

    fn request(
        &self,
        place: &Place,
        token: &str,
        tags: &Tags,
        volume_tags: &Tags,
    ) -> RunInstancesFluentBuilder {
        let build = &self.build;
        let (config, run) = (&build.config, &build.config.run);
        let state = build.state();
        let source = state.source.as_ref().and_then(|image| image.image_id());
        let mut call = place
            .ec2
            .run_instances()
            .client_token(token)
            .min_count(1)
            .max_count(1)
            .set_image_id(source.map(str::to_owned))
            .set_instance_type(run.instance_type.as_deref().map(InstanceType::from))
            .set_key_name(state.key_name.clone())
            .set_user_data(run.user_data.as_ref().map(user_data))
            .set_block_device_mappings(devices::mappings(&config.launch_mappings))
            .instance_initiated_shutdown_behavior(match run.shutdown_behavior {
                options::ShutdownBehavior::Stop => ShutdownBehavior::Stop,
                options::ShutdownBehavior::Terminate => ShutdownBehavior::Terminate,
            })
            .set_iam_instance_profile(
                state
                    .profile
                    .as_ref()
                    .map(|name| IamInstanceProfileSpecification::builder().name(name).build()),
            )
            .set_placement(placement(run, state.zone.as_deref()))
            .set_capacity_reservation_specification(reservation(&run.capacity_reservation))
            .metadata_options(metadata(run))
            .tag_specifications(tags.specification(ResourceType::Instance))
            .tag_specifications(volume_tags.specification(ResourceType::Volume));
        if run.ebs_optimized {
            call = call.ebs_optimized(true);
        }
        if run.enable_unlimited_credits {
            call = call.credit_specification(
                CreditSpecificationRequest::builder()
                    .cpu_credits("unlimited")
                    .build(),
            );
        }
        for arn in &run.license_configuration_arns {
            let license = LicenseConfigurationRequest::builder().license_configuration_arn(arn);
            call = call.license_specifications(license.build());
        }
        // Who asks for a public address has to describe the network interface, and then everything about it there.
        match run.associate_public_ip_address {
            Some(public) => call.network_interfaces(
                InstanceNetworkInterfaceSpecification::builder()
                    .device_index(0)
                    .delete_on_termination(true)
                    .associate_public_ip_address(public)
                    .set_subnet_id(state.subnet.clone())
                    .set_groups(Some(state.groups.clone()))
                    .build(),
            ),
            None => call
                .set_subnet_id(state.subnet.clone())
                .set_security_group_ids(Some(state.groups.clone())),
        }
    }

    async fn launch(
        &self,
        call: RunInstancesFluentBuilder,
        delay: Duration,
        cx: &BuildContext,
    ) -> Result<String, StepError> {
        let mut tries = 0;
        loop {
            match call.clone().send().await.map_err(Failure::of("RunInstances")) {
                Ok(answer) => {
                    let id = answer
                        .instances()
                        .first()
                        .and_then(|instance| instance.instance_id());
                    return Ok(id
                        .ok_or_else(|| Failure::incomplete("RunInstances", "instance"))?
                        .to_owned());
                }
                // A profile that was just made is known everywhere a few seconds later.
                Err(failure)
                    if failure.to_string().contains("Invalid IAM Instance Profile")
                        && tries < limits::REMOVE_TRIES =>
                {
                    tries += 1;
                }
                Err(failure) => return Err(self.build.explain(failure).await),
            }
            tokio::select! {
                () = cx.cancel.cancelled() => return Err(StepError::cancelled()),
                () = tokio::time::sleep(delay) => {}
            }
        }
    }
}

/// What the instance and its volumes are tagged with.
pub(super) fn launch_tags(build: &Build, cx: &BuildContext, token: &str) -> Result<(Tags, Tags), StepError> {
    let mark = [(TAG_TOKEN.to_owned(), token.to_owned())];
    let run_tags = build.tags(&build.config.run.run_tags)?;
    for (key, value) in &run_tags {
        cx.events.message(format!("Adding tag: {key:?}: {value:?}"));
    }
    let tags = Tags::of_run(cx.journal.run_id()).and(mark.clone()).and(run_tags);
    let volume_tags = Tags::of_run(cx.journal.run_id())
        .and(mark)
        .and(build.tags(&build.config.run_volume_tags)?);
    Ok((tags, volume_tags))
}

/// Waits until the instance runs and has an address, and tells the communicator.
pub(super) async fn until_ready(
    build: &Build,
    place: &Place,
    id: &str,
    cx: &mut BuildContext,
) -> Result<(), StepError> {
    cx.events.message(format!("Instance ID: {id}"));
    cx.generate("ID", id);
    cx.events
        .say(format!("Waiting for instance ({id}) to become ready..."));
    let what = format!("instance ({id}) to become ready");
    let wait = build.wait(&what, place.instances.delay(), limits::INSTANCE_WAIT);
    let mut looks = 0;
    let judge = |instance: &Instance| match state(instance) {
        Some(InstanceStateName::Running) => {
            looks += 1;
            match address(build, instance) {
                // A public address may come a little later; a private one does for those who have no other.
                (Some(_), true) => Verdict::Done(instance.clone()),
                (Some(_), false) if looks >= limits::ADDRESS_LOOKS => Verdict::Done(instance.clone()),
                (None, _) if looks >= limits::ADDRESS_LOOKS * 2 => Verdict::Done(instance.clone()),
                _ => Verdict::NotYet("running, without an address".to_owned()),
            }
        }
        Some(InstanceStateName::Pending) | None => Verdict::NotYet("pending".to_owned()),
        Some(other) => Verdict::Never(died(id, other, instance)),
    };
    let instance = place.instances.until(id, wait, cx, judge).await?;
    if let Some(host) = address(build, &instance).0 {
        build.slot.set_host(host);
    }
    build.state().instance = Some(instance);
    Ok(())
}

/// What AWS says of an instance that does not run.
fn died(id: &str, now: &InstanceStateName, instance: &Instance) -> StepError {
    let reason = instance.state_reason();
    let words = match reason.and_then(|reason| Some((reason.code()?, reason.message()?))) {
        Some((code, message)) if message.starts_with(code) => message.to_owned(),
        Some((code, message)) => format!("{code}: {message}"),
        None => "AWS gives no reason".to_owned(),
    };
    StepError::new(format!("instance ({id}) is {now} instead of running: {words}")).hint(
        "`Client.VolumeLimitExceeded` and `Client.InternalError` are often a quota of EBS or a key (KMS) that these \
         credentials may not use; `Server.…` is AWS's: try again, elsewhere if need be",
    )
}

/// Where the instance is reached, and whether that is what was wanted most.
fn address(build: &Build, instance: &Instance) -> (Option<String>, bool) {
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let public = some(instance.public_ip_address());
    let private = some(instance.private_ip_address());
    match build.config.run.ssh_interface {
        _ if build.config.ssh.host.is_some() => (build.config.ssh.host.clone(), true),
        Some(SshInterface::PublicIp) => {
            let there = public.is_some();
            (public, there)
        }
        Some(SshInterface::PrivateIp) => (private, true),
        Some(SshInterface::PublicDns) => (some(instance.public_dns_name()), true),
        Some(SshInterface::PrivateDns) => (some(instance.private_dns_name()), true),
        Some(SshInterface::Ipv6) => (some(instance.ipv6_address()), true),
        None => match public {
            Some(public) => (Some(public), true),
            None => (private, false),
        },
    }
}

/// As calls take it.
pub(super) fn user_data(data: &options::UserData) -> String {
    match std::str::from_utf8(&data.bytes) {
        // Who has encoded it already means it so.
        Ok(text) if BASE64_STANDARD.decode(text.trim()).is_ok() => text.trim().to_owned(),
        _ => BASE64_STANDARD.encode(&data.bytes),
    }
}

fn placement(run: &options::RunConfig, zone: Option<&str>) -> Option<Placement> {
    let wanted = &run.placement;
    let placement = Placement::builder()
        .set_availability_zone(zone.map(str::to_owned))
        .set_host_id(wanted.host_id.clone())
        .set_host_resource_group_arn(wanted.host_resource_group_arn.clone())
        .set_tenancy(wanted.tenancy.map(|tenancy| match tenancy {
            options::Tenancy::Default => Tenancy::Default,
            options::Tenancy::Dedicated => Tenancy::Dedicated,
            options::Tenancy::Host => Tenancy::Host,
        }))
        .build();
    (placement != Placement::builder().build()).then_some(placement)
}

fn reservation(wanted: &CapacityReservation) -> Option<CapacityReservationSpecification> {
    let target = |target: CapacityReservationTarget| {
        CapacityReservationSpecification::builder()
            .capacity_reservation_target(target)
            .build()
    };
    match wanted {
        CapacityReservation::None => None,
        CapacityReservation::Open => Some(
            CapacityReservationSpecification::builder()
                .capacity_reservation_preference(CapacityReservationPreference::Open)
                .build(),
        ),
        CapacityReservation::Id(id) => Some(target(
            CapacityReservationTarget::builder()
                .capacity_reservation_id(id)
                .build(),
        )),
        CapacityReservation::Group(arn) => Some(target(
            CapacityReservationTarget::builder()
                .capacity_reservation_resource_group_arn(arn)
                .build(),
        )),
    }
}

fn metadata(run: &options::RunConfig) -> InstanceMetadataOptionsRequest {
    let wanted = &run.metadata_options;
    InstanceMetadataOptionsRequest::builder()
        .http_endpoint(if wanted.http_endpoint {
            InstanceMetadataEndpointState::Enabled
        } else {
            InstanceMetadataEndpointState::Disabled
        })
        .http_tokens(if wanted.http_tokens_required {
            HttpTokensState::Required
        } else {
            HttpTokensState::Optional
        })
        .http_put_response_hop_limit(wanted.http_put_response_hop_limit)
        .instance_metadata_tags(if wanted.instance_metadata_tags {
            InstanceMetadataTagsState::Enabled
        } else {
            InstanceMetadataTagsState::Disabled
        })
        .build()
}

/// Ends the instance of a build. Its image is done by then: what goes wrong here is told, and left to `gc`.
pub(super) async fn terminate(
    build: &Build,
    made: &mut Option<Recorded>,
    cx: &BuildContext,
) -> Result<(), StepError> {
    let Some(recorded) = made else { return Ok(()) };
    // Where the launch was refused, there is nothing to end; where its answer was lost, there may be.
    if recorded.settled() {
        cx.events.say("Terminating the source AWS instance...");
    }
    let place = build.place().await?;
    undo(Kind::Instance, &place, made).await
}

#[async_trait]
impl BuildStep for RunSourceInstance {
    fn name(&self) -> &'static str {
        "StepRunSourceInstance"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let build = self.build.clone();
        let place = build.place().await?;
        let token = build.token()?;
        cx.events.say("Launching a source AWS instance...");
        let (tags, volume_tags) = launch_tags(&build, cx, &token)?;
        let call = self.request(&place, &token, &tags, &volume_tags);
        self.made = Some(Recorded::new(cx, Kind::Instance, &place, &token)?);
        let id = self.launch(call, place.instances.delay(), cx).await?;
        if let Some(made) = &mut self.made {
            made.is(&id)?;
        }
        until_ready(&build, &place, &id, cx).await
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        terminate(&self.build, &mut self.made, cx).await
    }

    fn cleanup_limit(&self) -> Duration {
        limits::CLEANUP
    }
}
