//! The image that a build makes: upstream's `AMIConfig`.

use super::{Tag, Template};

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
    /// Whether an image of the same name is deregistered, in all regions.
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
    pub(crate) deprecate_at: Option<jiff::Timestamp>,
    /// None where it is not enabled.
    pub(crate) deregistration_protection: Option<DeregistrationProtection>,
    /// `snapshot_tags` and `snapshot_tag`: of the snapshots, over `tags`.
    pub(crate) snapshot_tags: Vec<Tag>,
    /// Accounts that may make volumes of the snapshots.
    pub(crate) snapshot_users: Vec<String>,
    /// `all`, where everybody may make volumes of the snapshots.
    pub(crate) snapshot_groups: Vec<String>,
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
