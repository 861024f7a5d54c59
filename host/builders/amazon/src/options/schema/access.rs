//! Whose account, and how AWS is reached.

use serde_json::{Value as Json, json};

use super::{Properties, count, flag, list, map, object, secret, text, with_default};

pub(super) fn properties() -> Properties {
    vec![
        (
            "region",
            text(
                "Region that the instance runs in, such as `us-east-1`. Where there is none, `AWS_REGION`, the profile \
                 or the machine says it.",
            ),
        ),
        (
            "access_key",
            secret(
                "Access key. Set together with `secret_key`; better left to the environment, a profile or the role of \
                 the machine.",
            ),
        ),
        ("secret_key", secret("Secret of the access key.")),
        (
            "token",
            secret("Session token, of access keys that are temporary."),
        ),
        (
            "profile",
            text("Profile of AWS's configuration files to take credentials from."),
        ),
        (
            "shared_credentials_file",
            text(
                "File with the credentials of profiles; `~/.aws/credentials` by default. A relative path starts from \
                 the working directory, then from the template's folder.",
            ),
        ),
        ("assume_role", assume_role()),
        (
            "mfa_code",
            secret(
                "One-time password for a profile whose role asks for one. Good for one build, within a minute.",
            ),
        ),
        (
            "custom_endpoint_ec2",
            text("Address of EC2, with `https://`, for what only behaves like it or is reached another way."),
        ),
        (
            "insecure_skip_tls_verify",
            json!({ "description": "Refused: the certificate of the endpoint is always checked." }),
        ),
        (
            "max_retries",
            with_default(
                count(
                    1000,
                    "Times that one request is sent again after AWS was busy. `0` means the default.",
                ),
                10,
            ),
        ),
        (
            "skip_credential_validation",
            flag(
                "Without effect: nothing asks AWS whose the credentials are before the build starts. Taken because Packer's templates have it.",
            ),
        ),
        (
            "skip_metadata_api_check",
            flag(
                "Without effect: this machine's role is asked for last, and `AWS_EC2_METADATA_DISABLED` turns that off. Taken because Packer's templates have it.",
            ),
        ),
        (
            "decode_authorization_messages",
            flag(
                "Whether AWS is asked to decode a refusal that it wrote in code. Needs `sts:DecodeAuthorizationMessage`.",
            ),
        ),
        ("aws_polling", polling()),
    ]
}

fn assume_role() -> Json {
    object(
        "Role that the credentials are used to assume. Not assumed where `role_arn` is empty.",
        vec![
            ("role_arn", text("ARN of the role.")),
            (
                "duration_seconds",
                count(
                    43_200,
                    "how long its credentials last, from 900 to 43200; they are renewed while the build runs.",
                ),
            ),
            (
                "external_id",
                text("identifier that the owner of the role asks for."),
            ),
            (
                "policy",
                text("policy as JSON that narrows what the role may do."),
            ),
            (
                "policy_arns",
                list("ARNs of managed policies that narrow what the role may do."),
            ),
            ("session_name", text("name of the session, in AWS's logs.")),
            ("tags", map("tags of the session.")),
            (
                "transitive_tag_keys",
                json!({ "description": "refused: tags of a session do not pass to further roles." }),
            ),
        ],
    )
}

fn polling() -> Json {
    object(
        "How long AWS is asked whether something is done. Each wait has a default of its own.",
        vec![
            (
                "delay_seconds",
                json!({ "type": "number", "minimum": 0, "description":
                    "seconds between two requests; `AWS_POLL_DELAY_SECONDS` where there are none." }),
            ),
            (
                "max_attempts",
                count(
                    i32::MAX,
                    "requests before giving up; `AWS_MAX_ATTEMPTS` where there are none.",
                ),
            ),
        ],
    )
}
