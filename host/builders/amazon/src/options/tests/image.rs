//! The image: name, copies, encryption, sharing, tags.

use serde_json::{Value as Json, json};

use super::{super::resource_name::RULE, check, parse};
use crate::options::{
    Tag,
    ami::{DeregistrationProtection, ImdsSupport},
};

#[test]
fn the_name_is_what_ec2_takes() {
    let length = "`ami_name` must have from 3 to 128 characters";
    let check_name = |name: String, expect: &[(&str, &str)]| check(json!({ "ami_name": name }), expect);
    check_name("ab".to_owned(), &[("/ami_name", length)]);
    check_name("abc".to_owned(), &[]);
    check_name("a".repeat(128), &[]);
    check_name("a".repeat(129), &[("/ami_name", length)]);
    check_name("web 1.0 (x) [y] a/b-c'd@e_f".to_owned(), &[]);
    check_name("web:1".to_owned(), &[("/ami_name", RULE)]);
    check_name("é".to_owned(), &[("/ami_name", length), ("/ami_name", RULE)]);
    check_name(String::new(), &[("/ami_name", "`ami_name` must be set")]);
}

#[test]
fn regions_are_copied_to_once_and_the_own_one_never() {
    let config = parse(json!({ "ami_regions": ["b", "us-east-1", " a", "b", ""] })).unwrap();
    assert_eq!(config.ami.ami_regions, ["b", "a"]);
    let config = parse(json!({ "region": null, "ami_regions": ["us-east-1"] })).unwrap();
    assert_eq!(config.ami.ami_regions, ["us-east-1"]);
}

#[test]
fn keys_are_for_the_regions_of_the_copies() {
    let keys = |regions: Json, keys: Json| json!({ "encrypt_boot": true, "ami_regions": regions, "region_kms_key_ids": keys });
    check(
        keys(
            json!(["a", "us-east-1"]),
            json!({ "a": "alias/k", "us-east-1": "" }),
        ),
        &[],
    );
    check(
        keys(json!(["a"]), json!({ "a": "alias/k", "b": "alias/k" })),
        &[(
            "/region_kms_key_ids/b",
            "region `b` is in `region_kms_key_ids` and not in `ami_regions`",
        )],
    );
    check(
        keys(json!(["a", "b"]), json!({ "a": "alias/k" })),
        &[(
            "/ami_regions/1",
            "region `b` is in `ami_regions` and not in `region_kms_key_ids`",
        )],
    );
}

#[test]
fn a_key_needs_encryption() {
    let message = "a key to encrypt with needs `encrypt_boot`";
    check(json!({ "kms_key_id": "alias/k" }), &[("/kms_key_id", message)]);
    check(
        json!({ "kms_key_id": "alias/k", "encrypt_boot": false }),
        &[("/kms_key_id", message)],
    );
    check(
        json!({ "ami_regions": ["a"], "region_kms_key_ids": { "a": "alias/k" } }),
        &[("/region_kms_key_ids/a", message)],
    );
    check(json!({ "kms_key_id": "alias/k", "encrypt_boot": true }), &[]);
}

#[test]
fn keys_are_named_as_kms_does() {
    let arn = "arn:aws:kms:us-east-1:123456789012:";
    for (key, fits) in [
        ("1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d".to_owned(), true),
        ("mrk-1a2b3c4d".to_owned(), true),
        ("alias/build_1".to_owned(), true),
        (format!("{arn}key/1a2b3c4d-5e6f"), true),
        (format!("{arn}key/mrk-1a2b"), true),
        (format!("{arn}alias/build"), true),
        (
            "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/1a".to_owned(),
            true,
        ),
        (format!("{arn}1a2b3c4d"), false),
        ("arn:aws:s3:us-east-1:123456789012:key/1a".to_owned(), false),
        ("arn:aws:kms:us-east-1:12:key/1a".to_owned(), false),
        ("arn:aws:kms".to_owned(), false),
        ("alias/".to_owned(), false),
        ("build".to_owned(), false),
        ("-1a".to_owned(), false),
    ] {
        let message = format!("`{key}` does not name a key of KMS");
        let expect = [("/kms_key_id", message.as_str())];
        let expect: &[_] = if fits { &[] } else { &expect };
        check(json!({ "encrypt_boot": true, "kms_key_id": key }), expect);
    }
}

#[test]
fn what_the_default_key_encrypts_is_not_shared() {
    for name in ["ami_users", "ami_org_arns", "ami_ou_arns"] {
        let message = format!("`{name}` cannot share an image encrypted with the default key of a region");
        let at = format!("/{name}");
        check(json!({ name: ["x"], "encrypt_boot": true }), &[(&at, &message)]);
        check(
            json!({ name: ["x"], "encrypt_boot": true, "kms_key_id": "alias/k" }),
            &[],
        );
        check(json!({ name: ["x"] }), &[]);
        check(
            json!({ name: ["x"], "encrypt_boot": true, "ami_regions": ["a"], "region_kms_key_ids": { "a": "" } }),
            &[("/region_kms_key_ids/a", &format!("{message}: that of `a`"))],
        );
    }
    check(
        json!({ "snapshot_users": ["x"], "encrypt_boot": true }),
        &[(
            "/snapshot_users",
            "`snapshot_users` cannot share snapshots encrypted with the default key",
        )],
    );
}

#[test]
fn what_is_encrypted_is_not_public() {
    for name in ["ami_groups", "snapshot_groups"] {
        let message = format!("`{name}`: what is encrypted cannot be public");
        check(
            json!({ name: ["all"], "encrypt_boot": true }),
            &[(&format!("/{name}"), &message)],
        );
        check(json!({ name: ["all"] }), &[]);
    }
}

#[test]
fn deprecation_is_a_time_to_come() {
    let check_time = |time: &str, expect: &[(&str, &str)]| check(json!({ "deprecate_at": time }), expect);
    check_time("2030-01-31T18:00:00Z", &[]);
    check_time("2030-01-31T18:00:00.250+02:00", &[]);
    check_time(
        "2026-01-01T00:00:00Z",
        &[("/deprecate_at", "`deprecate_at`: 2026-01-01T00:00:00Z has passed")],
    );
    for text in ["2030-01-31", "soon"] {
        let message = format!("`deprecate_at`: `{text}` is not a time of RFC 3339");
        check_time(text, &[("/deprecate_at", &message)]);
    }
}

#[test]
fn a_copy_takes_quarters_of_an_hour() {
    for (minutes, fits) in [(0, true), (15, true), (2880, true), (20, false), (2895, false)] {
        let expect: &[_] = if fits {
            &[]
        } else {
            &[(
                "/snapshot_copy_duration_minutes",
                "`snapshot_copy_duration_minutes` must be a multiple of 15",
            )]
        };
        check(json!({ "snapshot_copy_duration_minutes": minutes }), expect);
    }
}

#[test]
fn tags_keep_their_text_and_their_place() {
    let tags = |tags: &[Tag]| -> Vec<String> {
        tags.iter()
            .map(|tag| format!("{}={} at {}", tag.key, tag.value.text, tag.value.at))
            .collect()
    };
    let config = parse(json!({
        "tags": { "b/c": "{{.SourceAMI}}", "a": "1", "empty": "" },
        "tag": [{ "key": "d", "value": "{{.BuildRegion}}" }, { "key": "a", "value": "2" }],
        "snapshot_tag": [{ "key": "s", "value": "" }],
        "run_volume_tags": { "v": "1" },
        "ami_description": "from {{.SourceAMIName}}",
    }))
    .unwrap();
    assert_eq!(
        tags(&config.ami.tags),
        [
            "b/c={{.SourceAMI}} at /tags/b~1c",
            "a=2 at /tag/1/value",
            "empty= at /tags/empty",
            "d={{.BuildRegion}} at /tag/0/value"
        ]
    );
    assert_eq!(tags(&config.ami.snapshot_tags), ["s= at /snapshot_tag/0/value"]);
    assert_eq!(tags(&config.run_volume_tags), ["v=1 at /run_volume_tags/v"]);
    let description = config.ami.ami_description.unwrap();
    assert_eq!(
        (description.at.as_str(), description.text.as_str()),
        ("/ami_description", "from {{.SourceAMIName}}")
    );
}

#[test]
fn keys_of_tags_are_what_ec2_takes() {
    let long = "a".repeat(129);
    check(
        json!({ "tags": { "": "1", "aws:x": "1" }, "run_tag": [{ "key": long, "value": "1" }] }),
        &[
            ("/tags/", "the key of a tag must not be empty"),
            ("/tags/aws:x", "`aws:x` is not for you to set"),
            ("/run_tag/0/key", "the key of a tag has at most 128 characters"),
        ],
    );
}

#[test]
fn switches_of_the_image_are_read() {
    let ami = parse(json!({
        "imds_support": "v2.0", "deregistration_protection": { "enabled": true, "with_cooldown": true },
        "ena_support": false, "sriov_support": true,
    }))
    .unwrap()
    .ami;
    assert_eq!(ami.imds_support, Some(ImdsSupport::V2));
    assert_eq!(
        ami.deregistration_protection,
        Some(DeregistrationProtection { with_cooldown: true })
    );
    assert_eq!(
        (ami.ena_support, ami.sriov_support, ami.encrypt_boot),
        (Some(false), true, None)
    );
}
