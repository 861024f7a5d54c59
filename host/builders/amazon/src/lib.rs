//! The builder `amazon-ebs`.
#[expect(dead_code, unused_imports, reason = "the steps will use it")]
mod options;

use aws_sdk_ec2 as _;
