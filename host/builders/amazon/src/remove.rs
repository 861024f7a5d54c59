//! Removing what a build made: by the clean-up of its step, and by `kilnbox gc` after a kill.
//!
//! Each is idempotent: what is not there any more is gone. What belongs to one run is found by its id, or by the name or
//! token it was asked for with; never by anything that somebody else may have given to something of theirs.

use std::time::Duration;

use aws_sdk_ec2::types::{Image, Instance, InstanceStateName, KeyPairInfo};

use crate::{
    Failure,
    access::Place,
    limits,
    resource::{Kind, Resource, TAG_RUN, TAG_TOKEN, made_by},
    watch::{Verdict, Wait, filter, own_images},
};

/// What a call needs to go on after a failure.
type Outcome = Result<(), Failure>;

/// Removes one resource. `settled` says that nothing is on its way any more: the process that asked for it has had its
/// answer. Otherwise what is not found is looked for again and again for a while.
pub(crate) async fn remove(
    kind: Kind,
    place: &Place,
    resource: &Resource,
    settled: bool,
) -> Result<(), String> {
    let looks = if settled { 1 } else { limits::SETTLE_LOOKS };
    let delay = place.instances.delay();
    let removed = match kind {
        Kind::KeyPair => key_pair(place, resource, looks, delay).await,
        Kind::SecurityGroup => security_group(place, resource, looks, delay).await,
        Kind::LaunchTemplate => launch_template(place, resource, looks, delay).await,
        Kind::InstanceProfile => instance_profile(place, resource, looks, delay).await,
        Kind::Volumes => volumes(place, resource).await,
        Kind::Image => images(place, resource, looks, delay).await,
        Kind::Instance => return instance(place, resource, looks, delay).await,
    };
    removed.map_err(|failure| failure.to_string())
}

/// Asks up to `looks` times until something is found.
async fn find<T, F: Future<Output = Result<Vec<T>, Failure>>>(
    looks: u32,
    delay: Duration,
    mut look: impl FnMut() -> F,
) -> Result<Vec<T>, Failure> {
    for left in (0..looks).rev() {
        let found = look().await?;
        if !found.is_empty() || left == 0 {
            return Ok(found);
        }
        tokio::time::sleep(delay).await;
    }
    Ok(Vec::new())
}

/// Tries until it is gone, nothing more depends on it, or there is no hope.
async fn until_free<F: Future<Output = Outcome>>(delay: Duration, mut attempt: impl FnMut() -> F) -> Outcome {
    let mut tries = 0;
    loop {
        match attempt().await {
            Err(failure) if failure.is_gone() => return Ok(()),
            Err(failure) if tries < limits::REMOVE_TRIES && busy(&failure) => tries += 1,
            outcome => return outcome,
        }
        tokio::time::sleep(delay).await;
    }
}

/// Whether it goes once something else has gone. Where no answer came, the SDK has tried often enough.
fn busy(failure: &Failure) -> bool {
    matches!(
        failure.code(),
        "DependencyViolation"
            | "InvalidGroup.InUse"
            | "VolumeInUse"
            | "InvalidSnapshot.InUse"
            | "DeleteConflict"
    )
}

/// The key pair of this run under a name; somebody else may have one with the name that a template gives.
pub(crate) async fn key_pairs(place: &Place, run: &str, name: &str) -> Result<Vec<KeyPairInfo>, Failure> {
    let answer = place
        .ec2
        .describe_key_pairs()
        .filters(filter("key-name", [name]))
        .send()
        .await
        .map_err(Failure::of("DescribeKeyPairs"))?;
    let mut found = answer.key_pairs.unwrap_or_default();
    found.retain(|pair| made_by(run, pair.tags()));
    Ok(found)
}

async fn key_pair(place: &Place, resource: &Resource, looks: u32, delay: Duration) -> Outcome {
    let (run, name) = (&resource.run, &resource.name);
    let found = find(looks, delay, || key_pairs(place, run, name));
    // With the answer came the id: then it is this run's.
    if resource.id.is_none() && found.await?.is_empty() {
        return Ok(());
    }
    until_free(delay, || async {
        let call = place.ec2.delete_key_pair().key_name(name).send();
        call.await.map(drop).map_err(Failure::of("DeleteKeyPair"))
    })
    .await
}

/// The groups under a name that nobody else has.
pub(crate) async fn security_groups(place: &Place, name: &str) -> Result<Vec<String>, Failure> {
    let answer = place
        .ec2
        .describe_security_groups()
        .filters(filter("group-name", [name]))
        .send()
        .await
        .map_err(Failure::of("DescribeSecurityGroups"))?;
    let groups = answer.security_groups().iter();
    Ok(groups
        .filter_map(|group| group.group_id().map(str::to_owned))
        .collect())
}

async fn security_group(place: &Place, resource: &Resource, looks: u32, delay: Duration) -> Outcome {
    let ids = match &resource.id {
        Some(id) => vec![id.clone()],
        None => find(looks, delay, || security_groups(place, &resource.name)).await?,
    };
    for id in ids {
        until_free(delay, || async {
            let call = place.ec2.delete_security_group().group_id(&id).send();
            call.await.map(drop).map_err(Failure::of("DeleteSecurityGroup"))
        })
        .await?;
    }
    Ok(())
}

async fn launch_template(place: &Place, resource: &Resource, looks: u32, delay: Duration) -> Outcome {
    if resource.id.is_none() && looks > 1 {
        let found = find(looks, delay, || async {
            let answer = place
                .ec2
                .describe_launch_templates()
                .filters(filter("launch-template-name", [&resource.name]))
                .send()
                .await
                .map_err(Failure::of("DescribeLaunchTemplates"))?;
            Ok(answer.launch_templates().to_vec())
        });
        if found.await?.is_empty() {
            return Ok(());
        }
    }
    until_free(delay, || async {
        let call = place
            .ec2
            .delete_launch_template()
            .launch_template_name(&resource.name)
            .send();
        let outcome = call.await.map(drop).map_err(Failure::of("DeleteLaunchTemplate"));
        match outcome {
            Err(failure) if failure.code() == "InvalidLaunchTemplateName.NotFoundException" => Ok(()),
            outcome => outcome,
        }
    })
    .await
}

async fn instance_profile(place: &Place, resource: &Resource, looks: u32, delay: Duration) -> Outcome {
    let (iam, name) = (&place.iam, &resource.name);
    // The role is made first: without it there is nothing.
    let role = find(looks, delay, || async {
        match iam
            .get_role()
            .role_name(name)
            .send()
            .await
            .map_err(Failure::of("GetRole"))
        {
            Ok(role) => Ok(vec![role]),
            Err(failure) if failure.is_gone() => Ok(Vec::new()),
            Err(failure) => Err(failure),
        }
    });
    let role_is_there = !role.await?.is_empty();
    let gone = |outcome: Outcome| match outcome {
        Err(failure) if failure.is_gone() => Ok(()),
        outcome => outcome,
    };
    let call = iam
        .remove_role_from_instance_profile()
        .instance_profile_name(name)
        .role_name(name);
    gone(
        call.send()
            .await
            .map(drop)
            .map_err(Failure::of("RemoveRoleFromInstanceProfile")),
    )?;
    let call = iam.delete_instance_profile().instance_profile_name(name);
    gone(
        call.send()
            .await
            .map(drop)
            .map_err(Failure::of("DeleteInstanceProfile")),
    )?;
    if !role_is_there {
        return Ok(());
    }
    let call = iam.delete_role_policy().role_name(name).policy_name(name);
    gone(
        call.send()
            .await
            .map(drop)
            .map_err(Failure::of("DeleteRolePolicy")),
    )?;
    until_free(delay, || async {
        let call = iam.delete_role().role_name(name).send();
        call.await.map(drop).map_err(Failure::of("DeleteRole"))
    })
    .await
}

/// The instances that were asked for with one token, but those that are gone already.
pub(crate) async fn instances(place: &Place, token: &str) -> Result<Vec<Instance>, Failure> {
    let answer = place
        .ec2
        .describe_instances()
        .filters(filter(&format!("tag:{TAG_TOKEN}"), [token]))
        .send()
        .await
        .map_err(Failure::of("DescribeInstances"))?;
    let all = answer.reservations().iter().flat_map(|one| one.instances());
    Ok(all
        .filter(|instance| state(instance) != Some(&InstanceStateName::Terminated))
        .cloned()
        .collect())
}

/// What an instance is doing.
pub(crate) fn state(instance: &Instance) -> Option<&InstanceStateName> {
    instance.state().and_then(|state| state.name())
}

async fn instance(place: &Place, resource: &Resource, looks: u32, delay: Duration) -> Result<(), String> {
    let ids = match &resource.id {
        Some(id) => vec![id.clone()],
        None => find(looks, delay, || instances(place, &resource.name))
            .await
            .map_err(|failure| failure.to_string())?
            .iter()
            .filter_map(|instance| instance.instance_id().map(str::to_owned))
            .collect(),
    };
    for id in ids {
        terminate(place, &id).await?;
    }
    Ok(())
}

/// Ends an instance and waits until it has ended, because what it uses can only be removed then.
async fn terminate(place: &Place, id: &str) -> Result<(), String> {
    let call = place.ec2.terminate_instances().instance_ids(id).send();
    match call.await.map_err(Failure::of("TerminateInstances")) {
        Ok(_) => {}
        Err(failure) if failure.is_gone() => return Ok(()),
        Err(failure) => return Err(failure.to_string()),
    }
    let what = format!("instance ({id}) to terminate");
    let wait = Wait {
        for_what: &what,
        within: limits::CLEANUP,
    };
    place
        .instances
        .until_or_never(id, wait, |instance| match state(instance) {
            Some(InstanceStateName::Terminated) => Verdict::Done(()),
            other => Verdict::NotYet(other.map_or("unknown", InstanceStateName::as_str).to_owned()),
        })
        .await
        .map_err(|error| error.message)
}

/// The volumes of this token's instance that did not go with it.
async fn volumes(place: &Place, resource: &Resource) -> Outcome {
    let answer = place
        .ec2
        .describe_volumes()
        .filters(filter(&format!("tag:{TAG_TOKEN}"), [&resource.name]))
        .send()
        .await
        .map_err(Failure::of("DescribeVolumes"))?;
    for id in answer.volumes().iter().filter_map(|volume| volume.volume_id()) {
        delete_volume(place, id).await?;
    }
    Ok(())
}

/// Deletes one.
pub(crate) async fn delete_volume(place: &Place, id: &str) -> Outcome {
    until_free(place.instances.delay(), || async {
        let call = place.ec2.delete_volume().volume_id(id).send();
        call.await.map(drop).map_err(Failure::of("DeleteVolume"))
    })
    .await
}

/// The images that `run` made under one name.
pub(crate) async fn images_named(place: &Place, run: &str, name: &str) -> Result<Vec<Image>, Failure> {
    let mut images = own_images(&place.ec2, filter("name", [name])).await?;
    images.retain(|image| made_by(run, image.tags()));
    Ok(images)
}

async fn images(place: &Place, resource: &Resource, looks: u32, delay: Duration) -> Outcome {
    let images = match &resource.id {
        Some(id) => own_images(&place.ec2, filter("image-id", [id])).await?,
        None => {
            find(looks, delay, || {
                images_named(place, &resource.run, &resource.name)
            })
            .await?
        }
    };
    for image in &images {
        deregister(place, image).await?;
    }
    orphans(place, resource).await
}

/// Deregisters an image and deletes its snapshots.
pub(crate) async fn deregister(place: &Place, image: &Image) -> Outcome {
    let id = image.image_id().unwrap_or_default();
    until_free(place.images.delay(), || async {
        let call = place.ec2.deregister_image().image_id(id).send();
        let outcome = call.await.map(drop).map_err(Failure::of("DeregisterImage"));
        match outcome {
            // A build that died after it protected its image (`deregistration_protection`).
            Err(failure) if failure.code() == "OperationNotPermitted" => {
                let call = place
                    .ec2
                    .disable_image_deregistration_protection()
                    .image_id(id)
                    .send();
                call.await
                    .map_err(Failure::of("DisableImageDeregistrationProtection"))?;
                let call = place.ec2.deregister_image().image_id(id).send();
                call.await.map(drop).map_err(Failure::of("DeregisterImage"))
            }
            outcome => outcome,
        }
    })
    .await?;
    for snapshot in snapshots(image) {
        delete_snapshot(place, &snapshot).await?;
    }
    Ok(())
}

/// The snapshots behind an image.
pub(crate) fn snapshots(image: &Image) -> Vec<String> {
    let devices = image.block_device_mappings().iter();
    devices
        .filter_map(|device| device.ebs()?.snapshot_id().map(str::to_owned))
        .collect()
}

/// Deletes one.
pub(crate) async fn delete_snapshot(place: &Place, id: &str) -> Outcome {
    until_free(place.images.delay(), || async {
        let call = place.ec2.delete_snapshot().snapshot_id(id).send();
        call.await.map(drop).map_err(Failure::of("DeleteSnapshot"))
    })
    .await
}

/// Snapshots of this run whose image is gone: it failed, or was deregistered by a process that then died.
async fn orphans(place: &Place, resource: &Resource) -> Outcome {
    let Some(id) = &resource.id else { return Ok(()) };
    let answer = place
        .ec2
        .describe_snapshots()
        .owner_ids("self")
        .filters(filter(&format!("tag:{TAG_RUN}"), [&resource.run]))
        .send()
        .await
        .map_err(Failure::of("DescribeSnapshots"))?;
    let of_image = answer.snapshots().iter().filter(|snapshot| {
        snapshot
            .description()
            .is_some_and(|text| text.contains(id.as_str()))
    });
    for snapshot in of_image.filter_map(|snapshot| snapshot.snapshot_id()) {
        delete_snapshot(place, snapshot).await?;
    }
    Ok(())
}
