//! What bears the tags of a run in one region, page by page.

use std::collections::HashSet;

use aws_sdk_ec2::types::{Image, Instance, InstanceStateName, Tag, Volume, VolumeState};
use jiff::Timestamp;

use super::{
    Thing,
    age::{Seen, time},
};
use crate::{
    Failure,
    access::Place,
    limits, remove,
    resource::{FINISHED, RUNNING, TAG_MADE, TAG_RUN, TAG_STATE},
    watch::{filter, own_images},
};

type Listed = Result<Vec<Seen>, Failure>;

/// Everything that runs left here, and what tells their ages.
pub(super) async fn region(place: &Place) -> Listed {
    let instances = instances(place).await?;
    let images = images(place).await?;
    let mut seen = volumes(place, &instances).await?;
    seen.extend(snapshots(place, &images).await?);
    seen.extend(security_groups(place).await?);
    seen.extend(key_pairs(place).await?);
    seen.extend(launch_templates(place).await?);
    for instance in &instances {
        let made = time(instance.launch_time());
        let one = one(
            Thing::Instance,
            place,
            instance.tags(),
            instance.instance_id(),
            made,
        );
        let ended = remove::state(instance) == Some(&InstanceStateName::Terminated);
        seen.extend(one.map(|one| Seen { left: !ended, ..one }));
    }
    for image in &images {
        let made = image
            .creation_date()
            .and_then(|date| date.parse::<Timestamp>().ok());
        let one = one(Thing::Image, place, image.tags(), image.image_id(), made);
        seen.extend(one.map(|one| Seen {
            left: is_left(image.tags()),
            ..one
        }));
    }
    Ok(seen)
}

/// Whether it is finished by now, image or snapshot. What is gone is not.
pub(super) async fn finished(place: &Place, thing: Thing, id: &str) -> Result<bool, Failure> {
    let tags: Vec<Tag> = if thing == Thing::Image {
        let images = own_images(&place.ec2, filter("image-id", [id])).await?;
        images.iter().flat_map(Image::tags).cloned().collect()
    } else {
        let call = place
            .ec2
            .describe_snapshots()
            .owner_ids("self")
            .filters(filter("snapshot-id", [id]));
        let answer = call.send().await.map_err(Failure::of("DescribeSnapshots"))?;
        answer
            .snapshots()
            .iter()
            .flat_map(|snapshot| snapshot.tags())
            .cloned()
            .collect()
    };
    Ok(value(&tags, TAG_STATE) == Some(FINISHED))
}

/// The value of a tag.
fn value<'t>(tags: &'t [Tag], key: &str) -> Option<&'t str> {
    tags.iter().find(|tag| tag.key() == Some(key))?.value()
}

/// Whether its run has not succeeded, as far as AWS knows.
fn is_left(tags: &[Tag]) -> bool {
    value(tags, TAG_STATE) == Some(RUNNING)
}

/// One that bears a run's tag, and has a name.
fn one(
    thing: Thing,
    place: &Place,
    tags: &[Tag],
    name: Option<&str>,
    made: Option<Timestamp>,
) -> Option<Seen> {
    let (run, name) = (value(tags, TAG_RUN)?, name?);
    Some(Seen::new(thing, place, run, name, made))
}

/// For what no run leaves behind when it succeeds.
fn left() -> aws_sdk_ec2::types::Filter {
    filter(&format!("tag:{TAG_STATE}"), [RUNNING])
}

/// With those that have ended a short while ago.
async fn instances(place: &Place) -> Result<Vec<Instance>, Failure> {
    let pages = place.ec2.describe_instances().filters(left()).into_paginator();
    let listed = pages.page_size(limits::PAGE).items().send();
    let reservations = listed.collect::<Result<Vec<_>, _>>().await;
    let reservations = reservations.map_err(Failure::of("DescribeInstances"))?;
    Ok(reservations
        .into_iter()
        .flat_map(|one| one.instances.unwrap_or_default())
        .collect())
}

/// Of all runs, the successful ones as well.
async fn images(place: &Place) -> Result<Vec<Image>, Failure> {
    let call = place.ec2.describe_images().owners("self");
    let pages = call.filters(filter("tag-key", [TAG_RUN])).into_paginator();
    let listed = pages.page_size(limits::PAGE).items().send();
    let images = listed.collect::<Result<Vec<_>, _>>().await;
    images.map_err(Failure::of("DescribeImages"))
}

/// Those that nobody uses, and those that will outlive the instance they are attached to.
async fn volumes(place: &Place, instances: &[Instance]) -> Listed {
    let pages = place.ec2.describe_volumes().filters(left()).into_paginator();
    let listed = pages.page_size(limits::PAGE).items().send();
    let volumes = listed
        .collect::<Result<Vec<_>, _>>()
        .await
        .map_err(Failure::of("DescribeVolumes"))?;
    let going: HashSet<_> = instances.iter().filter_map(Instance::instance_id).collect();
    let free = volumes.iter().filter(|volume| stays_behind(volume, &going));
    let seen = free.filter_map(|volume| {
        let made = time(volume.create_time());
        one(Thing::Volume, place, volume.tags(), volume.volume_id(), made)
    });
    Ok(seen.collect())
}

/// Whether a volume is there when these instances are gone, and nobody else has it.
fn stays_behind(volume: &Volume, going: &HashSet<&str>) -> bool {
    if volume.state() == Some(&VolumeState::Available) {
        return true;
    }
    let attachments = volume.attachments();
    !attachments.is_empty()
        && attachments.iter().all(|attachment| {
            attachment.delete_on_termination() == Some(false)
                && attachment
                    .instance_id()
                    .is_some_and(|instance| going.contains(instance))
        })
}

/// Those behind no image: what is behind one goes with it, or stays with it.
async fn snapshots(place: &Place, images: &[Image]) -> Listed {
    let call = place.ec2.describe_snapshots().owner_ids("self").filters(left());
    let listed = call.into_paginator().page_size(limits::PAGE).items().send();
    let snapshots = listed
        .collect::<Result<Vec<_>, _>>()
        .await
        .map_err(Failure::of("DescribeSnapshots"))?;
    let behind: HashSet<String> = images.iter().flat_map(remove::snapshots).collect();
    let alone = snapshots
        .iter()
        .filter(|snapshot| snapshot.snapshot_id().is_some_and(|id| !behind.contains(id)));
    let seen = alone.filter_map(|snapshot| {
        let made = time(snapshot.start_time());
        one(
            Thing::Snapshot,
            place,
            snapshot.tags(),
            snapshot.snapshot_id(),
            made,
        )
    });
    Ok(seen.collect())
}

/// AWS does not tell when they were made.
async fn security_groups(place: &Place) -> Listed {
    let pages = place
        .ec2
        .describe_security_groups()
        .filters(left())
        .into_paginator();
    let listed = pages.page_size(limits::PAGE).items().send();
    let groups = listed.collect::<Result<Vec<_>, _>>().await;
    let groups = groups.map_err(Failure::of("DescribeSecurityGroups"))?;
    let seen = groups.iter();
    Ok(seen
        .filter_map(|group| {
            let made = value(group.tags(), TAG_MADE).and_then(|made| made.parse().ok());
            one(Thing::SecurityGroup, place, group.tags(), group.group_id(), made)
        })
        .collect())
}

/// AWS gives all of them at once.
async fn key_pairs(place: &Place) -> Listed {
    let call = place.ec2.describe_key_pairs().filters(left());
    let answer = call.send().await.map_err(Failure::of("DescribeKeyPairs"))?;
    let seen = answer.key_pairs().iter().filter_map(|pair| {
        let made = time(pair.create_time());
        one(Thing::KeyPair, place, pair.tags(), pair.key_name(), made)
    });
    Ok(seen.collect())
}

async fn launch_templates(place: &Place) -> Listed {
    let pages = place
        .ec2
        .describe_launch_templates()
        .filters(left())
        .into_paginator();
    let listed = pages.page_size(limits::PAGE).items().send();
    let templates = listed.collect::<Result<Vec<_>, _>>().await;
    let templates = templates.map_err(Failure::of("DescribeLaunchTemplates"))?;
    let seen = templates.iter().filter_map(|template| {
        let made = time(template.create_time());
        one(
            Thing::LaunchTemplate,
            place,
            template.tags(),
            template.launch_template_name(),
            made,
        )
    });
    Ok(seen.collect())
}
