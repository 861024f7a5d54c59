//! Who speaks to AWS, and how: credentials, regions, clients.
//!
//! One [`Accounts`] per process keeps a client per way in and region, so that builds share connections and
//! [`crate::watch`]es. The credentials are looked for when the first build runs, never while a template is checked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_config::{
    AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig, retry::RetryConfig, sts::AssumeRoleProvider,
    timeout::TimeoutConfig,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_ec2::Client;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use kilnbox_engine::StepError;
use serde::{Deserialize, Serialize};

use crate::{
    limits,
    watch::{Images, Instances, Watch},
};

/// How a build reaches AWS. It stands in the journal for `kilnbox gc`, so static credentials are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Reach {
    /// None is what the SDK finds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credentials_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    /// Retries of one call.
    #[serde(skip)]
    pub(crate) retries: u32,
    /// Between two looks at the same thing; none is what fits it.
    #[serde(skip)]
    pub(crate) delay: Option<Duration>,
}

/// `assume_role`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) policy_arns: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<(String, String)>,
}

/// Credentials that stand in the template.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Keys {
    pub(crate) access_key: Option<String>,
    pub(crate) secret_key: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) mfa_code: Option<String>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// One account in one region.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) region: String,
    pub(crate) ec2: Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) instances: Watch<Instances>,
    pub(crate) images: Watch<Images>,
    /// How this place is reached again.
    pub(crate) reach: Reach,
    config: SdkConfig,
}

/// A place that is looked for once, however many builds want it.
type Found = tokio::sync::OnceCell<Arc<Place>>;

/// Every place that was reached, of the whole process.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    places: Mutex<HashMap<(Reach, Keys), Arc<Found>>>,
    regions: Mutex<HashMap<(Reach, Keys), Arc<Place>>>,
}

impl Accounts {
    /// The place that a build starts from.
    pub(crate) async fn reach(&self, reach: &Reach, keys: &Keys) -> Result<Arc<Place>, StepError> {
        let cell = self
            .places
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry((reach.clone(), keys.clone()))
            .or_default()
            .clone();
        cell.get_or_try_init(|| async {
            let config = load(reach, keys).await?;
            let region = config.region().map(ToString::to_string).ok_or_else(|| {
                StepError::new("no `region` is set, and the environment names none")
                    .hint("set `region`, or `AWS_REGION`")
            })?;
            Ok(self.place(&config, &region, reach, keys))
        })
        .await
        .cloned()
    }

    /// The same account in another region.
    pub(crate) fn region(&self, from: &Place, region: &str, keys: &Keys) -> Arc<Place> {
        self.place(&from.config, region, &from.reach, keys)
    }

    fn place(&self, config: &SdkConfig, region: &str, reach: &Reach, keys: &Keys) -> Arc<Place> {
        let reach = Reach {
            region: Some(region.to_owned()),
            ..reach.clone()
        };
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        regions
            .entry((reach.clone(), keys.clone()))
            .or_insert_with(|| Arc::new(Place::new(config, region, reach)))
            .clone()
    }
}

impl Place {
    fn new(config: &SdkConfig, region: &str, reach: Reach) -> Self {
        let mut ec2 = aws_sdk_ec2::config::Builder::from(config).region(Region::new(region.to_owned()));
        let mut iam = aws_sdk_iam::config::Builder::from(config).region(Region::new(region.to_owned()));
        if let Some(endpoint) = &reach.endpoint {
            ec2 = ec2.endpoint_url(endpoint);
            iam = iam.endpoint_url(endpoint);
        }
        let ec2 = Client::from_conf(ec2.build());
        Self {
            region: region.to_owned(),
            instances: Watch::new(Instances(ec2.clone()), reach.delay, limits::INSTANCE_DELAY),
            images: Watch::new(Images(ec2.clone()), reach.delay, limits::IMAGE_DELAY),
            ec2,
            iam: aws_sdk_iam::Client::from_conf(iam.build()),
            reach,
            config: config.clone(),
        }
    }

    /// What AWS hides in the message of a refusal, for `decode_authorization_messages`.
    pub(crate) async fn decode(&self, encoded: &str) -> Option<String> {
        let sts = aws_sdk_sts::Client::new(&self.config);
        let answer = sts
            .decode_authorization_message()
            .encoded_message(encoded)
            .send()
            .await;
        answer.ok()?.decoded_message().map(str::to_owned)
    }
}

/// An HTTP client with the TLS library that the rest of the program uses.
pub(crate) fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// The same, for one request that is not one of AWS.
pub(crate) fn connector() -> aws_smithy_http_client::Connector {
    aws_smithy_http_client::Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build()
}

async fn load(reach: &Reach, keys: &Keys) -> Result<SdkConfig, StepError> {
    let mut loader: ConfigLoader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(reach.retries + 1)
                .with_initial_backoff(limits::FIRST_RETRY)
                .with_max_backoff(limits::LAST_RETRY),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(limits::CONNECT)
                .operation_attempt_timeout(limits::CALL)
                .build(),
        );
    if let Ok(name) = AppName::new("kilnbox") {
        loader = loader.app_name(name);
    }
    if let Some(region) = &reach.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &reach.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(file) = &reach.credentials_file {
        let files = EnvConfigFiles::builder()
            .with_file(EnvConfigFileKind::Credentials, file)
            .include_default_config_file(true)
            .build();
        loader = loader.profile_files(files);
    }
    if let (Some(id), Some(secret)) = (&keys.access_key, &keys.secret_key) {
        loader =
            loader.credentials_provider(Credentials::new(id, secret, keys.token.clone(), None, "template"));
    }
    let config = loader.load().await;
    let config = match &keys.mfa_code {
        Some(code) => with_mfa(config, code).await?,
        None => config,
    };
    Ok(match &reach.role {
        Some(role) => with_role(config, role).await,
        None => config,
    })
}

/// A session that was opened with a code from the user's device (`mfa_code`): its serial number is asked of IAM, as the
/// template does not name it.
async fn with_mfa(config: SdkConfig, code: &str) -> Result<SdkConfig, StepError> {
    let failed = |what: &str, error: String| StepError::new(format!("`mfa_code`: {what}: {error}"));
    let devices = aws_sdk_iam::Client::new(&config)
        .list_mfa_devices()
        .send()
        .await
        .map_err(crate::Failure::of("ListMFADevices"))
        .map_err(|error| failed("looking for the device", error.to_string()))?;
    let device = devices
        .mfa_devices()
        .first()
        .ok_or_else(|| failed("looking for the device", "the user has none".to_owned()))?;
    let session = aws_sdk_sts::Client::new(&config)
        .get_session_token()
        .serial_number(device.serial_number())
        .token_code(code)
        .send()
        .await
        .map_err(crate::Failure::of("GetSessionToken"))
        .map_err(|error| failed("opening a session", error.to_string()))?;
    let session = session
        .credentials()
        .ok_or_else(|| failed("opening a session", "no credentials came".to_owned()))?;
    let credentials = Credentials::new(
        session.access_key_id(),
        session.secret_access_key(),
        Some(session.session_token().to_owned()),
        None,
        "mfa",
    );
    Ok(config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build())
}

async fn with_role(config: SdkConfig, role: &Role) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(&role.arn).configure(&config);
    if let Some(region) = config.region() {
        provider = provider.region(region.clone());
    }
    provider = provider.session_name(role.session_name.as_deref().unwrap_or("kilnbox"));
    if let Some(id) = &role.external_id {
        provider = provider.external_id(id);
    }
    if let Some(policy) = &role.policy {
        provider = provider.policy(policy);
    }
    if !role.policy_arns.is_empty() {
        provider = provider.policy_arns(role.policy_arns.clone());
    }
    if let Some(seconds) = role.seconds {
        provider = provider.session_length(Duration::from_secs(seconds));
    }
    if !role.tags.is_empty() {
        provider = provider.tags(role.tags.clone());
    }
    let provider = provider.build().await;
    config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .build()
}
