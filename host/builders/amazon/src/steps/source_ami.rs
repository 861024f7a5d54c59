//! The image that the instance starts from, by id or by filter.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{DeviceType, Image, VirtualizationType};
use kilnbox_engine::{Act, BuildContext, BuildStep, Deed, StepError};

use crate::{
    Failure,
    build::Build,
    options::{Filter, Source},
    watch::filter,
};

/// `StepSourceAMIInfo`.
#[derive(Debug)]
pub(crate) struct SourceAmiInfo {
    build: Arc<Build>,
}

impl SourceAmiInfo {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self { build: build.clone() }
    }

    async fn find(&self) -> Result<Image, StepError> {
        let place = self.build.place().await?;
        let mut call = place.ec2.describe_images();
        let most_recent = match &self.build.config.run.source {
            Source::Id(id) => {
                call = call.image_ids(id);
                false
            }
            Source::Filter(wanted) => {
                call = call
                    .set_image_ids(wanted.image_id.clone().map(|id| vec![id]))
                    .set_owners((!wanted.owners.is_empty()).then(|| wanted.owners.clone()))
                    .set_filters(Some(filters(&wanted.filter)));
                if wanted.include_deprecated {
                    call = call.include_deprecated(true);
                }
                wanted.most_recent
            }
        };
        if let Some(kind) = &self.build.config.ami.ami_virtualization_type {
            call = call.filters(filter("virtualization-type", [kind]));
        }
        let asked_for = self.words();
        let mut images = match call.send().await {
            Ok(answer) => answer.images.unwrap_or_default(),
            Err(error) => return Err(self.build.explain(Failure::of("DescribeImages")(error)).await),
        };
        images.sort_by(|a, b| b.creation_date().cmp(&a.creation_date()));
        if images.len() > 1 && !most_recent {
            let some = images.iter().take(5).filter_map(Image::image_id);
            return Err(StepError::new(
                "Your query returned more than one result. Please try a more specific search, or set most_recent to true.",
            )
            .hint(format!("{} match, among them {}", images.len(), some.collect::<Vec<_>>().join(", "))));
        }
        images.into_iter().next().ok_or_else(|| {
            StepError::new(format!("No AMI was found matching filters: {asked_for}"))
                .hint("check the filters, `owners` and `region`; old images need `include_deprecated`")
        })
    }

    fn words(&self) -> String {
        match &self.build.config.run.source {
            Source::Id(id) => id.clone(),
            Source::Filter(wanted) => {
                let mut parts: Vec<String> = wanted
                    .filter
                    .filters
                    .iter()
                    .map(|(name, values)| format!("{name}={}", values.join(",")))
                    .collect();
                parts.push(format!("owners={}", wanted.owners.join(",")));
                parts.join(" ")
            }
        }
    }

    fn check(&self, image: &Image) -> Result<(), StepError> {
        let id = image.image_id().unwrap_or_default();
        if image.root_device_type() == Some(&DeviceType::InstanceStore) {
            return Err(StepError::new(format!(
                "the root device of {id} is an instance store, and only EBS becomes an AMI"
            ))
            .hint("choose a `source_ami` with `root-device-type` `ebs`"));
        }
        let ami = &self.build.config.ami;
        let networking = ami.ena_support == Some(true) || ami.sriov_support;
        if networking && image.virtualization_type() != Some(&VirtualizationType::Hvm) {
            return Err(StepError::new(format!(
                "enhanced networking needs an image of virtualization type `hvm`, and {id} is {}",
                image
                    .virtualization_type()
                    .map_or("of none", VirtualizationType::as_str)
            ))
            .hint("leave out `ena_support` and `sriov_support`, or choose another `source_ami`"));
        }
        Ok(())
    }
}

/// The filters of a template for a call.
pub(super) fn filters(wanted: &Filter) -> Vec<aws_sdk_ec2::types::Filter> {
    wanted
        .filters
        .iter()
        .map(|(name, values)| filter(name, values))
        .collect()
}

#[async_trait]
impl BuildStep for SourceAmiInfo {
    fn name(&self) -> &'static str {
        "StepSourceAMIInfo"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        cx.events.say("Inspecting the source AMI...");
        let image = self.find().await?;
        self.check(&image)?;
        let id = image.image_id().unwrap_or_default().to_owned();
        cx.events.message(format!("Found Image ID: {id}"));
        cx.events.act(Act::done(Deed::Source {
            name: id,
            layers: Vec::new(),
        }));
        self.build.state().source = Some(image);
        for (name, value) in self.build.data() {
            cx.generate(&name, value);
        }
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}
