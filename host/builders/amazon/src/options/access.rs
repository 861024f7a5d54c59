//! Whose account a build uses, and how AWS is reached: upstream's `AccessConfig`.

use std::{fmt, path::PathBuf, time::Duration};

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
    /// Whether the certificate of the endpoint may be anybody's.
    pub(crate) insecure_skip_tls_verify: bool,
    /// Tries of a single request beyond the first.
    pub(crate) max_retries: u32,
    /// Whether the credentials are used unseen.
    pub(crate) skip_credential_validation: bool,
    /// Whether the machine that runs the build is taken to be none of EC2, whose credentials are not asked for then.
    pub(crate) skip_metadata_api_check: bool,
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
    /// Keys of `tags` that roles assumed from this one get too.
    pub(crate) transitive_tag_keys: Vec<String>,
}

/// Text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

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
