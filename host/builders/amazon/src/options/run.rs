//! The instance that the image is made of: upstream's `RunConfig`.

use kilnbox_engine::{Options, Problem};
use serde_json::Value as Json;

use super::{
    CapacityReservation, Cidr, Filter, Placement, Source, SubnetFilter, Tag, UserData, given::Given, network,
    policy, spot, tags,
};

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
    /// `user_data` or the content of `user_data_file`.
    pub(crate) user_data: Option<UserData>,
    /// How the instance offers what it knows of itself.
    pub(crate) metadata_options: MetadataOptions,
    /// None takes the public address, and the private one where there is no other.
    pub(crate) ssh_interface: Option<SshInterface>,
}

impl RunConfig {
    pub(super) fn read(given: &Given<'_>, options: &Options, problems: &mut Vec<Problem>) -> Self {
        let run = Self {
            instance_type: given.text("instance_type"),
            spot_instance_types: given.list("spot_instance_types"),
            spot_price: given.text("spot_price").filter(|price| price != "auto"),
            spot: spot::wanted(given),
            spot_allocation_strategy: given.text("spot_allocation_strategy"),
            spot_tags: tags::read(given, "spot_tags", "spot_tag", problems),
            fleet_tags: tags::read(given, "fleet_tags", "fleet_tag", problems),
            source: Source::read(given, problems),
            associate_public_ip_address: given.trilean("associate_public_ip_address"),
            availability_zone: given.text("availability_zone"),
            capacity_reservation: CapacityReservation::read(given, problems),
            disable_stop_instance: given.flag("disable_stop_instance"),
            ebs_optimized: given.flag("ebs_optimized"),
            enable_unlimited_credits: given.flag("enable_unlimited_credits")
                || given.flag("enable_t2_unlimited"),
            iam_instance_profile: given.text("iam_instance_profile"),
            skip_profile_validation: given.flag("skip_profile_validation"),
            temporary_iam_instance_profile_policy_document: policy::read(given, problems),
            shutdown_behavior: shutdown(given, problems),
            run_tags: tags::read(given, "run_tags", "run_tag", problems),
            security_group_ids: security_groups(given, problems),
            security_group_filter: given
                .object("security_group_filter")
                .and_then(|inside| Filter::read(&inside)),
            subnet_id: given.text("subnet_id"),
            subnet_filter: SubnetFilter::read(given),
            vpc_id: given.text("vpc_id"),
            vpc_filter: given
                .object("vpc_filter")
                .and_then(|inside| Filter::read(&inside)),
            license_configuration_arns: given
                .objects("license_specifications")
                .iter()
                .filter_map(|item| item.object("license_configuration_request"))
                .filter_map(|request| request.text("license_configuration_arn"))
                .collect(),
            placement: Placement::read(given, problems),
            temporary_security_group_source_cidrs: network::cidrs(given, problems),
            user_data: UserData::read(given, options, problems),
            metadata_options: MetadataOptions::read(given, problems),
            ssh_interface: interface(given),
        };
        spot::check(given, &run, problems);
        credits(given, &run, problems);
        run
    }
}

/// The old name counts too; both, where they say the same.
fn shutdown(given: &Given<'_>, problems: &mut Vec<Problem>) -> ShutdownBehavior {
    let old_name = "initiated_instance_shutdown_behavior";
    let (new, old) = (given.text("shutdown_behavior"), given.text(old_name));
    if new.is_some() && old.is_some() && new != old {
        let message = format!("`shutdown_behavior` and `{old_name}` say different things");
        let problem = Problem::error(given.at(old_name), message);
        problems.push(problem.hint("they are one option: leave this one out"));
    }
    match new.or(old).as_deref() {
        Some("terminate") => ShutdownBehavior::Terminate,
        _ => ShutdownBehavior::Stop,
    }
}

fn security_groups(given: &Given<'_>, problems: &mut Vec<Problem>) -> Vec<String> {
    let several = given.list("security_group_ids");
    match given.text("security_group_id") {
        Some(_) if !several.is_empty() => {
            let problem = Problem::error(
                given.at("security_group_id"),
                "only one of `security_group_id` and `security_group_ids` can be set",
            );
            problems.push(problem.hint("put it into `security_group_ids`"));
            several
        }
        Some(one) => vec![one],
        None => several,
    }
}

/// `session_manager` was refused by name.
fn interface(given: &Given<'_>) -> Option<SshInterface> {
    match given.text("ssh_interface")?.as_str() {
        "public_ip" => Some(SshInterface::PublicIp),
        "private_ip" => Some(SshInterface::PrivateIp),
        "public_dns" => Some(SshInterface::PublicDns),
        "private_dns" => Some(SshInterface::PrivateDns),
        "ipv6" => Some(SshInterface::Ipv6),
        _ => None,
    }
}

/// Credits are counted for burstable instances alone.
fn credits(given: &Given<'_>, run: &RunConfig, problems: &mut Vec<Problem>) {
    let name = ["enable_unlimited_credits", "enable_t2_unlimited"]
        .into_iter()
        .find(|name| given.flag(name));
    let (Some(name), Some(kind)) = (name, &run.instance_type) else {
        return;
    };
    let family = kind.split_once('.').map_or("", |(family, _)| family);
    if !matches!(family, "t2" | "t3" | "t3a" | "t4g") {
        let message = format!("`{name}` is for instances of T2, T3 and T4g, not for `{kind}`");
        problems.push(Problem::error(given.at(name), message));
    } else if run.spot && family == "t2" {
        let message = format!("`{name}` is not possible for a spot instance of T2");
        problems.push(Problem::error(given.at(name), message));
    }
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

/// `shutdown_behavior`: what becomes of the instance when it shuts itself down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShutdownBehavior {
    /// It stays, and can become an image.
    Stop,
    /// It is gone.
    Terminate,
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

impl MetadataOptions {
    fn read(given: &Given<'_>, problems: &mut Vec<Problem>) -> Self {
        let inside = given.object("metadata_options");
        let is = |name: &str, value: &str| {
            let written = inside.as_ref().and_then(|inside| inside.text(name));
            written.as_deref() == Some(value)
        };
        let limit = inside
            .as_ref()
            .and_then(|inside| inside.count("http_put_response_hop_limit"))
            .unwrap_or(1);
        if let Some(inside) = &inside
            && !(1..=64).contains(&limit)
        {
            problems.push(Problem::error(
                inside.at("http_put_response_hop_limit"),
                "`http_put_response_hop_limit` must be from 1 to 64",
            ));
        }
        Self {
            http_endpoint: !is("http_endpoint", "disabled"),
            http_tokens_required: is("http_tokens", "required"),
            http_put_response_hop_limit: limit,
            instance_metadata_tags: is("instance_metadata_tags", "enabled"),
        }
    }
}
