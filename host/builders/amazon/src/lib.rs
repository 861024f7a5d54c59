//! The builder `amazon-ebs`.
use aws_sdk_ec2 as _;
