//! Calls that AWS did not carry out, in the words of a person who has to do something about it.
//!
//! A [`Failure`] keeps what AWS says: the action, its error code, its request id. [`Failure::ambiguous`] tells a refusal
//! from a call whose effect nobody knows, which matters for everything that is made.

use std::{error::Error as StdError, fmt};

use aws_sdk_ec2::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId as _,
};
use kilnbox_engine::StepError;

/// One call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// As in the API reference, such as `RunInstances`.
    action: &'static str,
    /// AWS's error code, such as `InvalidAMIID.NotFound`; none where no answer came.
    code: Option<String>,
    message: String,
    request_id: Option<String>,
    ambiguous: bool,
}

impl Failure {
    /// For `map_err` on what the SDK returns.
    pub(crate) fn of<E>(action: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        move |error| {
            let code = error.code().map(str::to_owned);
            let status = error.raw_response().map(|response| response.status().as_u16());
            Self {
                action,
                message: error
                    .message()
                    .map_or_else(|| chain(&error), |text| text.trim().to_owned()),
                request_id: error
                    .request_id()
                    .or_else(|| error.meta().request_id())
                    .map(str::to_owned),
                ambiguous: match &error {
                    SdkError::ConstructionFailure(_) => false,
                    SdkError::ServiceError(_) => status.is_some_and(|status| status >= 500),
                    SdkError::DispatchFailure(lost) => {
                        !lost.is_user() && !chain(&error).contains("credential")
                    }
                    _ => true,
                },
                code,
            }
        }
    }

    /// An answer that lacks what it must hold.
    pub(crate) fn incomplete(action: &'static str, lacks: &str) -> Self {
        Self {
            action,
            code: None,
            message: format!("the answer names no {lacks}"),
            request_id: None,
            ambiguous: true,
        }
    }

    /// AWS's error code; empty where there is none.
    pub(crate) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// Whether AWS says that the resource does not exist: `InvalidGroup.NotFound`, `InvalidAMIID.Unavailable`,
    /// `NoSuchEntity`.
    pub(crate) fn is_gone(&self) -> bool {
        let code = self.code();
        code.ends_with(".NotFound")
            || code.ends_with(".NotFoundException")
            || code.ends_with(".Unavailable")
            || code == "NoSuchEntity"
    }

    /// Whether the call may have had its effect all the same: no answer, or an error on AWS's side.
    pub(crate) fn ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// Whether AWS asks to be called less often.
    pub(crate) fn throttled(&self) -> bool {
        matches!(
            self.code(),
            "RequestLimitExceeded" | "Throttling" | "ThrottlingException"
        )
    }

    /// What AWS hides from those who may not read it, in a refusal.
    pub(crate) fn encoded(&self) -> Option<&str> {
        let (_, encoded) = self
            .message
            .split_once("Encoded authorization failure message: ")?;
        encoded.split_whitespace().next()
    }

    /// What to do about it.
    fn hint(&self) -> Option<String> {
        let hint = match self.code() {
            "AuthFailure"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "SignatureDoesNotMatch"
            | "MissingAuthenticationToken"
            | "IncompleteSignature" => {
                "check the credentials: `access_key` and `secret_key`, `profile`, or the environment; \
                 `aws sts get-caller-identity` shows whose they are"
            }
            "ExpiredToken" | "RequestExpired" | "ExpiredTokenException" => {
                "get new credentials, and check this machine's clock"
            }
            "UnauthorizedOperation" | "AccessDenied" | "UnauthorizedAccess" => {
                return Some(format!(
                    "allow these credentials `{}`; `decode_authorization_messages` shows which policy denies it",
                    self.permission()
                ));
            }
            "OptInRequired" | "Blocked" | "PendingVerification" => {
                "the account has to be enabled for this first, in the AWS console"
            }
            "InstanceLimitExceeded"
            | "VcpuLimitExceeded"
            | "MaxSpotInstanceCountExceeded"
            | "AddressLimitExceeded"
            | "SecurityGroupLimitExceeded"
            | "ResourceCountExceeded"
            | "KeyPairLimitExceeded" => {
                "ask for a higher quota (Service Quotas), remove what is not needed (`kilnbox gc`), or use another \
                 `instance_type` or `region`"
            }
            "InsufficientInstanceCapacity" | "InsufficientHostCapacity" | "SpotMaxPriceTooLow" => {
                "AWS has no such machine free there: use another `availability_zone`, `subnet_id` or `instance_type`, or \
                 try again later"
            }
            "Unsupported" | "UnsupportedOperation" => {
                "this `instance_type` is not offered there, or does not fit the image: use another one, or another \
                 `availability_zone`"
            }
            code if code.starts_with("InvalidAMIID") => {
                "an AMI has another id in every region: check `source_ami` and `region`, or look it up with \
                 `source_ami_filter`"
            }
            "InvalidAMIName.Duplicate" => {
                "choose another `ami_name`, or replace the image with `force_deregister`"
            }
            "InvalidParameterValue" if self.message.contains("InstanceType") => {
                "`aws ec2 describe-instance-types` lists what there is"
            }
            "VPCIdNotSpecified" | "MissingInput" => "the account has no default VPC there: set `subnet_id`",
            code if code.starts_with("InvalidSubnet") => "check `subnet_id` and `region`",
            code if code.starts_with("InvalidVpcID") => "check `vpc_id` and `region`",
            code if code.starts_with("InvalidGroup") => "check `security_group_ids` and `region`",
            code if code.starts_with("InvalidKeyPair") => "check `ssh_keypair_name` and `region`",
            "RequestLimitExceeded" | "Throttling" | "ThrottlingException" => {
                "AWS limits how often it is called: run fewer builds at a time (`-parallel-builds`), or raise \
                 `max_retries`"
            }
            "" if self.message.contains("credential") => {
                "set `access_key` and `secret_key`, `profile`, or what the AWS SDK reads: `AWS_ACCESS_KEY_ID`, \
                 `AWS_PROFILE`, `~/.aws`"
            }
            "" => "check `region`, `custom_endpoint_ec2`, and the way to AWS from here",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    fn permission(&self) -> String {
        let service = match self.action {
            action if action.contains("InstanceProfile") || action.contains("Role") => "iam",
            _ => "ec2",
        };
        format!("{service}:{}", self.action)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.action)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

impl From<Failure> for StepError {
    fn from(failure: Failure) -> Self {
        let error = Self::new(failure.to_string());
        match failure.hint() {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// An error with its causes, each once.
fn chain(error: &dyn StdError) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let one = error.to_string();
        if !text.ends_with(&one) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&one);
        }
        next = error.source();
    }
    text
}
