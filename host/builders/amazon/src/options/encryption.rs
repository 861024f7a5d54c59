//! Which keys an image may be encrypted with, and who can use it then.
//!
//! The default key of a region belongs to one account: what is encrypted with it opens for nobody else.

use kilnbox_engine::Problem;

use super::{
    AmiConfig,
    given::{Given, child},
};

/// Checks the keys, and whether all who get the image can use it.
pub(super) fn check(given: &Given<'_>, ami: &AmiConfig, problems: &mut Vec<Problem>) {
    keys(given, ami, problems);
    let shared = [
        ("ami_users", &ami.ami_users),
        ("ami_org_arns", &ami.ami_org_arns),
        ("ami_ou_arns", &ami.ami_ou_arns),
        ("snapshot_users", &ami.snapshot_users),
    ];
    for (name, _) in shared.into_iter().filter(|(_, with)| !with.is_empty()) {
        let what = if name == "snapshot_users" {
            "snapshots"
        } else {
            "an image"
        };
        let message = format!("`{name}` cannot share {what} encrypted with the default key of a region");
        if ami.encrypt_boot == Some(true) && ami.kms_key_id.is_none() && ami.region_kms_key_ids.is_empty() {
            let problem = Problem::error(given.at(name), message);
            problems.push(problem.hint("set `kms_key_id` to a key that they may use"));
            continue;
        }
        for (region, _) in ami.region_kms_key_ids.iter().filter(|(_, key)| key.is_empty()) {
            let at = child(&given.at("region_kms_key_ids"), region);
            let problem = Problem::error(at, format!("{message}: that of `{region}`"));
            problems.push(problem.hint("name a key that they may use"));
        }
    }
    for (name, groups) in [
        ("ami_groups", &ami.ami_groups),
        ("snapshot_groups", &ami.snapshot_groups),
    ] {
        if ami.encrypt_boot == Some(true) && groups.iter().any(|group| group == "all") {
            let message = format!("`{name}`: what is encrypted cannot be public");
            let problem = Problem::error(given.at(name), message);
            problems.push(problem.hint("share it with accounts, or leave it unencrypted"));
        }
    }
}

fn keys(given: &Given<'_>, ami: &AmiConfig, problems: &mut Vec<Problem>) {
    let own = ami.kms_key_id.iter().map(|key| (given.at("kms_key_id"), key));
    let regions = given.at("region_kms_key_ids");
    let others = ami.region_kms_key_ids.iter();
    let others = others.map(|(region, key)| (child(&regions, region), key));
    let mut keys = own.chain(others).filter(|(_, key)| !key.is_empty()).peekable();
    if let Some((at, _)) = keys.peek()
        && ami.encrypt_boot != Some(true)
    {
        let problem = Problem::error(at, "a key to encrypt with needs `encrypt_boot`");
        problems.push(problem.hint("set `encrypt_boot` to true, or leave the key out"));
    }
    for (at, key) in keys.filter(|(_, key)| !is_key(key)) {
        problems.push(not_a_key(at, key));
    }
}

/// What is said of a key that is none.
pub(super) fn not_a_key(at: String, key: &str) -> Problem {
    Problem::error(at, format!("`{key}` does not name a key of KMS"))
        .hint("give its id, `alias/…`, or the ARN of either")
}

/// Whether it is the id of a key, an alias, or the ARN of one: AWS, `CopyImage`, `KmsKeyId`.
pub(super) fn is_key(text: &str) -> bool {
    let Some(arn) = text.strip_prefix("arn:") else {
        return is_alias(text) || is_id(text);
    };
    let mut parts = arn.splitn(5, ':');
    let partition = parts.next().unwrap_or_default();
    let service = parts.next().unwrap_or_default();
    let region = parts.next().unwrap_or_default();
    let account = parts.next().unwrap_or_default();
    let key = parts.next().unwrap_or_default();
    partition.starts_with("aws")
        && service == "kms"
        && !region.is_empty()
        && account.len() == 12
        && account.bytes().all(|digit| digit.is_ascii_digit())
        && (is_alias(key) || key.strip_prefix("key/").is_some_and(is_id))
}

fn is_alias(text: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || ":/_-".contains(letter);
    text.strip_prefix("alias/")
        .is_some_and(|name| !name.is_empty() && name.chars().all(allowed))
}

fn is_id(text: &str) -> bool {
    let id = text.strip_prefix("mrk-").unwrap_or(text);
    let hexadecimal = |letter: char| matches!(letter, '0'..='9' | 'a'..='f');
    id.starts_with(hexadecimal) && id.chars().all(|letter| letter == '-' || hexadecimal(letter))
}
