//! The instance that the image is made of: upstream's `RunConfig`.

use serde_json::Value as Json;

use super::{Cidr, Filter, Source, SubnetFilter, Tag, UserData};

/// What is launched, where, and how it is reached.
#[derive(Clone, Debug)]
pub(crate) struct RunConfig {
    /// Set where `spot_instance_types` is empty.
    pub(crate) instance_type: Option<String>,
    /// Any of them will do, as a spot instance.
    pub(crate) spot_instance_types: Vec<String>,
    /// The most that an hour of a spot instance may cost, in dollars; none for any price, `auto` in templates.
    pub(crate) spot_price: Option<String>,
    /// Whether a spot instance is asked for, by `spot_price` or `spot_instance_types`.
    pub(crate) spot: bool,
    /// Such as `lowest-price`.
    pub(crate) spot_allocation_strategy: Option<String>,
    /// `spot_tags` and `spot_tag`: of the request.
    pub(crate) spot_tags: Vec<Tag>,
    /// `fleet_tags` and `fleet_tag`: of the fleet.
    pub(crate) fleet_tags: Vec<Tag>,
    /// Minutes a spot instance runs at least; a multiple of 60.
    pub(crate) block_duration_minutes: Option<i32>,
    /// `source_ami`, `source_ami_filter`.
    pub(crate) source: Source,
    /// None leaves it to the subnet.
    pub(crate) associate_public_ip_address: Option<bool>,
    /// Such as `us-east-1a`.
    pub(crate) availability_zone: Option<String>,
    /// `capacity_reservation_preference`, `_id` and `_group_arn`.
    pub(crate) capacity_reservation: CapacityReservation,
    /// Whether the steps stop the instance themselves.
    pub(crate) disable_stop_instance: bool,
    /// Whether EBS has bandwidth of its own.
    pub(crate) ebs_optimized: bool,
    /// Whether a burstable instance may burst for money; `enable_t2_unlimited` too.
    pub(crate) enable_unlimited_credits: bool,
    /// Name of the profile.
    pub(crate) iam_instance_profile: Option<String>,
    /// Whether the profile is taken to exist.
    pub(crate) skip_profile_validation: bool,
    /// The policy of a temporary profile, as IAM takes it: `Version` and a list `Statement`, each `Effect`, a list
    /// `Action` and a list `Resource`.
    pub(crate) temporary_iam_instance_profile_policy_document: Option<Json>,
    /// `shutdown_behavior` or `initiated_instance_shutdown_behavior`.
    pub(crate) shutdown_behavior: ShutdownBehavior,
    /// `run_tags` and `run_tag`: of the instance.
    pub(crate) run_tags: Vec<Tag>,
    /// `security_group_ids`, or `security_group_id` alone.
    pub(crate) security_group_ids: Vec<String>,
    /// Counts where `security_group_ids` is empty.
    pub(crate) security_group_filter: Option<Filter>,
    /// Goes before `subnet_filter`.
    pub(crate) subnet_id: Option<String>,
    /// Counts where `subnet_id` is none.
    pub(crate) subnet_filter: Option<SubnetFilter>,
    /// Goes before `vpc_filter`.
    pub(crate) vpc_id: Option<String>,
    /// Counts where `vpc_id` is none.
    pub(crate) vpc_filter: Option<Filter>,
    /// `license_specifications`: the ARNs of the license configurations.
    pub(crate) license_configuration_arns: Vec<String>,
    /// `placement`, and `tenancy`, its old name.
    pub(crate) placement: Placement,
    /// None is the address that AWS sees the caller come from.
    pub(crate) temporary_security_group_source_cidrs: Option<Vec<Cidr>>,
    /// Asks for the default in words: `temporary_security_group_source_cidrs` is none then.
    pub(crate) temporary_security_group_source_public_ip: bool,
    /// `user_data` or the content of `user_data_file`.
    pub(crate) user_data: Option<UserData>,
    /// How the instance offers what it knows of itself.
    pub(crate) metadata_options: MetadataOptions,
    /// None takes the public address, and the private one where there is no other.
    pub(crate) ssh_interface: Option<SshInterface>,
    /// How the instance learns who may log in.
    pub(crate) key_pair: KeyPair,
}

/// `ssh_interface`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SshInterface {
    /// The public IPv4 address.
    PublicIp,
    /// The private IPv4 address.
    PrivateIp,
    /// The public name.
    PublicDns,
    /// The private name.
    PrivateDns,
    /// The IPv6 address.
    Ipv6,
}

/// The key pair of EC2 that the instance is launched with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyPair {
    /// Made for the build and removed after it.
    Temporary {
        /// `temporary_key_pair_name`; one with a UUID where none.
        name: Option<String>,
        /// `temporary_key_pair_type` and `temporary_key_pair_bits`.
        kind: KeyType,
    },
    /// `ssh_keypair_name`: one of EC2; the private key is the user's.
    Existing(String),
    /// The instance is launched without: a password, a key or the agent is what the source image takes, or the
    /// communicator is `none`.
    None,
}

/// `temporary_key_pair_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    /// The default.
    Ed25519,
    /// On request, for old servers.
    Rsa {
        /// 2048 or 4096, the default.
        bits: u32,
    },
}

/// `shutdown_behavior`: what becomes of the instance when it shuts itself down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShutdownBehavior {
    /// It stays, and can become an image.
    Stop,
    /// It is gone.
    Terminate,
}

/// Which reserved capacity the instance uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CapacityReservation {
    /// `none`, the default.
    None,
    /// `open`: any that fits.
    Open,
    /// `capacity_reservation_id`.
    Id(String),
    /// `capacity_reservation_group_arn`.
    Group(String),
}

/// `placement`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Placement {
    /// ARN of the group of hosts.
    pub(crate) host_resource_group_arn: Option<String>,
    /// A dedicated host.
    pub(crate) host_id: Option<String>,
    /// None is AWS's default, shared hardware.
    pub(crate) tenancy: Option<Tenancy>,
}

/// Who else uses the hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tenancy {
    /// Anybody.
    Default,
    /// The account alone.
    Dedicated,
    /// The account alone, on a host that it rents.
    Host,
}

/// `metadata_options`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MetadataOptions {
    /// `http_endpoint` is `enabled`, the default.
    pub(crate) http_endpoint: bool,
    /// `http_tokens` is `required`.
    pub(crate) http_tokens_required: bool,
    /// 1 to 64.
    pub(crate) http_put_response_hop_limit: i32,
    /// `instance_metadata_tags` is `enabled`.
    pub(crate) instance_metadata_tags: bool,
}
