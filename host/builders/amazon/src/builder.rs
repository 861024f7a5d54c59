//! The builder itself: options in, steps out.

use std::sync::Arc;

use kilnbox_engine::{BuildStep, Builder, Lifecycle, Options, Problem, RuntimeTemplates, StepProvision};
use kilnbox_ssh::{CommunicatorKind, InstanceSlot, StepCleanupTempKeys, StepConnect};
use serde_json::Value as Json;

use crate::{
    access::Accounts,
    build::Build,
    options::{self, Config, KeyPair},
    steps,
};

/// The builder `amazon-ebs` (`reference/packer.md` §7.1).
#[derive(Debug)]
pub struct AmazonEbsBuilder {
    schema: Json,
    accounts: Arc<Accounts>,
    checkip: String,
}

impl AmazonEbsBuilder {
    /// `checkip` is the URL that answers with the caller's public address, as `https://checkip.amazonaws.com` does.
    pub fn new(checkip: String) -> Self {
        Self {
            schema: options::schema(),
            accounts: Arc::default(),
            checkip,
        }
    }
}

impl Builder for AmazonEbsBuilder {
    fn kind(&self) -> &'static str {
        "amazon-ebs"
    }

    fn schema(&self) -> &Json {
        &self.schema
    }

    fn clean_resource_name(&self, name: &str) -> String {
        options::clean_resource_name(name)
    }

    fn prepare(&self, options: &Options) -> Result<Box<dyn Lifecycle>, Vec<Problem>> {
        Ok(Box::new(Ebs {
            config: Config::parse(options)?,
            templates: options.templates.clone(),
            accounts: self.accounts.clone(),
            checkip: self.checkip.clone(),
        }))
    }
}

#[derive(Debug)]
struct Ebs {
    config: Config,
    templates: Arc<dyn RuntimeTemplates>,
    accounts: Arc<Accounts>,
    checkip: String,
}

impl Lifecycle for Ebs {
    fn warnings(&self) -> Vec<Problem> {
        self.config.warnings.clone()
    }

    fn steps(self: Box<Self>) -> Vec<Box<dyn BuildStep>> {
        let Self {
            config,
            templates,
            accounts,
            checkip,
        } = *self;
        let slot = InstanceSlot::default();
        let ssh = Arc::new(config.ssh.clone());
        let build = Arc::new(Build::new(config, templates, accounts, checkip, slot.clone()));
        let config = &build.config;
        let mut list: Vec<Box<dyn BuildStep>> = vec![
            Box::new(steps::PreValidate::new(&build)),
            Box::new(steps::SourceAmiInfo::new(&build)),
            Box::new(steps::NetworkInfo::new(&build)),
            Box::new(steps::KeyPair::new(&build)),
            Box::new(steps::SecurityGroup::new(&build)),
            Box::new(steps::InstanceProfile::new(&build)),
            Box::new(steps::CleanupVolumes::new(&build)),
        ];
        list.push(if config.run.spot {
            Box::new(steps::RunSpotInstance::new(&build))
        } else {
            Box::new(steps::RunSourceInstance::new(&build))
        });
        if ssh.communicator == CommunicatorKind::Ssh {
            list.push(Box::new(steps::HostKeys::new(&build)));
            list.push(Box::new(StepConnect::to(ssh.clone(), slot.clone())));
        }
        list.push(Box::new(StepProvision));
        if let (true, KeyPair::Temporary { .. }) = (ssh.clear_authorized_keys, &config.key_pair) {
            list.push(Box::new(StepCleanupTempKeys::new(ssh, slot)));
        }
        list.push(Box::new(steps::StopInstance::new(&build)));
        list.push(Box::new(steps::ModifyInstance::new(&build)));
        if !config.skip_create_ami {
            if config.ami.force_deregister {
                list.push(Box::new(steps::DeregisterAmi::new(&build)));
            }
            list.push(Box::new(steps::CreateAmi::new(&build)));
            list.push(Box::new(steps::AmiRegionCopy::new(&build)));
            list.push(Box::new(steps::EnableDeprecation::new(&build)));
            list.push(Box::new(steps::EnableDeregistrationProtection::new(&build)));
            list.push(Box::new(steps::ModifyAmiAttributes::new(&build)));
            list.push(Box::new(steps::CreateTags::new(&build)));
        }
        list
    }
}
