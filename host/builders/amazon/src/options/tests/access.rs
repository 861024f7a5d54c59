//! Credentials and the endpoint.

use std::time::Duration;

use serde_json::json;

use super::{check, parse};

#[test]
fn keys_come_in_pairs() {
    let both = "`access_key` and `secret_key` must both be either set or not set.";
    check(json!({ "access_key": "A" }), &[("/access_key", both)]);
    check(json!({ "secret_key": "S" }), &[("/secret_key", both)]);
    check(json!({ "access_key": "A", "secret_key": "S", "token": "T" }), &[]);
    check(
        json!({ "token": "T" }),
        &[("/token", "`token` needs `access_key` and `secret_key`")],
    );
}

#[test]
fn no_secret_is_shown() {
    let config = parse(json!({
        "access_key": "hunter-a", "secret_key": "hunter-b", "token": "hunter-c", "mfa_code": "hunter-d",
        "user_data": "hunter-e", "ssh_password": "hunter-f",
    }))
    .unwrap();
    assert_eq!(config.access.secret_key.as_ref().unwrap().expose(), "hunter-b");
    assert!(!format!("{config:?}").contains("hunter"));
}

#[test]
fn a_role_has_limits() {
    let role = |more: serde_json::Value| {
        let mut role = json!({ "role_arn": "arn:aws:iam::123456789012:role/build" });
        for (name, value) in more.as_object().unwrap() {
            role[name] = value.clone();
        }
        json!({ "assume_role": role })
    };
    let lasts = "the credentials of a role last from 900 to 43200 seconds";
    for (seconds, fits) in [
        (899, false),
        (900, true),
        (43_200, true),
        (43_201, false),
        (0, true),
    ] {
        let expect: &[_] = if fits {
            &[]
        } else {
            &[("/assume_role/duration_seconds", lasts)]
        };
        check(role(json!({ "duration_seconds": seconds })), expect);
    }
    check(
        role(json!({ "policy": "{" })),
        &[("/assume_role/policy", "the policy is not JSON: ")],
    );
    let config = parse(role(json!({
        "duration_seconds": 1800, "policy": "{}", "policy_arns": ["p"], "tags": { "b": "1", "a": "2" },
        "external_id": "x", "session_name": "s",
    })));
    let role = config.unwrap().access.assume_role.unwrap();
    assert_eq!(role.duration, Some(Duration::from_secs(1800)));
    assert_eq!(
        role.tags,
        [("b".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())]
    );
}

#[test]
fn an_endpoint_is_an_address() {
    check(json!({ "custom_endpoint_ec2": "http://127.0.0.1:5000" }), &[]);
    check(
        json!({ "custom_endpoint_ec2": "ec2.example.org" }),
        &[(
            "/custom_endpoint_ec2",
            "`ec2.example.org` is not the address of an endpoint",
        )],
    );
}

#[test]
fn zero_retries_are_the_default() {
    let retries = |more| parse(more).unwrap().access.max_retries;
    assert_eq!(retries(json!({})), 10);
    assert_eq!(retries(json!({ "max_retries": 0 })), 10);
    assert_eq!(retries(json!({ "max_retries": 3 })), 3);
}

#[test]
fn the_file_of_credentials_is_found() {
    let config = parse(json!({ "shared_credentials_file": "credentials" })).unwrap();
    let expect = std::env::temp_dir().join("credentials");
    assert_eq!(config.access.shared_credentials_file, Some(expect));
}
