//! The instance that the image is made of.

use serde_json::{Value as Json, json};

use super::{Properties, choice, count, deprecated, filters, flag, list, object, objects, tag, tags, text};

pub(super) fn properties() -> Properties {
    let mut properties = source();
    properties.extend(kind());
    properties.extend(hardware());
    properties.extend(inside());
    properties
}

fn source() -> Properties {
    vec![
        (
            "source_ami",
            text("Id of the image to start from. This or `source_ami_filter` must be set."),
        ),
        (
            "source_ami_filter",
            object(
                "What to look for as the image to start from. Must find exactly one; together with `source_ami`, that one.",
                vec![
                    filters("DescribeImages"),
                    (
                        "owners",
                        list(
                            "numbers of the accounts that the image may be from, `self`, or aliases such as `amazon`. At least one: anybody can name an image like the one you look for.",
                        ),
                    ),
                    (
                        "most_recent",
                        flag("whether the newest is taken where there are several."),
                    ),
                    (
                        "include_deprecated",
                        flag("whether images that are called deprecated count."),
                    ),
                ],
            ),
        ),
    ]
}

fn kind() -> Properties {
    vec![
        (
            "instance_type",
            text("Type of the instance, such as `t3.micro`. This or `spot_instance_types` must be set."),
        ),
        (
            "spot_instance_types",
            list("Types of which any will do, for a spot instance."),
        ),
        (
            "spot_price",
            text(
                "The most that an hour of a spot instance may cost, in dollars, or `auto` for whatever it costs. Asks for a spot instance, unless it is `0`.",
            ),
        ),
        (
            "spot_allocation_strategy",
            choice(
                "Where a spot instance is taken from. AWS's default where it is not set.",
                &[
                    ("lowest-price", "Where it is cheapest."),
                    ("capacity-optimized", "Where it is least likely to be taken away."),
                    (
                        "capacity-optimized-prioritized",
                        "The same, with a look at the order of the types.",
                    ),
                    ("price-capacity-optimized", "By both."),
                    ("diversified", "From all."),
                ],
            ),
        ),
        (
            "spot_tags",
            tags("Tags of the request for a spot instance. Values are expanded like `ami_description`."),
        ),
        ("spot_tag", tag("spot_tags")),
        (
            "fleet_tags",
            tags(
                "Tags of the fleet that a spot instance is launched by. Values are expanded like `ami_description`.",
            ),
        ),
        ("fleet_tag", tag("fleet_tags")),
        (
            "block_duration_minutes",
            deprecated(
                json!({ "description": "Refused: AWS has no spot instances of a fixed duration any more." }),
            ),
        ),
    ]
}

fn hardware() -> Properties {
    let tenancy = || {
        choice(
            "who else uses the hardware: `default`, anybody; `dedicated`, nobody; `host`, nobody, on a host of your own.",
            &[
                ("default", "Anybody."),
                ("dedicated", "No other account."),
                ("host", "No other account, on a host that you rent."),
            ],
        )
    };
    vec![
        (
            "ebs_optimized",
            flag(
                "Whether the instance has bandwidth of its own to its volumes. Most types of today always have.",
            ),
        ),
        (
            "enable_unlimited_credits",
            flag(
                "Whether a burstable instance (T2, T3, T4g) may use more of the processor than it has credits for, for money.",
            ),
        ),
        (
            "enable_t2_unlimited",
            deprecated(flag("The old name of `enable_unlimited_credits`.")),
        ),
        (
            "capacity_reservation_preference",
            choice(
                "Whether the instance uses capacity that you reserved. `none` where no reservation is named either.",
                &[("none", "No."), ("open", "Any that fits.")],
            ),
        ),
        ("capacity_reservation_id", text("The reservation to use.")),
        (
            "capacity_reservation_group_arn",
            text("ARN of the group of reservations to use."),
        ),
        (
            "placement",
            object(
                "Where the instance is put.",
                vec![
                    ("tenancy", tenancy()),
                    ("host_id", text("id of the host.")),
                    ("host_resource_group_arn", text("ARN of the group of hosts.")),
                ],
            ),
        ),
        (
            "tenancy",
            deprecated(choice(
                "The old name of `tenancy` of `placement`.",
                &[
                    ("default", "Anybody uses the hardware."),
                    ("dedicated", "No other account does."),
                    ("host", "No other account does, on a host that you rent."),
                ],
            )),
        ),
        ("license_specifications", licenses()),
    ]
}

fn inside() -> Properties {
    vec![
        (
            "iam_instance_profile",
            text("Instance profile: what the steps may do at AWS."),
        ),
        (
            "skip_profile_validation",
            flag("Whether AWS is not asked if the profile exists."),
        ),
        ("temporary_iam_instance_profile_policy_document", policy()),
        (
            "run_tags",
            tags(
                "Tags of the instance, and of the image until it has its own. Values are expanded like `ami_description`.",
            ),
        ),
        ("run_tag", tag("run_tags")),
        (
            "skip_ami_run_tags",
            flag("Whether the image is made without `run_tags`."),
        ),
        (
            "user_data",
            text(
                "What the instance is told when it starts, such as a script of cloud-init. Base64 is done for you.",
            ),
        ),
        (
            "user_data_file",
            text(
                "File with the user data. A relative path starts from the working directory, then from the template's folder.",
            ),
        ),
        ("metadata_options", metadata()),
        (
            "shutdown_behavior",
            choice(
                "What becomes of the instance when it shuts itself down. `stop` where it is not set.",
                &[
                    ("stop", "It stops, and can become an image."),
                    ("terminate", "It is gone."),
                ],
            ),
        ),
        (
            "initiated_instance_shutdown_behavior",
            deprecated(choice(
                "The old name of `shutdown_behavior`.",
                &[
                    ("stop", "It stops, and can become an image."),
                    ("terminate", "It is gone."),
                ],
            )),
        ),
        (
            "disable_stop_instance",
            flag("Whether the steps stop the instance. The build waits until they have."),
        ),
    ]
}

fn licenses() -> Json {
    let request = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": { "license_configuration_arn": text("ARN of the license configuration.") },
        "description": "object with `license_configuration_arn`, the ARN of a license configuration.",
    });
    objects(
        "Licenses that the instance uses.",
        vec![("license_configuration_request", request)],
    )
}

fn metadata() -> Json {
    let switch = |about: &str| choice(about, &[("enabled", "It is."), ("disabled", "It is not.")]);
    object(
        "How the instance hands out what it knows of itself, credentials of its profile among it.",
        vec![
            (
                "http_endpoint",
                switch("`enabled`, the default, or `disabled`: whether it does."),
            ),
            (
                "http_tokens",
                choice(
                    "`optional`, the default, or `required`: whether requests need a token (IMDSv2).",
                    &[("optional", "No."), ("required", "Yes.")],
                ),
            ),
            (
                "http_put_response_hop_limit",
                count(
                    i32::MAX,
                    "how many machines a token may pass, from 1, the default, to 64; 2 for containers.",
                ),
            ),
            (
                "instance_metadata_tags",
                switch(
                    "`disabled`, the default, or `enabled`: whether the tags of the instance are among it.",
                ),
            ),
        ],
    )
}

fn policy() -> Json {
    let statements = json!({
        "type": "array",
        "description": "list of objects with `Effect` (`Allow` or `Deny`), `Action` and `Resource`, which are lists.",
        "items": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "Effect": text("`Allow` or `Deny`."),
                "Action": list("what it is about, such as `s3:GetObject`."),
                "Resource": list("ARNs of what may be acted on."),
            },
        },
    });
    object(
        "Policy of an instance profile that is made for the build. Not used where `iam_instance_profile` is set.",
        vec![
            (
                "Version",
                text("language of the policy; `2012-10-17` by default."),
            ),
            ("Statement", statements),
        ],
    )
}
