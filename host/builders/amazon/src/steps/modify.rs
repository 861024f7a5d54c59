//! Enhanced networking, switched on at the stopped instance, from which the image takes it.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttributeBooleanValue, AttributeValue};
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use crate::{Failure, build::Build};

/// `StepModifyEBSBackedInstance`.
#[derive(Debug)]
pub(crate) struct ModifyInstance {
    build: Arc<Build>,
}

impl ModifyInstance {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self { build: build.clone() }
    }
}

#[async_trait]
impl BuildStep for ModifyInstance {
    fn name(&self) -> &'static str {
        "StepModifyEBSBackedInstance"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let ami = &self.build.config.ami;
        if !ami.sriov_support && ami.ena_support.is_none() {
            return Ok(());
        }
        let place = self.build.place().await?;
        let (instance, id) = self.build.instance()?;
        let call = || place.ec2.modify_instance_attribute().instance_id(&id);
        if ami.sriov_support {
            cx.events.say("Enabling Enhanced Networking (SR-IOV)...");
            let simple = AttributeValue::builder().value("simple").build();
            call()
                .sriov_net_support(simple)
                .send()
                .await
                .map_err(Failure::of("ModifyInstanceAttribute"))?;
        }
        if let Some(wanted) = ami.ena_support
            && instance.ena_support() != Some(wanted)
        {
            let word = if wanted { "Enabling" } else { "Disabling" };
            cx.events.say(format!("{word} Enhanced Networking (ENA)..."));
            let value = AttributeBooleanValue::builder().value(wanted).build();
            call()
                .ena_support(value)
                .send()
                .await
                .map_err(Failure::of("ModifyInstanceAttribute"))?;
        }
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}
