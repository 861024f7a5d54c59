//! The options of an `amazon-ebs` build: their schema, and their checked form.
//!
//! `schema` is what the engine coerces and validates by before `Config::parse` sees the options; what a schema cannot
//! say (`reference/packer.md` §7.1.1) is checked there, all at once. Fields are named after their options. Tags and the
//! description hold values that are known only while the build runs: [`Template`] keeps their text and their place.

mod access;
mod ami;
mod block_device;
mod filter;
mod network;
mod polling;
mod resource_name;
mod run;
mod tags;
mod user_data;

use kilnbox_engine::{Options, Problem};
use kilnbox_ssh::SshOptions;

pub(crate) use self::{
    access::{AccessConfig, AssumeRole, Secret},
    ami::{AmiConfig, DeregistrationProtection, ImdsSupport},
    block_device::BlockDevice,
    filter::{Filter, Source, SourceFilter, SubnetFilter},
    network::Cidr,
    polling::Polling,
    resource_name::clean_resource_name,
    run::{
        CapacityReservation, KeyPair, KeyType, MetadataOptions, Placement, RunConfig, ShutdownBehavior,
        SshInterface, Tenancy,
    },
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
    /// The communicator. `private_key` is none where [`RunConfig::key_pair`] is a temporary one.
    pub(crate) ssh: SshOptions,
    /// How long AWS is asked again.
    pub(crate) polling: Polling,
    /// The build's name.
    pub(crate) build_name: String,
    /// `-force`, or `force_deregister`, which is the same to this builder.
    pub(crate) force: bool,
    /// What the user should know, and does not stop the build.
    pub(crate) warnings: Vec<Problem>,
}
