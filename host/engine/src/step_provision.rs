//! The builder step that runs the template's provisioners.

use async_trait::async_trait;

use crate::builder::{BuildContext, BuildStep, StepError};

/// A builder puts this where its instance is ready for the provisioners.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepProvision;

#[async_trait]
impl BuildStep for StepProvision {
    fn name(&self) -> &'static str {
        "StepProvision"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let hook = cx.provision.clone();
        hook.provision(cx).await
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        if !cx.failed {
            return Ok(());
        }
        let hook = cx.provision.clone();
        hook.provision_cleanup(cx).await
    }
}
