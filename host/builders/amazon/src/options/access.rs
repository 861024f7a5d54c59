//! Whose account a build uses, and how AWS is reached: upstream's `AccessConfig`.

use std::{fmt, path::PathBuf, time::Duration};

use kilnbox_engine::{Options, Problem};
use kilnbox_ssh::locate;
use serde_json::Value as Json;

use super::given::Given;

/// Tries beyond the first, where the template does not say.
const MAX_RETRIES: u32 = 10;

/// How long the credentials of a role may last, in seconds: AWS, `AssumeRole`.
const ROLE_LASTS: std::ops::RangeInclusive<u64> = 900..=43_200;

/// Credentials and the endpoint. What is none here is looked for by the SDK's chain: environment, files, the machine.
#[derive(Clone, Debug)]
pub(crate) struct AccessConfig {
    /// Set together with `secret_key`, or not at all.
    pub(crate) access_key: Option<Secret>,
    /// Set together with `access_key`, or not at all.
    pub(crate) secret_key: Option<Secret>,
    /// Of temporary credentials.
    pub(crate) token: Option<Secret>,
    /// A profile of the configuration files.
    pub(crate) profile: Option<String>,
    /// Where the profiles' keys are; a full path.
    pub(crate) shared_credentials_file: Option<PathBuf>,
    /// Where the instance runs.
    pub(crate) region: Option<String>,
    /// The role that is assumed with those credentials.
    pub(crate) assume_role: Option<AssumeRole>,
    /// The one-time password that the role's policy asks for.
    pub(crate) mfa_code: Option<Secret>,
    /// URL of EC2.
    pub(crate) custom_endpoint_ec2: Option<String>,
    /// Whether refusals of AWS are decoded for the message.
    pub(crate) decode_authorization_messages: bool,
    /// Tries of a single request beyond the first.
    pub(crate) max_retries: u32,
}

impl AccessConfig {
    pub(super) fn read(given: &Given<'_>, options: &Options, problems: &mut Vec<Problem>) -> Self {
        let secret = |name: &str| given.text(name).map(Secret);
        let access = Self {
            access_key: secret("access_key"),
            secret_key: secret("secret_key"),
            token: secret("token"),
            profile: given.text("profile"),
            shared_credentials_file: given
                .text("shared_credentials_file")
                .map(|file| locate(&file, options)),
            region: given.text("region"),
            assume_role: AssumeRole::read(given, problems),
            mfa_code: secret("mfa_code"),
            custom_endpoint_ec2: given.text("custom_endpoint_ec2"),
            decode_authorization_messages: given.flag("decode_authorization_messages"),
            max_retries: given.count("max_retries").unwrap_or(MAX_RETRIES),
        };
        let missing = match (&access.access_key, &access.secret_key) {
            (Some(_), None) => Some(("access_key", "secret_key")),
            (None, Some(_)) => Some(("secret_key", "access_key")),
            _ => None,
        };
        if let Some((written, missing)) = missing {
            let problem = Problem::error(
                given.at(written),
                "`access_key` and `secret_key` must both be either set or not set.",
            );
            problems.push(problem.hint(format!("set `{missing}` too, or leave both to the environment")));
        } else if access.token.is_some() && access.access_key.is_none() {
            let problem = Problem::error(given.at("token"), "`token` needs `access_key` and `secret_key`");
            problems.push(problem.hint("set all three, or leave them to the environment"));
        }
        if let Some(url) = &access.custom_endpoint_ec2
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            let problem = Problem::error(
                given.at("custom_endpoint_ec2"),
                format!("`{url}` is not the address of an endpoint"),
            );
            problems.push(problem.hint("write it with `https://`"));
        }
        access
    }
}

/// `assume_role`.
#[derive(Clone, Debug)]
pub(crate) struct AssumeRole {
    /// ARN of the role.
    pub(crate) role_arn: String,
    /// `duration_seconds`: how long its credentials last; AWS's default where none.
    pub(crate) duration: Option<Duration>,
    /// What the owner of the role asks for.
    pub(crate) external_id: Option<String>,
    /// A policy, as JSON, that narrows the role.
    pub(crate) policy: Option<String>,
    /// ARNs of policies that narrow the role.
    pub(crate) policy_arns: Vec<String>,
    /// Name of the session.
    pub(crate) session_name: Option<String>,
    /// Tags of the session.
    pub(crate) tags: Vec<(String, String)>,
}

impl AssumeRole {
    /// None where there is no role: a template turns it off by an empty `role_arn`.
    fn read(given: &Given<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let given = given.object("assume_role")?;
        let role_arn = given.text("role_arn")?;
        let seconds = given.count::<u64>("duration_seconds");
        if seconds.is_some_and(|seconds| !ROLE_LASTS.contains(&seconds)) {
            problems.push(Problem::error(
                given.at("duration_seconds"),
                "the credentials of a role last from 900 to 43200 seconds",
            ));
        }
        let policy = given.text("policy");
        if let Some(Err(error)) = policy.as_deref().map(serde_json::from_str::<Json>) {
            problems.push(Problem::error(
                given.at("policy"),
                format!("the policy is not JSON: {error}"),
            ));
        }
        Some(Self {
            role_arn,
            duration: seconds.map(Duration::from_secs),
            external_id: given.text("external_id"),
            policy,
            policy_arns: given.list("policy_arns"),
            session_name: given.text("session_name"),
            tags: given.pairs("tags"),
        })
    }
}

/// Text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
