//! The key pair.

use kilnbox_ssh::{KeyType, generate_key};
use serde_json::{Value as Json, json};

use super::{check, options, parse, warns};
use crate::options::{Config, KeyPair};

fn key_pair(more: Json) -> KeyPair {
    parse(more).unwrap().key_pair
}

fn temporary(name: Option<&str>, kind: KeyType) -> KeyPair {
    KeyPair::Temporary {
        name: name.map(str::to_owned),
        kind,
    }
}

#[test]
fn a_key_pair_is_made_where_nothing_else_logs_in() {
    assert_eq!(key_pair(json!({})), temporary(None, KeyType::Ed25519));
    assert_eq!(
        key_pair(json!({ "temporary_key_pair_name": "mine" })),
        temporary(Some("mine"), KeyType::Ed25519)
    );
    for other in [
        json!({ "ssh_password": "secret" }),
        json!({ "ssh_agent_auth": true }),
        json!({ "communicator": "none" }),
    ] {
        assert_eq!(key_pair(other), KeyPair::None);
    }
    assert_eq!(
        key_pair(json!({ "ssh_password": "secret", "temporary_key_pair_name": "mine" })),
        temporary(Some("mine"), KeyType::Ed25519)
    );
}

#[test]
fn a_key_of_the_user_needs_no_key_pair() {
    let folder = std::env::temp_dir().join(format!("kilnbox-key-pair-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let key = generate_key(KeyType::Ed25519, "test").unwrap();
    std::fs::write(folder.join("key"), key.private.text.as_bytes()).unwrap();
    let mut options = options(json!({ "ssh_private_key_file": "key", "temporary_key_pair_name": "t" }));
    options.working_dir = folder.clone();
    let config = Config::parse(&options);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(config.unwrap().key_pair, KeyPair::None);
}

#[test]
fn keys_of_ec2_are_of_two_types() {
    let rsa = |bits| temporary(None, KeyType::Rsa { bits });
    assert_eq!(key_pair(json!({ "temporary_key_pair_type": "rsa" })), rsa(4096));
    assert_eq!(
        key_pair(json!({ "temporary_key_pair_type": "rsa", "temporary_key_pair_bits": 2048 })),
        rsa(2048)
    );
    check(
        json!({ "temporary_key_pair_type": "rsa", "temporary_key_pair_bits": 3072 }),
        &[(
            "/temporary_key_pair_bits",
            "`temporary_key_pair_bits`: EC2 takes RSA keys of 2048 or 4096 bits",
        )],
    );
    check(
        json!({ "temporary_key_pair_type": "ecdsa" }),
        &[(
            "/temporary_key_pair_type",
            "`temporary_key_pair_type`: clouds take no ECDSA",
        )],
    );
}

#[test]
fn the_temporary_key_is_cleared_where_the_template_says_so() {
    let clear = |more| parse(more).unwrap().ssh.clear_authorized_keys;
    assert!(!clear(json!({})));
    assert!(clear(json!({ "ssh_clear_authorized_keys": true })));
}

#[test]
fn a_key_pair_of_ec2_needs_its_private_half() {
    check(
        json!({ "ssh_keypair_name": "mine" }),
        &[(
            "/ssh_keypair_name",
            "ssh_private_key_file must be provided or ssh_agent_auth",
        )],
    );
    assert_eq!(
        key_pair(json!({ "ssh_keypair_name": "mine", "ssh_agent_auth": true })),
        KeyPair::Existing("mine".to_owned())
    );
    warns(
        json!({ "ssh_keypair_name": "mine", "ssh_agent_auth": true, "temporary_key_pair_name": "t" }),
        "/temporary_key_pair_name",
        "`temporary_key_pair_name` is passed over: `ssh_keypair_name` is set",
    );
}
