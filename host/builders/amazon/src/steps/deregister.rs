//! `force_deregister`: the images that have the new one's name go, in every region it will be in.

use std::sync::Arc;

use async_trait::async_trait;
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use crate::{
    Failure,
    build::Build,
    remove::{delete_snapshot, snapshots},
    watch::{filter, own_images},
};

/// `StepDeregisterAMI`.
#[derive(Debug)]
pub(crate) struct DeregisterAmi {
    build: Arc<Build>,
}

impl DeregisterAmi {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self { build: build.clone() }
    }
}

#[async_trait]
impl BuildStep for DeregisterAmi {
    fn name(&self) -> &'static str {
        "StepDeregisterAMI"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let ami = &self.build.config.ami;
        let home = self.build.place().await?;
        let others = ami.ami_regions.iter().filter(|region| **region != home.region);
        let mut places = vec![home.clone()];
        places.extend(others.map(|region| self.build.region(&home, region)));
        for place in places {
            for image in own_images(&place.ec2, filter("name", [&ami.ami_name])).await? {
                let id = image.image_id().unwrap_or_default();
                let call = place.ec2.deregister_image().image_id(id);
                if let Err(failure) = call.send().await.map_err(Failure::of("DeregisterImage")) {
                    return Err(self.build.explain(failure).await);
                }
                cx.events
                    .say(format!("Deregistered AMI {}, id: {id}", ami.ami_name));
                if ami.force_delete_snapshot {
                    for snapshot in snapshots(&image) {
                        delete_snapshot(&place, &snapshot).await?;
                        cx.events.say(format!("Deleted snapshot: {snapshot}"));
                    }
                }
            }
        }
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}
