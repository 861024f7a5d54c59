//! The image that is made.

use super::{Properties, choice, count, flag, list, map, object, tag, tags, template, text, trilean};

pub(super) fn properties() -> Properties {
    let mut properties = what();
    properties.extend(sharing());
    properties.extend(encryption());
    properties.extend(lifetime());
    properties
}

fn what() -> Properties {
    vec![
        (
            "ami_name",
            text(
                "Name of the image, once per account and region: 3 to 128 letters, digits, spaces and `()[]./-'@_`. \
                 `{{timestamp}}` makes it unique, `clean_resource_name` makes it fit.",
            ),
        ),
        (
            "ami_description",
            template(
                "Description of the image. This and all tags are expanded while the build runs and may hold \
                 `{{.BuildRegion}}`, `{{.SourceAMI}}`, `{{.SourceAMIName}}`, `{{.SourceAMICreationDate}}`, \
                 `{{.SourceAMIOwner}}`, `{{.SourceAMIOwnerName}}`, and `{{.SourceAMITags.Key}}` for the tag `Key` of \
                 the source image.",
            ),
        ),
        (
            "ami_virtualization_type",
            choice(
                "Kind of virtualization that the source image must have. Any where it is not set.",
                &[
                    ("hvm", "Of the hardware: every image of today."),
                    ("paravirtual", "The old kind."),
                ],
            ),
        ),
        ("ami_product_codes", list("Product codes of the image.")),
        (
            "tags",
            tags("Tags of the image and its snapshots. Values are expanded like `ami_description`."),
        ),
        ("tag", tag("tags")),
        (
            "snapshot_tags",
            tags("Tags of the snapshots. They go before `tags`. Values are expanded like `ami_description`."),
        ),
        ("snapshot_tag", tag("snapshot_tags")),
        (
            "ena_support",
            trilean(
                "Whether the image is marked for enhanced networking (ENA). Like the source where it is not set.",
            ),
        ),
        (
            "sriov_support",
            flag("Whether the image is marked for enhanced networking of the old kind (SR-IOV)."),
        ),
        (
            "imds_support",
            choice(
                "How instances of the image hand out what they know of themselves. Like the source where it is not set.",
                &[("v2.0", "Only to requests with a token.")],
            ),
        ),
        (
            "skip_create_ami",
            flag("Whether everything is done but the image. Nothing is left for post-processors then."),
        ),
    ]
}

fn sharing() -> Properties {
    vec![
        (
            "ami_users",
            list("Numbers of the accounts that may launch the image, beside the own one."),
        ),
        (
            "ami_groups",
            list("`all`, for an image that everybody may launch."),
        ),
        (
            "ami_org_arns",
            list("ARNs of the organizations that may launch the image."),
        ),
        (
            "ami_ou_arns",
            list("ARNs of the organizational units that may launch the image."),
        ),
        (
            "snapshot_users",
            list("Numbers of the accounts that may make volumes of the snapshots."),
        ),
        (
            "snapshot_groups",
            list("`all`, for snapshots that everybody may make volumes of."),
        ),
        (
            "ami_regions",
            list(
                "Regions to copy the image to, with its tags and permissions. The region of the build need not be among them.",
            ),
        ),
        (
            "skip_region_validation",
            flag("Whether AWS is not asked if the regions exist."),
        ),
        (
            "snapshot_copy_duration_minutes",
            count(
                2880,
                "Minutes in which a copy is done, a multiple of 15 from 15 on. AWS charges for it. As it comes where it is not set.",
            ),
        ),
        (
            "skip_save_build_region",
            flag(
                "Whether the image in the region of the build is removed again, once it is copied to `ami_regions`.",
            ),
        ),
    ]
}

fn encryption() -> Properties {
    vec![
        (
            "encrypt_boot",
            trilean(
                "Whether the image is encrypted, which is one more copy. Like the source where it is not set.",
            ),
        ),
        (
            "kms_key_id",
            text(
                "Key to encrypt with in the region of the build: an id, `alias/…`, or the ARN of either. The region's default where there is none. Needs `encrypt_boot`.",
            ),
        ),
        (
            "region_kms_key_ids",
            map(
                "Keys by region, for the very regions in `ami_regions`; an empty one is the region's default. For the region of the build it goes before `kms_key_id`. Needs `encrypt_boot`.",
            ),
        ),
    ]
}

fn lifetime() -> Properties {
    vec![
        (
            "force_deregister",
            flag(
                "Whether an image with the same name is deregistered first, in all regions. So does `-force`.",
            ),
        ),
        (
            "force_delete_snapshot",
            flag("Whether the snapshots of such an image are deleted too."),
        ),
        (
            "deprecate_at",
            text(
                "When the image begins to be called deprecated, such as `2030-01-31T18:00:00Z`. Whoever knows its id can still launch it.",
            ),
        ),
        (
            "deregistration_protection",
            object(
                "Protection of the image from being deregistered.",
                vec![
                    ("enabled", flag("whether it is on.")),
                    (
                        "with_cooldown",
                        flag("whether it lasts for a day after it was turned off."),
                    ),
                ],
            ),
        ),
    ]
}
