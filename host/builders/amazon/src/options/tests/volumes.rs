//! Volumes of the instance and of the image.

use serde_json::{Value as Json, json};

use super::{check, parse, warns};

const LAUNCH: &str = "launch_block_device_mappings";

/// One volume of the instance, and the problem it has at an option of it.
#[track_caller]
fn volume(mut more: Json, expect: Option<(&str, &str)>) {
    more["device_name"] = json!("/dev/sda1");
    let (at, message) = expect.unwrap_or_default();
    let at = format!("/{LAUNCH}/0/{at}");
    let message = format!("`/dev/sda1`: {message}");
    let one = [(at.as_str(), message.as_str())];
    check(
        json!({ LAUNCH: [more] }),
        if expect.is_some() { &one } else { &[] },
    );
}

#[test]
fn every_volume_has_a_name() {
    check(
        json!({ LAUNCH: [{ "device_name": "/dev/sda1" }, {}], "ami_block_device_mappings": [{ "device_name": "" }] }),
        &[
            (
                "/launch_block_device_mappings/1",
                "`device_name` must be set for every volume",
            ),
            (
                "/ami_block_device_mappings/0",
                "`device_name` must be set for every volume",
            ),
        ],
    );
}

#[test]
fn volumes_of_the_instance_go_with_it() {
    let config = parse(json!({
        LAUNCH: [{ "device_name": "a" }, { "device_name": "b", "delete_on_termination": false }],
        "ami_block_device_mappings": [{ "device_name": "c" }],
    }))
    .unwrap();
    let deleted: Vec<bool> = config
        .launch_mappings
        .iter()
        .chain(&config.ami_mappings)
        .map(|volume| volume.delete_on_termination)
        .collect();
    assert_eq!(deleted, [true, false, false]);
}

#[test]
fn operations_have_bounds_by_type() {
    for (kind, iops, size, expect) in [
        ("io1", 99, 1000, Some("`iops` of io1 must be from 100 to 64000")),
        ("io1", 100, 1000, None),
        ("io1", 5000, 100, None),
        (
            "io1",
            5001,
            100,
            Some("`iops` of io1 must be at most 50 for each GiB of `volume_size`"),
        ),
        ("io2", 50_000, 100, None),
        (
            "io2",
            50_001,
            100,
            Some("`iops` of io2 must be at most 500 for each GiB of `volume_size`"),
        ),
        (
            "io2",
            64_001,
            1000,
            Some("`iops` of io2 must be from 100 to 64000"),
        ),
        ("io2", 64_000, 0, None),
        ("gp3", 2999, 1, Some("`iops` of gp3 must be from 3000 to 16000")),
        ("gp3", 16_000, 1, None),
    ] {
        let written = json!({ "volume_type": kind, "iops": iops, "volume_size": size });
        volume(written, expect.map(|message| ("iops", message)));
    }
}

#[test]
fn operations_that_a_type_does_not_count_are_passed_over() {
    for (kind, named) in [("gp2", "gp2"), ("", "the default type")] {
        let config = warns(
            json!({ LAUNCH: [{ "device_name": "/dev/sda1", "volume_type": kind, "iops": 100 }] }),
            "/launch_block_device_mappings/0/iops",
            &format!("`/dev/sda1`: `iops` is passed over, since {named} does not count them"),
        );
        assert_eq!(config.launch_mappings[0].iops, None);
    }
}

#[test]
fn throughput_is_for_gp3() {
    for (kind, throughput, expect) in [
        ("gp3", 124, Some("`throughput` of gp3 must be from 125 to 1000")),
        ("gp3", 125, None),
        ("gp3", 1000, None),
        ("gp3", 1001, Some("`throughput` of gp3 must be from 125 to 1000")),
        ("io2", 500, Some("`throughput` is for gp3, not for io2")),
    ] {
        let written = json!({ "volume_type": kind, "throughput": throughput });
        volume(written, expect.map(|message| ("throughput", message)));
    }
}

#[test]
fn a_key_encrypts() {
    volume(json!({ "kms_key_id": "alias/k", "encrypted": true }), None);
    volume(
        json!({ "kms_key_id": "alias/k", "encrypted": false }),
        Some(("encrypted", "`encrypted` must be true where `kms_key_id` is set")),
    );
    let config = parse(json!({ LAUNCH: [{ "device_name": "a", "kms_key_id": "alias/k" }] })).unwrap();
    assert_eq!(config.launch_mappings[0].encrypted, Some(true));
    check(
        json!({ LAUNCH: [{ "device_name": "a", "kms_key_id": "k" }] }),
        &[(
            "/launch_block_device_mappings/0/kms_key_id",
            "`k` does not name a key of KMS",
        )],
    );
    check(
        json!({ "ami_block_device_mappings": [{ "device_name": "a", "kms_key_id": "alias/k" }] }),
        &[(
            "/ami_block_device_mappings/0/kms_key_id",
            "`a`: EC2 takes no key for a volume of an image",
        )],
    );
}

#[test]
fn instance_store_volumes_have_their_names() {
    for (name, fits) in [
        ("ephemeral0", true),
        ("ephemeral23", true),
        ("ephemeral24", false),
        ("disk0", false),
    ] {
        let message = format!("`{name}` is none of `ephemeral0` to `ephemeral23`");
        let expect = Some(("virtual_name", message.as_str())).filter(|_| !fits);
        volume(json!({ "virtual_name": name }), expect);
    }
}
