//! Where the instance is in the network, and who may connect to it.

use serde_json::json;

use super::{check, parse};
use crate::options::SshInterface;

#[test]
fn only_the_caller_may_connect_unless_blocks_are_listed() {
    let blocks = |more| {
        let run = parse(more).unwrap().run;
        run.temporary_security_group_source_cidrs
            .map(|cidrs| cidrs.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let name = "temporary_security_group_source_cidrs";
    assert_eq!(blocks(json!({})), None);
    assert_eq!(blocks(json!({ name: [] })), None);
    assert_eq!(
        blocks(json!({ "temporary_security_group_source_public_ip": true })),
        None
    );
    assert_eq!(
        blocks(json!({ name: ["0.0.0.0/0", "::/0", "192.0.2.7/32"] })),
        Some(vec![
            "0.0.0.0/0".to_owned(),
            "::/0".to_owned(),
            "192.0.2.7/32".to_owned()
        ])
    );
}

#[test]
fn blocks_are_blocks() {
    for text in [
        "192.0.2.7",
        "192.0.2.0/33",
        "192.0.2.0/",
        "192.0.2.0/+8",
        "::/129",
        "home/8",
        "10.0.0/8",
    ] {
        check(
            json!({ "temporary_security_group_source_cidrs": ["10.0.0.0/8", text] }),
            &[(
                "/temporary_security_group_source_cidrs/1",
                &format!("`{text}` is not a block of addresses"),
            )],
        );
    }
}

#[test]
fn security_groups_are_one_or_several() {
    let groups = |more| parse(more).unwrap().run.security_group_ids;
    assert_eq!(groups(json!({ "security_group_id": "sg-1" })), ["sg-1"]);
    assert_eq!(
        groups(json!({ "security_group_ids": ["sg-1", "sg-2"] })),
        ["sg-1", "sg-2"]
    );
    check(
        json!({ "security_group_id": "sg-1", "security_group_ids": ["sg-2"] }),
        &[(
            "/security_group_id",
            "only one of `security_group_id` and `security_group_ids` can be set",
        )],
    );
}

#[test]
fn interfaces_have_their_names() {
    for (name, expect) in [
        ("public_ip", SshInterface::PublicIp),
        ("private_ip", SshInterface::PrivateIp),
        ("public_dns", SshInterface::PublicDns),
        ("private_dns", SshInterface::PrivateDns),
        ("ipv6", SshInterface::Ipv6),
    ] {
        let run = parse(json!({ "ssh_interface": name })).unwrap().run;
        assert_eq!(run.ssh_interface, Some(expect), "{name}");
    }
}

#[test]
fn filters_of_the_network_are_split_at_commas() {
    let run = parse(json!({
        "subnet_filter": { "filters": { "tag:Class": "build,test" }, "most_free": true },
        "vpc_filter": { "filters": { "isDefault": "false" } },
        "security_group_filter": { "filters": {} },
    }))
    .unwrap()
    .run;
    let subnet = run.subnet_filter.unwrap();
    let values = vec!["build".to_owned(), "test".to_owned()];
    assert_eq!(subnet.filter.filters, [("tag:Class".to_owned(), values)]);
    assert!(subnet.most_free && !subnet.random);
    assert_eq!(run.vpc_filter.unwrap().filters[0].0, "isDefault");
    assert_eq!(run.security_group_filter, None);
}
