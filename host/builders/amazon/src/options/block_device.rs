//! Volumes of the instance and of the image: upstream's `BlockDevice`.

use std::ops::RangeInclusive;

use kilnbox_engine::Problem;

use super::{
    encryption::{is_key, not_a_key},
    given::Given,
};

/// Operations per second of `io1` and `io2`.
const PROVISIONED_IOPS: RangeInclusive<i32> = 100..=64_000;

/// Operations per second of `gp3`.
const GP3_IOPS: RangeInclusive<i32> = 3_000..=16_000;

/// MiB per second of `gp3`.
const GP3_THROUGHPUT: RangeInclusive<i32> = 125..=1_000;

/// What a list of volumes is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Instance,
    Image,
}

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

impl BlockDevice {
    pub(super) fn read_all(given: &Given<'_>, of: Of, problems: &mut Vec<Problem>) -> Vec<Self> {
        let name = match of {
            Of::Instance => "launch_block_device_mappings",
            Of::Image => "ami_block_device_mappings",
        };
        let volumes = given.objects(name).into_iter();
        volumes
            .map(|volume| {
                let mut device = Self::read(&volume, of);
                device.check(&volume, of, problems);
                device
            })
            .collect()
    }

    fn read(given: &Given<'_>, of: Of) -> Self {
        let kms_key_id = given.text("kms_key_id");
        let deleted = given.trilean("delete_on_termination");
        Self {
            device_name: given.text("device_name").unwrap_or_default(),
            delete_on_termination: deleted.unwrap_or(of == Of::Instance),
            // EC2 takes a key only beside `Encrypted`.
            encrypted: given
                .trilean("encrypted")
                .or(kms_key_id.is_some().then_some(true)),
            iops: given.count("iops"),
            throughput: given.count("throughput"),
            kms_key_id,
            no_device: given.flag("no_device"),
            snapshot_id: given.text("snapshot_id"),
            virtual_name: given.text("virtual_name"),
            volume_type: given.text("volume_type"),
            volume_size: given.count("volume_size"),
        }
    }

    fn check(&mut self, given: &Given<'_>, of: Of, problems: &mut Vec<Problem>) {
        self.performance(given, problems);
        let device = &self.device_name;
        if device.is_empty() {
            problems.push(
                Problem::error(given.here(), "`device_name` must be set for every volume")
                    .hint("such as `/dev/sda1`, which is the root of many images"),
            );
            return;
        }
        if let Some(name) = &self.virtual_name
            && !ephemeral(name)
        {
            let message = format!("`{device}`: `{name}` is none of `ephemeral0` to `ephemeral23`");
            problems.push(Problem::error(given.at("virtual_name"), message));
        }
        let Some(key) = &self.kms_key_id else { return };
        if of == Of::Image {
            let message = format!("`{device}`: EC2 takes no key for a volume of an image");
            let problem = Problem::error(given.at("kms_key_id"), message);
            problems.push(problem.hint("set it in `launch_block_device_mappings`, or use `encrypt_boot`"));
        } else if self.encrypted == Some(false) {
            let message = format!("`{device}`: `encrypted` must be true where `kms_key_id` is set");
            problems.push(Problem::error(given.at("encrypted"), message));
        }
        if !is_key(key) {
            problems.push(not_a_key(given.at("kms_key_id"), key));
        }
    }

    /// What the type of the volume can do. Operations that it does not count are left out, as in Packer.
    fn performance(&mut self, given: &Given<'_>, problems: &mut Vec<Problem>) {
        let device = self.device_name.clone();
        let kind = self.volume_type.as_deref().unwrap_or("the default type");
        let (range, ratio) = match kind {
            "io1" => (Some(PROVISIONED_IOPS), 50),
            "io2" => (Some(PROVISIONED_IOPS), 500),
            "gp3" => (Some(GP3_IOPS), i64::from(i32::MAX)),
            _ => (None, 0),
        };
        match (self.iops, range) {
            (Some(_), None) => {
                let message = format!("`{device}`: `iops` is passed over, since {kind} does not count them");
                problems.push(Problem::warning(given.at("iops"), message));
                self.iops = None;
            }
            (Some(iops), Some(range)) => {
                if !range.contains(&iops) {
                    let (least, most) = range.into_inner();
                    let message = format!("`{device}`: `iops` of {kind} must be from {least} to {most}");
                    problems.push(Problem::error(given.at("iops"), message));
                }
                if let Some(size) = self.volume_size
                    && i64::from(iops) > i64::from(size) * ratio
                {
                    let message = format!(
                        "`{device}`: `iops` of {kind} must be at most {ratio} for each GiB of `volume_size`"
                    );
                    problems.push(Problem::error(given.at("iops"), message));
                }
            }
            (None, _) => {}
        }
        let Some(throughput) = self.throughput else { return };
        if kind != "gp3" {
            let message = format!("`{device}`: `throughput` is for gp3, not for {kind}");
            problems.push(Problem::error(given.at("throughput"), message));
        } else if !GP3_THROUGHPUT.contains(&throughput) {
            let message = format!("`{device}`: `throughput` of gp3 must be from 125 to 1000");
            problems.push(Problem::error(given.at("throughput"), message));
        }
    }
}

fn ephemeral(name: &str) -> bool {
    name.strip_prefix("ephemeral")
        .and_then(|number| number.parse::<u8>().ok())
        .is_some_and(|number| number < 24)
}
