//! The image, made of the instance.
//!
//! `CreateImage` takes no token, so a try whose answer is lost is followed by a look for what it may have made: the name
//! and this run's tags say whose it is. The image belongs to the build until the build is over; a failure after this
//! step removes it, also one that is still pending.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Image, ImageState, ResourceType};
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use super::{devices, undo::undo};
use crate::{
    Failure,
    access::Place,
    artifact::AmiArtifact,
    build::{Build, unique_name},
    limits,
    remove::{images_named, snapshots},
    resource::{Kind, MadeImage, Recorded, Tags},
    watch::Verdict,
};

/// `stepCreateAMI`.
#[derive(Debug)]
pub(crate) struct CreateAmi {
    build: Arc<Build>,
    made: Option<Recorded>,
}

impl CreateAmi {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self {
            build: build.clone(),
            made: None,
        }
    }

    async fn create(
        &self,
        place: &Place,
        name: &str,
        tags: &Tags,
        cx: &BuildContext,
    ) -> Result<String, StepError> {
        let config = &self.build.config;
        let (_, instance) = self.build.instance()?;
        let description = self.build.description()?;
        let mut mappings = devices::mappings(&config.ami_mappings).unwrap_or_default();
        if config.no_ephemeral {
            mappings.extend(devices::no_ephemeral());
        }
        let call = place
            .ec2
            .create_image()
            .instance_id(instance)
            .name(name)
            .set_description(description)
            .set_block_device_mappings((!mappings.is_empty()).then_some(mappings))
            .tag_specifications(tags.specification(ResourceType::Image))
            .tag_specifications(tags.specification(ResourceType::Snapshot));
        let run = cx.journal.run_id();
        let mut tries = 0;
        loop {
            let failure = match call.clone().customize().config_override(once()).send().await {
                Ok(answer) => {
                    return answer
                        .image_id
                        .ok_or_else(|| Failure::incomplete("CreateImage", "image").into());
                }
                Err(error) => Failure::of("CreateImage")(error),
            };
            tries += 1;
            if failure.ambiguous() || failure.code() == "InvalidAMIName.Duplicate" {
                let ours = images_named(place, run, name).await?;
                if let Some(id) = ours.first().and_then(Image::image_id) {
                    return Ok(id.to_owned());
                }
            }
            let again = failure.ambiguous() || failure.throttled() || failure.code() == "IncorrectState";
            if !again || tries >= limits::MAKE_TRIES {
                return Err(self.build.explain(failure).await);
            }
            tokio::select! {
                () = cx.cancel.cancelled() => return Err(StepError::cancelled()),
                () = tokio::time::sleep(place.images.delay()) => {}
            }
        }
    }
}

/// A call that the SDK does not try again.
fn once() -> aws_sdk_ec2::config::Builder {
    aws_sdk_ec2::Config::builder().retry_config(aws_sdk_ec2::config::retry::RetryConfig::disabled())
}

/// Waits until an image is available.
pub(super) async fn until_available(
    build: &Build,
    place: &Place,
    id: &str,
    cx: &BuildContext,
) -> Result<Image, StepError> {
    let what = format!("AMI ({id}) to become ready in {}", place.region);
    let wait = build.wait(&what, place.images.delay(), limits::IMAGE_WAIT);
    let judge = |image: &Image| match image.state() {
        Some(ImageState::Available) => Verdict::Done(image.clone()),
        Some(ImageState::Failed | ImageState::Invalid | ImageState::Error | ImageState::Deregistered) => {
            let reason = image.state_reason();
            Verdict::Never(StepError::new(format!(
                "AMI ({id}) is {} instead of available: {}",
                image.state().map_or("unknown", ImageState::as_str),
                reason
                    .and_then(|reason| reason.message().or_else(|| reason.code()))
                    .unwrap_or("AWS gives no reason")
            )))
        }
        other => Verdict::NotYet(other.map_or("unknown", ImageState::as_str).to_owned()),
    };
    place.images.until(id, wait, cx, judge).await
}

#[async_trait]
impl BuildStep for CreateAmi {
    fn name(&self) -> &'static str {
        "stepCreateAMI"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let build = self.build.clone();
        let ami = &build.config.ami;
        let place = build.place().await?;
        let (_, instance) = build.instance()?;
        // What is only there to be copied has a name of its own, so that the copy can have the user's.
        let intermediary = ami.encrypt_boot == Some(true) || ami.skip_save_build_region;
        let name = if intermediary {
            unique_name()
        } else {
            ami.ami_name.clone()
        };
        let tags = build.image_tags(cx)?;
        let words = if intermediary { "unencrypted AMI" } else { "AMI" };
        cx.events
            .say(format!("Creating {words} {name} from instance {instance}"));
        if !build.config.skip_ami_run_tags && !build.config.run.run_tags.is_empty() {
            cx.events.message("Attaching run tags to AMI...");
        }
        self.made = Some(Recorded::new(cx, Kind::Image, &place, &name)?);
        let id = self.create(&place, &name, &tags, cx).await?;
        if let Some(made) = &mut self.made {
            made.is(&id)?;
        }
        cx.events.message(format!("AMI: {id}"));
        cx.events.say("Waiting for AMI to become ready...");
        let available = until_available(&build, &place, &id, cx).await?;
        let Some(recorded) = self.made.clone() else {
            return Ok(());
        };
        let image = MadeImage {
            place,
            id,
            snapshots: snapshots(&available),
            recorded,
        };
        let mut state = build.state();
        if intermediary {
            state.intermediary = Some(image);
        } else {
            state.images.push(image);
            cx.artifact = Some(Arc::new(AmiArtifact::new(state.images.clone())));
        }
        Ok(())
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let intermediary = self.build.state().intermediary.is_some();
        if !cx.failed && !intermediary {
            return Ok(());
        }
        if self.made.is_none() {
            return Ok(());
        }
        cx.events.say(if cx.failed {
            "Deregistering the AMI and deleting associated snapshots because of cancellation, or error..."
        } else {
            "Deregistering the intermediary AMI and deleting its snapshots..."
        });
        let place = self.build.place().await?;
        undo(Kind::Image, &place, &mut self.made).await
    }

    fn cleanup_limit(&self) -> std::time::Duration {
        limits::CLEANUP
    }
}
