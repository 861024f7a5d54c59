//! Where the instance is in the network, and how it is reached there.

use super::{Properties, choice, filters, flag, list, object, text, trilean};

pub(super) fn properties() -> Properties {
    vec![
        (
            "availability_zone",
            text("Zone to launch the instance in, such as `us-east-1a`. AWS chooses where there is none."),
        ),
        (
            "vpc_id",
            text(
                "VPC of the temporary security group. That of the subnet, or the default one, where there is none.",
            ),
        ),
        (
            "vpc_filter",
            object(
                "What to look for as the VPC, where `vpc_id` is not set. Must find exactly one.",
                vec![filters("DescribeVpcs")],
            ),
        ),
        (
            "subnet_id",
            text("Subnet to launch the instance in. Needed outside of the default VPC."),
        ),
        (
            "subnet_filter",
            object(
                "What to look for as the subnet, where `subnet_id` is not set. Must find exactly one, unless one of the flags is set.",
                vec![
                    filters("DescribeSubnets"),
                    (
                        "most_free",
                        flag("whether the one with the most free addresses is taken."),
                    ),
                    ("random", flag("whether any of them is taken.")),
                ],
            ),
        ),
        (
            "associate_public_ip_address",
            trilean("Whether the instance has a public address. The subnet decides where it is not set."),
        ),
        (
            "security_group_id",
            text(
                "Security group of the instance, in place of a temporary one. Must let the communicator in.",
            ),
        ),
        ("security_group_ids", list("The same, for several.")),
        (
            "security_group_filter",
            object(
                "What to look for as the security groups, where none are named. All that are found count.",
                vec![filters("DescribeSecurityGroups")],
            ),
        ),
        (
            "temporary_security_group_source_cidrs",
            list(
                "Blocks of addresses that may connect to the instance while it is built. The address that AWS sees this \
             machine come from where there are none; Packer lets in everybody then, as `0.0.0.0/0` and `::/0` do here.",
            ),
        ),
        (
            "temporary_security_group_source_public_ip",
            flag(
                "Asks for the address of this machine, which is the default here. Taken because Packer's templates have it.",
            ),
        ),
        (
            "ssh_interface",
            choice(
                "Which address of the instance is connected to. The public one where it is not set, or the private one \
             where there is no public one.",
                &[
                    ("public_ip", "The public IPv4 address."),
                    ("private_ip", "The private IPv4 address."),
                    ("public_dns", "The public name."),
                    ("private_dns", "The private name."),
                    ("ipv6", "The IPv6 address."),
                    ("session_manager", "Not built yet, and refused."),
                ],
            ),
        ),
    ]
}
