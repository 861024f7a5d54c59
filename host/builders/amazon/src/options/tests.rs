//! What of the options is taken, what is refused and where, and what is said of it.

mod access;
mod image;
mod instance;
mod login;
mod network;
mod polling;
mod reference;
mod volumes;

use serde_json::{Value as Json, json};

use super::*;

/// The time of the tests.
const NOW: &str = "2026-01-01T00:00:00Z";

/// The fewest options that make a build, with others over them; `null` takes one away.
pub(super) fn options(more: Json) -> Options {
    let mut json = json!({
        "region": "us-east-1",
        "ami_name": "web",
        "instance_type": "t3.micro",
        "source_ami": "ami-1",
        "ssh_username": "admin",
    });
    for (name, value) in more.as_object().unwrap() {
        json[name] = value.clone();
    }
    json.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    Options {
        json,
        build_name: "test".to_owned(),
        working_dir: std::env::temp_dir(),
        template_dir: None,
        force: false,
        templates: std::sync::Arc::new(kilnbox_engine::NoTemplates),
    }
}

pub(super) fn parse(more: Json) -> Result<Config, Vec<Problem>> {
    parse_in(more, &[])
}

/// With an environment.
pub(super) fn parse_in(more: Json, environment: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    Config::parse_in(&options(more), NOW.parse().unwrap(), &|name| {
        let known = environment.iter().find(|(known, _)| *known == name);
        known.map(|(_, value)| (*value).to_owned())
    })
}

/// That options are refused with these problems alone: the place and the beginning of the message of each. None is that
/// they are taken without a word.
#[track_caller]
pub(super) fn check(more: Json, expect: &[(&str, &str)]) {
    let found = match parse(more.clone()) {
        Ok(config) => {
            assert!(expect.is_empty(), "{more} is taken");
            config.warnings
        }
        Err(problems) => problems,
    };
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|problem| (problem.at.as_str(), problem.message.as_str()))
        .collect();
    let same = found.len() == expect.len()
        && found
            .iter()
            .zip(expect)
            .all(|(found, expect)| found.0 == expect.0 && found.1.starts_with(expect.1));
    assert!(same, "{more}\nfound  {found:#?}\nexpect {expect:#?}");
}

/// That options are taken with this one warning.
#[track_caller]
pub(super) fn warns(more: Json, at: &str, message: &str) -> Config {
    let config = parse(more).unwrap();
    let [warning] = config.warnings.as_slice() else {
        panic!("{:#?}", config.warnings);
    };
    assert!(warning.warning);
    assert_eq!((warning.at.as_str(), warning.message.as_str()), (at, message));
    config
}

#[test]
fn the_fewest_options_are_enough() {
    let config = parse(json!({})).unwrap();
    assert!(config.warnings.is_empty());
    assert_eq!(config.build_name, "test");
    assert_eq!(config.run.source, Source::Id("ami-1".to_owned()));
    assert!(!config.ami.force_deregister);
}

#[test]
fn force_comes_from_the_command_line_or_the_template() {
    let mut by_flag = options(json!({}));
    by_flag.force = true;
    assert!(Config::parse(&by_flag).unwrap().ami.force_deregister);
    assert!(
        parse(json!({ "force_deregister": true }))
            .unwrap()
            .ami
            .force_deregister
    );
}

#[test]
fn all_problems_come_at_once() {
    check(
        json!({ "ami_name": null, "instance_type": null, "source_ami": null, "ssh_username": null, "access_key": "A" }),
        &[
            ("/access_key", "`access_key` and `secret_key` must both"),
            ("/ami_name", "`ami_name` must be set"),
            ("", "`source_ami` or `source_ami_filter` must be set"),
            ("", "`instance_type` or `spot_instance_types` must be set"),
            ("/ssh_username", "An ssh_username must be specified"),
        ],
    );
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    let check = |more: Json, at: &str, message: &str| check(more, &[(at, message)]);
    for (name, value) in [
        ("enable_nitro_enclave", json!(true)),
        ("fast_launch", json!({ "enable_fast_launch": true })),
        ("pause_before_ssm", json!("10s")),
        ("session_manager_port", json!(8080)),
        ("vault_aws_engine", json!({ "name": "role" })),
        ("windows_password_timeout", json!("10m")),
    ] {
        let message = format!("`{name}` is not supported yet");
        check(json!({ name: value }), &format!("/{name}"), &message);
    }
    check(
        json!({ "ssh_interface": "session_manager" }),
        "/ssh_interface",
        "the interface `session_manager` is not supported yet",
    );
    check(
        json!({ "communicator": "winrm" }),
        "/communicator",
        "the communicator `winrm` is not supported yet",
    );
}

#[test]
fn what_aws_does_not_do_is_refused_by_name() {
    for (more, at, message) in [
        (
            json!({ "insecure_skip_tls_verify": true }),
            "/insecure_skip_tls_verify",
            "`insecure_skip_tls_verify` is not possible: the certificate",
        ),
        (
            json!({ "assume_role": { "role_arn": "arn", "transitive_tag_keys": ["a"] } }),
            "/assume_role/transitive_tag_keys",
            "`transitive_tag_keys` is not possible: tags",
        ),
        (
            json!({ "block_duration_minutes": 120 }),
            "/block_duration_minutes",
            "`block_duration_minutes` is not possible: AWS",
        ),
    ] {
        check(more, &[(at, message)]);
    }
}

#[test]
fn what_is_not_built_may_be_turned_off() {
    check(
        json!({
            "enable_nitro_enclave": false, "fast_launch": { "enable_fast_launch": false }, "pause_before_ssm": "",
            "session_manager_port": 0, "vault_aws_engine": { "name": "" }, "windows_password_timeout": "",
            "insecure_skip_tls_verify": false, "block_duration_minutes": 0, "assume_role": { "transitive_tag_keys": [] },
        }),
        &[],
    );
}

#[test]
fn an_empty_option_is_none() {
    let config = parse(json!({
        "region": "", "access_key": "", "kms_key_id": "", "ami_description": "", "user_data": "", "subnet_id": "",
        "ssh_interface": "", "capacity_reservation_id": "", "ami_regions": [], "vpc_filter": {}, "deprecate_at": "",
        "assume_role": { "role_arn": "", "session_name": "s" }, "deregistration_protection": { "enabled": false },
    }))
    .unwrap();
    assert!(config.access.region.is_none() && config.access.access_key.is_none());
    assert!(config.access.assume_role.is_none());
    assert!(config.ami.ami_description.is_none() && config.ami.deregistration_protection.is_none());
    assert!(config.run.user_data.is_none() && config.run.vpc_filter.is_none());
    assert_eq!(config.run.capacity_reservation, CapacityReservation::None);
}
