//! Volumes of the instance and of the image.

use serde_json::{Value as Json, json};

use super::{Properties, count, flag, objects, tag, tags, text, trilean, with_default};

pub(super) fn properties() -> Properties {
    vec![
        (
            "launch_block_device_mappings",
            mappings(
                "Volumes of the instance, and so of the image, where they differ from those of the source.",
                true,
            ),
        ),
        (
            "ami_block_device_mappings",
            mappings(
                "Volumes of instances of the image, beside those that the instance of the build has.",
                false,
            ),
        ),
        (
            "run_volume_tags",
            tags("Tags of the volumes of the instance. Values are expanded like `ami_description`."),
        ),
        ("run_volume_tag", tag("run_volume_tags")),
        (
            "no_ephemeral",
            flag("Whether the image has no instance store volumes, which EC2 else adds to it."),
        ),
    ]
}

fn mappings(about: &str, deleted: bool) -> Json {
    let delete = if deleted {
        "whether the volume goes with the instance. True by default; Packer leaves it."
    } else {
        "whether the volume goes with an instance of the image."
    };
    let mut members = vec![
        (
            "device_name",
            text("name of the device, such as `/dev/sda1`. Must be set."),
        ),
        ("delete_on_termination", with_default(flag(delete), deleted)),
        (
            "encrypted",
            trilean("whether the volume is encrypted. Like the snapshot where it is not set."),
        ),
        (
            "volume_type",
            json!({ "type": "string", "description":
            "`gp3`, `gp2`, `io1`, `io2`, `st1`, `sc1` or `standard`." }),
        ),
        (
            "volume_size",
            count(
                i32::MAX,
                "size in GiB. Needed without `snapshot_id`, unless the source has the device.",
            ),
        ),
        (
            "iops",
            count(
                i32::MAX,
                "operations per second: from 100 to 64000 for io1 and io2, from 3000 to 16000 for gp3.",
            ),
        ),
        (
            "throughput",
            count(i32::MAX, "MiB per second, for gp3 alone: from 125 to 1000."),
        ),
        ("snapshot_id", text("snapshot that the volume begins as.")),
        (
            "kms_key_id",
            text("key to encrypt the volume with: an id, `alias/…`, or the ARN of either."),
        ),
        (
            "virtual_name",
            text("`ephemeral0` to `ephemeral23`, for an instance store volume."),
        ),
        ("no_device", flag("whether a device of the source is left out.")),
    ];
    if !deleted {
        // EC2 does not take one here; it stays in the schema, so that it is refused with the reason.
        members
            .iter_mut()
            .filter(|(name, _)| *name == "kms_key_id")
            .for_each(|(_, schema)| {
                *schema = text("refused: EC2 takes a key for volumes of the instance alone.");
            });
    }
    objects(about, members)
}
