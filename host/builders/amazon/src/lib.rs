//! The builder `amazon-ebs`: starts an instance of an AMI on EC2, lets it be provisioned, and makes an AMI of it.
//!
//! Only this crate knows AWS. Everything it makes is in the journal before it is asked for, has a name or a token of its
//! own, and carries the run's tags, so that [`reclaimers`] find it after a kill. Waiting is done by [`watch`], one call
//! for all builds of the process.

mod access;
mod artifact;
mod build;
mod builder;
mod failure;
mod limits;
mod options;
mod reclaim;
mod remove;
mod resource;
mod steps;
mod sweep;
mod watch;

pub use builder::AmazonEbsBuilder;
pub(crate) use failure::Failure;
pub use reclaim::reclaimers;
pub use sweep::sweepers;
