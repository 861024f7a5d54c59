//! Volumes of the instance and of the image: upstream's `BlockDevice`.

/// One of `launch_block_device_mappings` or `ami_block_device_mappings`. A number is none where it is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlockDevice {
    /// Such as `/dev/sda1`.
    pub(crate) device_name: String,
    /// True for volumes of the instance, unless the template says otherwise; in Packer they stay.
    pub(crate) delete_on_termination: bool,
    /// None keeps what the snapshot has.
    pub(crate) encrypted: Option<bool>,
    /// Operations per second.
    pub(crate) iops: Option<i32>,
    /// MiB per second.
    pub(crate) throughput: Option<i32>,
    /// Key of the encryption; `encrypted` is not false then.
    pub(crate) kms_key_id: Option<String>,
    /// Whether the device of the source is left out.
    pub(crate) no_device: bool,
    /// What the volume begins as.
    pub(crate) snapshot_id: Option<String>,
    /// Such as `ephemeral0`: no volume of EBS then.
    pub(crate) virtual_name: Option<String>,
    /// Such as `gp3`.
    pub(crate) volume_type: Option<String>,
    /// GiB.
    pub(crate) volume_size: Option<i32>,
}
