//! The user's tags on the images and their snapshots, and the word that they are finished.

use std::sync::Arc;

use async_trait::async_trait;
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use crate::{
    Failure,
    build::Build,
    resource::{FINISHED, MadeImage, TAG_STATE, Tags},
};

/// `StepCreateTags`.
#[derive(Debug)]
pub(crate) struct CreateTags {
    build: Arc<Build>,
}

impl CreateTags {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self { build: build.clone() }
    }

    async fn tag(&self, image: &MadeImage, ids: Vec<String>, tags: Tags) -> Result<(), StepError> {
        if ids.is_empty() {
            return Ok(());
        }
        let call = image
            .place
            .ec2
            .create_tags()
            .set_resources(Some(ids))
            .set_tags(Some(tags.list()));
        match call.send().await.map_err(Failure::of("CreateTags")) {
            Ok(_) => Ok(()),
            Err(failure) => Err(self.build.explain(failure).await),
        }
    }
}

#[async_trait]
impl BuildStep for CreateTags {
    fn name(&self) -> &'static str {
        "StepCreateTags"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let config = &self.build.config;
        let tags = self.build.tags(&config.ami.tags)?;
        let snapshot_tags = self.build.tags(&config.ami.snapshot_tags)?;
        let finished = Tags::default().and([(TAG_STATE.to_owned(), FINISHED.to_owned())]);
        let images = self.build.state().images.clone();
        for image in &images {
            if !tags.is_empty() || !snapshot_tags.is_empty() {
                cx.events.say(format!("Adding tags to AMI ({})...", image.id));
                cx.events.message("Creating AMI tags");
                for (key, value) in &tags {
                    cx.events.message(format!("Adding tag: {key:?}: {value:?}"));
                }
                if !snapshot_tags.is_empty() {
                    cx.events.message("Creating snapshot tags");
                    for (key, value) in &snapshot_tags {
                        cx.events.message(format!("Adding tag: {key:?}: {value:?}"));
                    }
                }
            }
            let snapshots = image.snapshots.clone();
            for snapshot in snapshots
                .iter()
                .filter(|_| !tags.is_empty() || !snapshot_tags.is_empty())
            {
                cx.events.message(format!("Tagging snapshot: {snapshot}"));
            }
            let of_both = finished.clone().and(tags.clone());
            if snapshot_tags.is_empty() {
                let ids = std::iter::once(image.id.clone()).chain(snapshots).collect();
                self.tag(image, ids, of_both).await?;
            } else {
                self.tag(image, snapshots, of_both.clone().and(snapshot_tags.clone()))
                    .await?;
                self.tag(image, vec![image.id.clone()], of_both).await?;
            }
        }
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}
