//! Copies of the image: to other regions, and encrypted ones. All at once, each with a token.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::ResourceType;
use futures::future::join_all;
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use super::{create_ami::until_available, undo::undo};
use crate::{
    Failure,
    access::Place,
    artifact::AmiArtifact,
    build::{Build, missing},
    limits,
    remove::snapshots,
    resource::{Kind, MadeImage, Recorded, Tags},
};

/// `StepAMIRegionCopy`.
#[derive(Debug)]
pub(crate) struct AmiRegionCopy {
    build: Arc<Build>,
    made: Vec<(Arc<Place>, Recorded)>,
}

/// One copy.
struct Copy {
    place: Arc<Place>,
    recorded: Recorded,
    encrypted: Option<bool>,
    key: Option<String>,
}

impl AmiRegionCopy {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self {
            build: build.clone(),
            made: Vec::new(),
        }
    }

    fn copies(
        &self,
        home: &Arc<Place>,
        intermediary: bool,
        cx: &BuildContext,
    ) -> Result<Vec<Copy>, StepError> {
        let ami = &self.build.config.ami;
        let others = ami.ami_regions.iter().filter(|region| **region != home.region);
        let mut places: Vec<Arc<Place>> = others.map(|region| self.build.region(home, region)).collect();
        if intermediary && !ami.skip_save_build_region {
            places.push(home.clone());
        }
        let copies = places.into_iter().map(|place| {
            let key = if place.region == home.region {
                ami.kms_key_id.clone()
            } else {
                let keys = ami.region_kms_key_ids.iter();
                keys.filter(|(region, _)| *region == place.region)
                    .map(|(_, key)| key.clone())
                    .next()
            };
            let key = key.filter(|key| !key.is_empty());
            Ok(Copy {
                recorded: Recorded::new(cx, Kind::Image, &place, &ami.ami_name)?,
                encrypted: if key.is_some() {
                    Some(true)
                } else {
                    ami.encrypt_boot
                },
                key,
                place,
            })
        });
        copies.collect()
    }

    async fn copy(
        &self,
        copy: Copy,
        source: &MadeImage,
        tags: &Tags,
        cx: &BuildContext,
    ) -> (Recorded, Result<MadeImage, StepError>) {
        let mut recorded = copy.recorded.clone();
        let made = self.copy_to(&copy, source, tags, &mut recorded, cx).await;
        (recorded, made)
    }

    async fn copy_to(
        &self,
        copy: &Copy,
        source: &MadeImage,
        tags: &Tags,
        recorded: &mut Recorded,
        cx: &BuildContext,
    ) -> Result<MadeImage, StepError> {
        let ami = &self.build.config.ami;
        let description = self.build.description()?;
        let call = copy
            .place
            .ec2
            .copy_image()
            .client_token(uuid::Uuid::new_v4().to_string())
            .source_image_id(&source.id)
            .source_region(&source.place.region)
            .name(&ami.ami_name)
            .set_description(description)
            .set_encrypted(copy.encrypted)
            .set_kms_key_id(copy.key.clone())
            .set_snapshot_copy_completion_duration_minutes(ami.snapshot_copy_duration_minutes)
            .tag_specifications(tags.specification(ResourceType::Image))
            .tag_specifications(tags.specification(ResourceType::Snapshot));
        let id = match call.send().await.map_err(Failure::of("CopyImage")) {
            Ok(answer) => answer
                .image_id
                .ok_or_else(|| Failure::incomplete("CopyImage", "image"))?,
            Err(failure) => return Err(self.build.explain(failure).await),
        };
        recorded.is(&id)?;
        let available = until_available(&self.build, &copy.place, &id, cx).await?;
        Ok(MadeImage {
            place: copy.place.clone(),
            id,
            snapshots: snapshots(&available),
            recorded: recorded.clone(),
        })
    }
}

#[async_trait]
impl BuildStep for AmiRegionCopy {
    fn name(&self) -> &'static str {
        "StepAMIRegionCopy"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let build = self.build.clone();
        let home = build.place().await?;
        let (source, intermediary) = {
            let state = build.state();
            let intermediary = state.intermediary.clone();
            let source = intermediary.clone().or_else(|| state.images.first().cloned());
            (source.ok_or_else(|| missing("AMI"))?, intermediary.is_some())
        };
        let copies = self.copies(&home, intermediary, cx)?;
        if copies.is_empty() {
            return Ok(());
        }
        self.made = copies
            .iter()
            .map(|copy| (copy.place.clone(), copy.recorded.clone()))
            .collect();
        let verb = if build.config.ami.encrypt_boot == Some(true) {
            "Copying/Encrypting"
        } else {
            "Copying"
        };
        cx.events
            .say(format!("{verb} AMI ({}) to other regions...", source.id));
        for copy in &copies {
            cx.events.message(format!("Copying to: {}", copy.place.region));
        }
        cx.events.message("Waiting for all copies to complete...");
        let tags = build.image_tags(cx)?;
        let done = join_all(copies.into_iter().map(|copy| self.copy(copy, &source, &tags, cx))).await;
        let mut images = Vec::new();
        let mut errors = Vec::new();
        for (made, (recorded, outcome)) in self.made.iter_mut().zip(done) {
            made.1 = recorded;
            match outcome {
                Ok(image) => images.push(image),
                Err(error) => errors.push(error),
            }
        }
        if let Some(error) = errors.into_iter().next() {
            return Err(error);
        }
        let mut state = build.state();
        state.images.extend(images);
        cx.artifact = Some(Arc::new(AmiArtifact::new(state.images.clone())));
        Ok(())
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        if !cx.failed {
            return Ok(());
        }
        while let Some((place, made)) = self.made.pop() {
            cx.events.say(format!(
                "Deregistering the AMI in {} and deleting associated snapshots because of cancellation, or error...",
                place.region
            ));
            undo(Kind::Image, &place, &mut Some(made)).await?;
        }
        Ok(())
    }

    fn cleanup_limit(&self) -> std::time::Duration {
        limits::CLEANUP
    }
}
