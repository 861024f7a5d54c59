//! The image that a build makes: upstream's `AMIConfig`.

use jiff::Timestamp;
use kilnbox_engine::Problem;

use super::{
    Tag, Template, encryption,
    given::{Given, child},
    resource_name::{RULE, clean_resource_name},
    tags,
};

/// Minutes of a copy: AWS, `CopyImage`.
const COPY_MINUTES: std::ops::RangeInclusive<i64> = 15..=2880;

/// Name, copies, permissions and encryption of the image.
#[derive(Clone, Debug)]
pub(crate) struct AmiConfig {
    /// 3 to 128 characters that EC2 takes.
    pub(crate) ami_name: String,
    /// None where it is empty.
    pub(crate) ami_description: Option<Template>,
    /// `hvm` or `paravirtual`: what the source must have.
    pub(crate) ami_virtualization_type: Option<String>,
    /// Accounts that may launch it.
    pub(crate) ami_users: Vec<String>,
    /// `all`, where everybody may launch it.
    pub(crate) ami_groups: Vec<String>,
    /// Organizations that may launch it.
    pub(crate) ami_org_arns: Vec<String>,
    /// Organizational units that may launch it.
    pub(crate) ami_ou_arns: Vec<String>,
    /// Product codes it gets.
    pub(crate) ami_product_codes: Vec<String>,
    /// Regions it is copied to, each once, without the one of the build where the template names that. Where it does
    /// not, whoever knows the region takes it out.
    pub(crate) ami_regions: Vec<String>,
    /// Whether the regions are taken as they are.
    pub(crate) skip_region_validation: bool,
    /// Minutes a copy may take, a multiple of 15: `CompletionDurationMinutes`.
    pub(crate) snapshot_copy_duration_minutes: Option<i64>,
    /// `tags` and `tag`: of the image and its snapshots.
    pub(crate) tags: Vec<Tag>,
    /// Enhanced networking (ENA).
    pub(crate) ena_support: Option<bool>,
    /// Enhanced networking (SR-IOV).
    pub(crate) sriov_support: bool,
    /// Whether an image of the same name is deregistered, in all regions: `-force` means it too.
    pub(crate) force_deregister: bool,
    /// Whether its snapshots go with it.
    pub(crate) force_delete_snapshot: bool,
    /// None keeps what the source has.
    pub(crate) encrypt_boot: Option<bool>,
    /// Key of the encryption in the region of the build.
    pub(crate) kms_key_id: Option<String>,
    /// Key by region; empty is the default key of the region.
    pub(crate) region_kms_key_ids: Vec<(String, String)>,
    /// Whether the image in the region of the build is only there to be copied.
    pub(crate) skip_save_build_region: bool,
    /// None leaves the default of the source.
    pub(crate) imds_support: Option<ImdsSupport>,
    /// When it is called old. In the future when the options were checked.
    pub(crate) deprecate_at: Option<Timestamp>,
    /// None where it is not enabled.
    pub(crate) deregistration_protection: Option<DeregistrationProtection>,
    /// `snapshot_tags` and `snapshot_tag`: of the snapshots, over `tags`.
    pub(crate) snapshot_tags: Vec<Tag>,
    /// Accounts that may make volumes of the snapshots.
    pub(crate) snapshot_users: Vec<String>,
    /// `all`, where everybody may make volumes of the snapshots.
    pub(crate) snapshot_groups: Vec<String>,
}

impl AmiConfig {
    pub(super) fn read(given: &Given<'_>, force: bool, now: Timestamp, problems: &mut Vec<Problem>) -> Self {
        let protection = given.object("deregistration_protection");
        let protected = protection.filter(|protection| protection.flag("enabled"));
        let ami = Self {
            ami_name: given.text("ami_name").unwrap_or_default(),
            ami_description: Template::read(given, "ami_description"),
            ami_virtualization_type: given.text("ami_virtualization_type"),
            ami_users: given.list("ami_users"),
            ami_groups: given.list("ami_groups"),
            ami_org_arns: given.list("ami_org_arns"),
            ami_ou_arns: given.list("ami_ou_arns"),
            ami_product_codes: given.list("ami_product_codes"),
            ami_regions: regions(given, problems),
            skip_region_validation: given.flag("skip_region_validation"),
            snapshot_copy_duration_minutes: given.count("snapshot_copy_duration_minutes"),
            tags: tags::read(given, "tags", "tag", problems),
            ena_support: given.trilean("ena_support"),
            sriov_support: given.flag("sriov_support"),
            force_deregister: force || given.flag("force_deregister"),
            force_delete_snapshot: given.flag("force_delete_snapshot"),
            encrypt_boot: given.trilean("encrypt_boot"),
            kms_key_id: given.text("kms_key_id"),
            region_kms_key_ids: given.pairs("region_kms_key_ids"),
            skip_save_build_region: given.flag("skip_save_build_region"),
            imds_support: given.text("imds_support").map(|_| ImdsSupport::V2),
            deprecate_at: deprecation(given, now, problems),
            deregistration_protection: protected.map(|protection| DeregistrationProtection {
                with_cooldown: protection.flag("with_cooldown"),
            }),
            snapshot_tags: tags::read(given, "snapshot_tags", "snapshot_tag", problems),
            snapshot_users: given.list("snapshot_users"),
            snapshot_groups: given.list("snapshot_groups"),
        };
        name(given, &ami.ami_name, problems);
        if let Some(minutes) = ami.snapshot_copy_duration_minutes
            && !(COPY_MINUTES.contains(&minutes) && minutes % 15 == 0)
        {
            problems.push(Problem::error(
                given.at("snapshot_copy_duration_minutes"),
                "`snapshot_copy_duration_minutes` must be a multiple of 15, from 15 to 2880",
            ));
        }
        encryption::check(given, &ami, problems);
        ami
    }
}

fn name(given: &Given<'_>, name: &str, problems: &mut Vec<Problem>) {
    let at = given.at("ami_name");
    if name.is_empty() {
        problems.push(Problem::error(at, "`ami_name` must be set"));
        return;
    }
    if !(3..=128).contains(&name.chars().count()) {
        problems.push(Problem::error(
            at.clone(),
            "`ami_name` must have from 3 to 128 characters",
        ));
    }
    if clean_resource_name(name) != name {
        problems.push(Problem::error(at, RULE));
    }
}

/// Each once, without the one of the build.
fn regions(given: &Given<'_>, problems: &mut Vec<Problem>) -> Vec<String> {
    let listed = given.list("ami_regions");
    let keys = given.pairs("region_kms_key_ids");
    for (region, _) in keys.iter().filter(|(region, _)| !listed.contains(region)) {
        let at = child(&given.at("region_kms_key_ids"), region);
        let message = format!("region `{region}` is in `region_kms_key_ids` and not in `ami_regions`");
        problems.push(Problem::error(at, message));
    }
    let home = given.text("region");
    let mut regions: Vec<String> = Vec::new();
    for (index, region) in listed.into_iter().enumerate() {
        if regions.contains(&region) {
            continue;
        }
        if !keys.is_empty() && !keys.iter().any(|(known, _)| *known == region) {
            let at = child(&given.at("ami_regions"), &index.to_string());
            let message = format!("region `{region}` is in `ami_regions` and not in `region_kms_key_ids`");
            let problem = Problem::error(at, message);
            problems.push(problem.hint("add it with its key, or with an empty one for the region's default"));
        }
        regions.push(region);
    }
    regions.retain(|region| Some(region) != home.as_ref());
    regions
}

fn deprecation(given: &Given<'_>, now: Timestamp, problems: &mut Vec<Problem>) -> Option<Timestamp> {
    let text = given.text("deprecate_at")?;
    let at = given.at("deprecate_at");
    match text.parse::<Timestamp>() {
        Ok(time) if time <= now => {
            let problem = Problem::error(at, format!("`deprecate_at`: {text} has passed"));
            problems.push(problem.hint("EC2 takes a time in the future"));
            None
        }
        Ok(time) => Some(time),
        Err(_) => {
            let problem = Problem::error(at, format!("`deprecate_at`: `{text}` is not a time of RFC 3339"));
            problems.push(problem.hint("write it like `2030-01-31T18:00:00Z`"));
            None
        }
    }
}

/// `imds_support`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImdsSupport {
    /// Instances of the image take requests with a token alone.
    V2,
}

/// `deregistration_protection`, where it is enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeregistrationProtection {
    /// Whether the protection lasts a day longer than it is on.
    pub(crate) with_cooldown: bool,
}
