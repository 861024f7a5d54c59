//! The instance: what it starts from, which kind it is, where it runs, what it is told.

use serde_json::json;

use super::{check, options, parse};
use crate::options::{
    CapacityReservation, Config, Filter, ShutdownBehavior, Source, Tenancy, filter::SourceFilter,
    run::MetadataOptions,
};

#[test]
fn the_source_is_named_or_looked_for() {
    check(
        json!({ "source_ami": null }),
        &[("", "`source_ami` or `source_ami_filter` must be set")],
    );
    check(
        json!({ "source_ami": null, "source_ami_filter": { "filters": { "name": "x" } } }),
        &[(
            "/source_ami_filter",
            "`owners` of `source_ami_filter` must be set",
        )],
    );
    let filter = |more| match parse(more).unwrap().run.source {
        Source::Filter(filter) => filter,
        Source::Id(id) => panic!("{id}"),
    };
    let found = filter(json!({
        "source_ami": null,
        "source_ami_filter": {
            "filters": { "name": "debian-*, ubuntu-*", "architecture": "arm64" }, "owners": ["self"], "most_recent": true,
        },
    }));
    let filters = vec![
        (
            "name".to_owned(),
            vec!["debian-*".to_owned(), "ubuntu-*".to_owned()],
        ),
        ("architecture".to_owned(), vec!["arm64".to_owned()]),
    ];
    let expect = SourceFilter {
        filter: Filter { filters },
        image_id: None,
        owners: vec!["self".to_owned()],
        most_recent: true,
        include_deprecated: false,
    };
    assert_eq!(found, expect);
    let pinned = filter(json!({ "source_ami_filter": { "filters": { "name": "x" } } }));
    assert_eq!(pinned.image_id.as_deref(), Some("ami-1"));
}

#[test]
fn the_type_is_one_or_any_of_several() {
    let neither = "`instance_type` or `spot_instance_types` must be set";
    check(json!({ "instance_type": null }), &[("", neither)]);
    check(
        json!({ "spot_instance_types": ["t3.small"] }),
        &[(
            "/spot_instance_types",
            "only one of `instance_type` and `spot_instance_types` can be set",
        )],
    );
    check(
        json!({ "instance_type": null, "spot_instance_types": ["t3.small"] }),
        &[],
    );
}

#[test]
fn a_price_asks_for_a_spot_instance() {
    let spot = |more| {
        let run = parse(more).unwrap().run;
        (run.spot, run.spot_price)
    };
    assert_eq!(spot(json!({})), (false, None));
    assert_eq!(spot(json!({ "spot_price": "auto" })), (true, None));
    assert_eq!(
        spot(json!({ "spot_price": "0.05" })),
        (true, Some("0.05".to_owned()))
    );
    assert!(!spot(json!({ "spot_price": "0" })).0);
    assert!(spot(json!({ "instance_type": null, "spot_instance_types": ["t3.small"] })).0);
    for price in ["cheap", "-1", "inf"] {
        check(
            json!({ "spot_price": price }),
            &[("/spot_price", &format!("`{price}` is not a price"))],
        );
    }
}

#[test]
fn tags_of_a_request_need_one() {
    for name in ["spot_tags", "fleet_tags"] {
        let message = format!("`{name}` needs a spot instance");
        check(json!({ name: { "a": "1" } }), &[(&format!("/{name}"), &message)]);
        check(json!({ name: { "a": "1" }, "spot_price": "auto" }), &[]);
    }
    check(
        json!({ "spot_tag": [{ "key": "a", "value": "1" }] }),
        &[("/spot_tag", "`spot_tag` needs a spot instance")],
    );
}

#[test]
fn credits_are_for_burstable_instances() {
    let check_kind = |kind: &str, more: &str, expect: &[(&str, &str)]| {
        check(
            json!({ "instance_type": kind, "enable_unlimited_credits": true, "spot_price": more }),
            expect,
        );
    };
    let at = "/enable_unlimited_credits";
    for kind in ["t2.micro", "t3.micro", "t3a.micro", "t4g.micro"] {
        check_kind(kind, "", &[]);
    }
    check_kind(
        "m5.large",
        "",
        &[(
            at,
            "`enable_unlimited_credits` is for instances of T2, T3 and T4g",
        )],
    );
    check_kind(
        "t2.micro",
        "auto",
        &[(
            at,
            "`enable_unlimited_credits` is not possible for a spot instance of T2",
        )],
    );
    check(
        json!({ "instance_type": "m5.large", "enable_t2_unlimited": true }),
        &[(
            "/enable_t2_unlimited",
            "`enable_t2_unlimited` is for instances of T2, T3 and T4g",
        )],
    );
}

#[test]
fn a_reservation_is_named_or_preferred() {
    let reservation = |more| parse(more).unwrap().run.capacity_reservation;
    assert_eq!(reservation(json!({})), CapacityReservation::None);
    assert_eq!(
        reservation(json!({ "capacity_reservation_preference": "open" })),
        CapacityReservation::Open
    );
    assert_eq!(
        reservation(json!({ "capacity_reservation_id": "cr-1" })),
        CapacityReservation::Id("cr-1".to_owned())
    );
    for (first, second) in [
        ("capacity_reservation_id", "capacity_reservation_group_arn"),
        ("capacity_reservation_preference", "capacity_reservation_id"),
        (
            "capacity_reservation_preference",
            "capacity_reservation_group_arn",
        ),
    ] {
        let message = format!("only one of `{first}` and `{second}` can be set");
        check(
            json!({ first: "none", second: "x" }),
            &[(&format!("/{second}"), &message)],
        );
    }
}

#[test]
fn tenancy_is_said_once_and_fits_the_host() {
    let tenancy = |more| parse(more).unwrap().run.placement.tenancy;
    assert_eq!(
        tenancy(json!({ "tenancy": "dedicated" })),
        Some(Tenancy::Dedicated)
    );
    assert_eq!(
        tenancy(json!({ "placement": { "tenancy": "host" } })),
        Some(Tenancy::Host)
    );
    check(
        json!({ "tenancy": "host", "placement": { "tenancy": "host" } }),
        &[(
            "/tenancy",
            "only one of `tenancy` and `tenancy` of `placement` can be set",
        )],
    );
    check(
        json!({ "placement": { "tenancy": "host", "host_id": "h-1" } }),
        &[],
    );
    check(
        json!({ "placement": { "host_id": "h-1", "host_resource_group_arn": "arn" } }),
        &[(
            "/placement/host_id",
            "only one of `host_id` and `host_resource_group_arn` can be set",
        )],
    );
    check(
        json!({ "placement": { "tenancy": "dedicated", "host_resource_group_arn": "arn" } }),
        &[(
            "/placement/host_resource_group_arn",
            "`host_resource_group_arn` needs the tenancy `host`",
        )],
    );
}

#[test]
fn shutdown_has_two_names_and_one_meaning() {
    let behavior = |more| parse(more).unwrap().run.shutdown_behavior;
    let old = "initiated_instance_shutdown_behavior";
    assert_eq!(behavior(json!({})), ShutdownBehavior::Stop);
    assert_eq!(
        behavior(json!({ "shutdown_behavior": "terminate" })),
        ShutdownBehavior::Terminate
    );
    assert_eq!(behavior(json!({ old: "terminate" })), ShutdownBehavior::Terminate);
    check(json!({ "shutdown_behavior": "stop", old: "stop" }), &[]);
    check(
        json!({ "shutdown_behavior": "stop", old: "terminate" }),
        &[(
            "/initiated_instance_shutdown_behavior",
            "`shutdown_behavior` and `initiated_instance_shutdown_behavior` say",
        )],
    );
}

#[test]
fn metadata_passes_few_machines() {
    let metadata = |more| {
        parse(json!({ "metadata_options": more }))
            .unwrap()
            .run
            .metadata_options
    };
    let default = MetadataOptions {
        http_endpoint: true,
        http_tokens_required: false,
        http_put_response_hop_limit: 1,
        instance_metadata_tags: false,
    };
    assert_eq!(metadata(json!({})), default);
    let other = MetadataOptions {
        http_endpoint: false,
        http_tokens_required: true,
        http_put_response_hop_limit: 64,
        instance_metadata_tags: true,
    };
    let written = json!({
        "http_endpoint": "disabled", "http_tokens": "required", "http_put_response_hop_limit": 64,
        "instance_metadata_tags": "enabled",
    });
    assert_eq!(metadata(written), other);
    check(
        json!({ "metadata_options": { "http_put_response_hop_limit": 65 } }),
        &[(
            "/metadata_options/http_put_response_hop_limit",
            "`http_put_response_hop_limit` must be from 1 to 64",
        )],
    );
}

#[test]
fn user_data_is_a_text_or_a_file() {
    let folder = std::env::temp_dir().join(format!("kilnbox-user-data-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("short"), b"\x1f\x8b not text").unwrap();
    std::fs::write(folder.join("long"), vec![b'a'; 100_000]).unwrap();
    let read = |more| {
        let mut options = options(more);
        options.working_dir = folder.clone();
        let read = Config::parse(&options);
        read.map(|config| config.run.user_data.unwrap().bytes)
            .map_err(|problems| {
                problems
                    .into_iter()
                    .map(|problem| problem.message)
                    .collect::<Vec<_>>()
            })
    };
    let texts = [
        read(json!({ "user_data": "#!/bin/sh" })),
        read(json!({ "user_data_file": "short" })),
        read(json!({ "user_data_file": "long" })),
        read(json!({ "user_data_file": "none" })),
        read(json!({ "user_data": "a", "user_data_file": "short" })),
    ];
    std::fs::remove_dir_all(&folder).unwrap();
    let [text, short, long, none, both] = texts;
    assert_eq!(text.unwrap(), b"#!/bin/sh");
    assert_eq!(short.unwrap(), b"\x1f\x8b not text");
    assert_eq!(long.unwrap_err(), ["EC2 takes at most 16 KiB of user data"]);
    assert!(none.unwrap_err()[0].starts_with("reading `none`: "));
    assert_eq!(
        both.unwrap_err(),
        ["only one of `user_data` and `user_data_file` can be set"]
    );
}

#[test]
fn a_policy_says_who_may_do_what() {
    let name = "temporary_iam_instance_profile_policy_document";
    let at = format!("/{name}");
    let statement = format!("{at}/Statement/0");
    let config = parse(json!({ name: { "Statement": [
        { "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"] },
    ] } }));
    assert_eq!(
        config.unwrap().run.temporary_iam_instance_profile_policy_document,
        Some(json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"] }],
        }))
    );
    check(
        json!({ name: { "Version": "2012-10-17" } }),
        &[(&at, "the policy needs a `Statement`")],
    );
    check(
        json!({ name: { "Statement": [{ "Effect": "May", "Resource": ["*"] }] } }),
        &[
            (&statement, "`Action` of a statement must be set"),
            (&statement, "`Effect` of a statement must be `Allow` or `Deny`"),
        ],
    );
}

#[test]
fn licenses_are_found_in_their_objects() {
    let config = parse(json!({ "license_specifications": [
        { "license_configuration_request": { "license_configuration_arn": "arn:1" } },
        { "license_configuration_request": {} },
    ] }));
    assert_eq!(config.unwrap().run.license_configuration_arns, ["arn:1"]);
}
