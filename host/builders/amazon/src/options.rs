//! The options of an `amazon-ebs` build: their schema, and their checked form.
//!
//! [`schema`] is what the engine coerces and validates by before [`Config::parse`] sees the options; what a schema cannot
//! say (`reference/packer.md` §7.1.1) is checked there, all at once. Fields are named after their options. Tags and the
//! description hold values that are known only while the build runs: [`Template`] keeps their text and their place.

mod access;
mod ami;
mod block_device;
mod encryption;
mod filter;
mod given;
mod key_pair;
mod network;
mod not_built;
mod placement;
mod policy;
mod polling;
mod resource_name;
mod run;
mod schema;
mod spot;
mod tags;
#[cfg(test)]
mod tests;
mod user_data;

use jiff::Timestamp;
use kilnbox_engine::{Options, Problem};
use kilnbox_ssh::SshOptions;

use self::{block_device::Of, given::Given};

pub(crate) use self::{
    access::{AccessConfig, Secret},
    ami::AmiConfig,
    block_device::BlockDevice,
    filter::{Filter, Source, SubnetFilter},
    key_pair::KeyPair,
    network::Cidr,
    placement::{CapacityReservation, Placement, Tenancy},
    polling::{Polling, delay_of_environment},
    resource_name::clean_resource_name,
    run::{RunConfig, ShutdownBehavior, SshInterface},
    schema::schema,
    tags::{Tag, Template},
    user_data::UserData,
};

/// Options that were checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Whose account, and how it is reached.
    pub(crate) access: AccessConfig,
    /// The image that is made.
    pub(crate) ami: AmiConfig,
    /// The instance that it is made of.
    pub(crate) run: RunConfig,
    /// `launch_block_device_mappings`: volumes of the instance, and so of the image.
    pub(crate) launch_mappings: Vec<BlockDevice>,
    /// `ami_block_device_mappings`: volumes of the image alone.
    pub(crate) ami_mappings: Vec<BlockDevice>,
    /// `run_volume_tags` and `run_volume_tag`: of the volumes of the instance.
    pub(crate) run_volume_tags: Vec<Tag>,
    /// `skip_create_ami`: everything but the image.
    pub(crate) skip_create_ami: bool,
    /// `skip_ami_run_tags`: the image does not get `run_tags` at first.
    pub(crate) skip_ami_run_tags: bool,
    /// `no_ephemeral`: the image has no instance store volumes.
    pub(crate) no_ephemeral: bool,
    /// The communicator. `private_key` is none where `key_pair` is a temporary one.
    pub(crate) ssh: SshOptions,
    /// How the instance learns who may log in.
    pub(crate) key_pair: KeyPair,
    /// How long AWS is asked again.
    pub(crate) polling: Polling,
    /// The build's name.
    pub(crate) build_name: String,
    /// What the user should know, and does not stop the build.
    pub(crate) warnings: Vec<Problem>,
}

impl Config {
    /// Checks the options. All problems at once; warnings come with them, or in [`Config::warnings`].
    pub(crate) fn parse(options: &Options) -> Result<Self, Vec<Problem>> {
        Self::parse_in(options, Timestamp::now(), &|name| std::env::var(name).ok())
    }

    /// At a certain time, with a certain environment.
    fn parse_in(
        options: &Options,
        now: Timestamp,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Problem>> {
        let given = Given::all(&options.json);
        let mut problems = Vec::new();
        not_built::refuse(&given, &mut problems);
        let access = AccessConfig::read(&given, options, &mut problems);
        let ami = AmiConfig::read(&given, options.force, now, &mut problems);
        let run = RunConfig::read(&given, options, &mut problems);
        let launch_mappings = BlockDevice::read_all(&given, Of::Instance, &mut problems);
        let ami_mappings = BlockDevice::read_all(&given, Of::Image, &mut problems);
        let run_volume_tags = tags::read(&given, "run_volume_tags", "run_volume_tag", &mut problems);
        let polling = Polling::read(&given, environment, &mut problems);
        let ssh = SshOptions::prepare_instance(options).map_err(|found| problems.extend(found));
        let Ok(ssh) = ssh else { return Err(problems) };
        let key_pair = KeyPair::of(&ssh, &mut problems);
        if problems.iter().any(|problem| !problem.warning) {
            return Err(problems);
        }
        Ok(Self {
            access,
            ami,
            run,
            launch_mappings,
            ami_mappings,
            run_volume_tags,
            skip_create_ami: given.flag("skip_create_ami"),
            skip_ami_run_tags: given.flag("skip_ami_run_tags"),
            no_ephemeral: given.flag("no_ephemeral"),
            ssh,
            key_pair,
            polling,
            build_name: options.build_name.clone(),
            warnings: problems,
        })
    }
}
