//! Who may use the images and their snapshots. The description went along when the image was made.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{
    AttributeValue, CreateVolumePermission, CreateVolumePermissionModifications, LaunchPermission,
    LaunchPermissionModifications, PermissionGroup, SnapshotAttributeName,
};
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use crate::{Failure, build::Build, options::AmiConfig, resource::MadeImage};

/// `StepModifyAMIAttributes`.
#[derive(Debug)]
pub(crate) struct ModifyAmiAttributes {
    build: Arc<Build>,
}

impl ModifyAmiAttributes {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self { build: build.clone() }
    }

    async fn image(&self, image: &MadeImage, cx: &BuildContext) -> Result<(), Failure> {
        let ami = &self.build.config.ami;
        let call = || image.place.ec2.modify_image_attribute().image_id(&image.id);
        let failed = Failure::of("ModifyImageAttribute");
        let permissions = permissions(ami);
        if !permissions.is_empty() {
            cx.events.message("Modifying: launch permissions");
            let add = LaunchPermissionModifications::builder()
                .set_add(Some(permissions))
                .build();
            call().launch_permission(add).send().await.map_err(failed)?;
        }
        if !ami.ami_product_codes.is_empty() {
            cx.events.message("Modifying: product codes");
            call()
                .set_product_codes(Some(ami.ami_product_codes.clone()))
                .send()
                .await
                .map_err(Failure::of("ModifyImageAttribute"))?;
        }
        if ami.imds_support.is_some() {
            cx.events.message("Modifying: imds_support");
            call()
                .imds_support(AttributeValue::builder().value("v2.0").build())
                .send()
                .await
                .map_err(Failure::of("ModifyImageAttribute"))?;
        }
        Ok(())
    }

    async fn snapshots(&self, image: &MadeImage, cx: &BuildContext) -> Result<(), StepError> {
        let ami = &self.build.config.ami;
        let users = ami
            .snapshot_users
            .iter()
            .map(|user| CreateVolumePermission::builder().user_id(user).build());
        let groups = ami.snapshot_groups.iter().map(|group| {
            CreateVolumePermission::builder()
                .group(PermissionGroup::from(group.as_str()))
                .build()
        });
        let permissions: Vec<_> = users.chain(groups).collect();
        if permissions.is_empty() {
            return Ok(());
        }
        for snapshot in &image.snapshots {
            cx.events
                .message(format!("Modifying: permissions of snapshot {snapshot}"));
            let add = CreateVolumePermissionModifications::builder()
                .set_add(Some(permissions.clone()))
                .build();
            image
                .place
                .ec2
                .modify_snapshot_attribute()
                .snapshot_id(snapshot)
                .attribute(SnapshotAttributeName::CreateVolumePermission)
                .create_volume_permission(add)
                .send()
                .await
                .map_err(Failure::of("ModifySnapshotAttribute"))?;
        }
        Ok(())
    }
}

fn permissions(ami: &AmiConfig) -> Vec<LaunchPermission> {
    let one = LaunchPermission::builder;
    let users = ami.ami_users.iter().map(|user| one().user_id(user).build());
    let groups = ami
        .ami_groups
        .iter()
        .map(|group| one().group(PermissionGroup::from(group.as_str())).build());
    let organizations = ami
        .ami_org_arns
        .iter()
        .map(|arn| one().organization_arn(arn).build());
    let units = ami
        .ami_ou_arns
        .iter()
        .map(|arn| one().organizational_unit_arn(arn).build());
    users.chain(groups).chain(organizations).chain(units).collect()
}

/// Whether there is anything to change.
fn wanted(ami: &AmiConfig) -> bool {
    !permissions(ami).is_empty()
        || !ami.ami_product_codes.is_empty()
        || ami.imds_support.is_some()
        || !ami.snapshot_users.is_empty()
        || !ami.snapshot_groups.is_empty()
}

#[async_trait]
impl BuildStep for ModifyAmiAttributes {
    fn name(&self) -> &'static str {
        "StepModifyAMIAttributes"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        if !wanted(&self.build.config.ami) {
            return Ok(());
        }
        let images = self.build.state().images.clone();
        for image in images {
            cx.events
                .say(format!("Modifying attributes on AMI ({})...", image.id));
            if let Err(failure) = self.image(&image, cx).await {
                return Err(self.build.explain(failure).await);
            }
            self.snapshots(&image, cx).await?;
        }
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}
