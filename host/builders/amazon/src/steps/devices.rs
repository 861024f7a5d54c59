//! Block devices as calls take them.

use aws_sdk_ec2::types::{BlockDeviceMapping, EbsBlockDevice, VolumeType};

use crate::options::BlockDevice;

/// None where there are none, so that the source's stay as they are.
pub(super) fn mappings(devices: &[BlockDevice]) -> Option<Vec<BlockDeviceMapping>> {
    (!devices.is_empty()).then(|| devices.iter().map(mapping).collect())
}

fn mapping(device: &BlockDevice) -> BlockDeviceMapping {
    let mapping = BlockDeviceMapping::builder().device_name(&device.device_name);
    if device.no_device {
        return mapping.no_device("").build();
    }
    if let Some(name) = &device.virtual_name
        && name.starts_with("ephemeral")
    {
        return mapping.virtual_name(name).build();
    }
    let ebs = EbsBlockDevice::builder()
        .delete_on_termination(device.delete_on_termination)
        .set_encrypted(device.encrypted)
        .set_iops(device.iops)
        .set_throughput(device.throughput)
        .set_kms_key_id(device.kms_key_id.clone())
        .set_snapshot_id(device.snapshot_id.clone())
        .set_volume_type(device.volume_type.as_deref().map(VolumeType::from))
        .set_volume_size(device.volume_size)
        .build();
    mapping.ebs(ebs).build()
}

/// What leaves instance store volumes out of an image (`no_ephemeral`): AWS maps up to 24 of them.
pub(super) fn no_ephemeral() -> impl Iterator<Item = BlockDeviceMapping> {
    ('b'..='y').map(|letter| {
        BlockDeviceMapping::builder()
            .device_name(format!("/dev/sd{letter}"))
            .no_device("")
            .build()
    })
}
