//! Every bound on what AWS may make a build wait for, in one place (invariant 10).

use std::time::Duration;

/// Between two looks at instances, unless `aws_polling` says otherwise; it grows while nothing changes.
pub(crate) const INSTANCE_DELAY: Duration = Duration::from_secs(2);
/// The same for images and snapshots, which take minutes.
pub(crate) const IMAGE_DELAY: Duration = Duration::from_secs(5);
/// How many times its first length a delay grows to.
pub(crate) const SLOWEST: u32 = 4;
/// Waits that begin within this time of a look share the next one; else the first look of a wait comes at once.
pub(crate) const TOGETHER: Duration = Duration::from_millis(200);
/// Longest wait for an instance to start or stop.
pub(crate) const INSTANCE_WAIT: Duration = Duration::from_secs(10 * 60);
/// Longest wait for an image or a snapshot. Packer gives up after 30 minutes, which large volumes and copies between
/// regions take longer than.
pub(crate) const IMAGE_WAIT: Duration = Duration::from_secs(2 * 60 * 60);
/// How long what was just made may be unknown to the API (eventual consistency).
pub(crate) const UNKNOWN: Duration = Duration::from_secs(60);
/// Looks at the console for host keys before the connection is tried without them.
pub(crate) const CONSOLE_LOOKS: u32 = 5;
/// Looks for an address after the instance runs.
pub(crate) const ADDRESS_LOOKS: u32 = 3;
/// Looks for what a dead run may have asked for just before it died.
pub(crate) const SETTLE_LOOKS: u32 = 5;
/// Tries to remove what something else may still hold.
pub(crate) const REMOVE_TRIES: u32 = 60;
/// Tries to make what may have been made by a call whose answer was lost.
pub(crate) const MAKE_TRIES: u32 = 8;
/// First pause before a call is tried again; AWS is asked for the next ones twice as late each.
pub(crate) const FIRST_RETRY: Duration = Duration::from_millis(200);
/// Longest pause between tries of a call.
pub(crate) const LAST_RETRY: Duration = Duration::from_secs(20);
/// Longest time for a TCP connection to AWS.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);
/// Longest time for one try of a call.
pub(crate) const CALL: Duration = Duration::from_secs(60);
/// Longest time to find the caller's public address.
pub(crate) const CHECKIP: Duration = Duration::from_secs(10);
/// Longest clean-up of one step: a large instance takes minutes to shut down.
pub(crate) const CLEANUP: Duration = Duration::from_secs(15 * 60);
/// Identifiers in one filter of a call; AWS takes 200.
pub(crate) const IDS: usize = 200;
/// Things on one page of a list; AWS takes as many of each kind.
pub(crate) const PAGE: i32 = 200;
/// Retries of one call of `kilnbox gc`; a build has `max_retries`.
pub(crate) const RETRIES: u32 = 10;
