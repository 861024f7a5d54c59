//! The key pair.

use serde_json::{Value as Json, json};

use super::{check, options, parse, warns};
use crate::options::{Config, KeyPair, KeyType};

fn key_pair(more: Json) -> KeyPair {
    parse(more).unwrap().run.key_pair
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
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    let folder = std::env::temp_dir().join(format!("kilnbox-key-pair-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("key"), key).unwrap();
    let mut options = options(json!({ "ssh_private_key_file": "key" }));
    options.working_dir = folder.clone();
    let given = crate::options::given::Given::all(&options.json);
    let found = crate::options::key_pair::read(&given, &mut Vec::new());
    // The communicator reads it, and finds that it is none.
    let problems = Config::parse(&options).unwrap_err();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(found, KeyPair::None);
    assert_eq!(problems[0].at, "/ssh_private_key_file");
}

#[test]
fn types_have_their_sizes() {
    let rsa = |bits| temporary(None, KeyType::Rsa { bits });
    assert_eq!(key_pair(json!({ "temporary_key_pair_type": "rsa" })), rsa(4096));
    assert_eq!(
        key_pair(json!({ "temporary_key_pair_type": "rsa", "temporary_key_pair_bits": 2048 })),
        rsa(2048)
    );
    check(
        json!({ "temporary_key_pair_type": "rsa", "temporary_key_pair_bits": 1024 }),
        &[(
            "/temporary_key_pair_bits",
            "a key of type `rsa` has 2048 or 4096 bits",
        )],
    );
    check(
        json!({ "temporary_key_pair_bits": 4096 }),
        &[("/temporary_key_pair_bits", "a key of type `ed25519` has 256 bits")],
    );
}

#[test]
fn a_key_pair_of_ec2_needs_its_private_half() {
    check(
        json!({ "ssh_keypair_name": "mine" }),
        &[(
            "/ssh_keypair_name",
            "`ssh_keypair_name` needs `ssh_private_key_file` or `ssh_agent_auth`",
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
