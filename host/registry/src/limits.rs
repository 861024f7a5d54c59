//! What is taken from others: every size and every wait, in one place.

use std::time::Duration;

/// Largest `kilnbox.toml`, in bytes.
pub(crate) const PROJECT_FILE_SIZE: u64 = 1 << 20;
/// Largest `kilnbox.lock`, in bytes.
pub(crate) const LOCK_SIZE: u64 = 4 << 20;
/// Largest component, in bytes; the sandbox has a limit of its own.
pub const COMPONENT_SIZE: u64 = 256 << 20;
/// Largest manifest, in bytes: what registries must take at least, OCI distribution §"Pushing Manifests".
pub const MANIFEST_SIZE: u64 = 4 << 20;
/// Largest configuration of an artifact, in bytes.
pub const CONFIG_SIZE: u64 = 1 << 20;
/// Largest layer of an image, in bytes.
pub(crate) const LAYER_SIZE: u64 = 16 << 30;
/// Most layers of an image, twice what overlays of others take.
pub(crate) const IMAGE_LAYERS: usize = 256;
/// Largest answer of any other kind: a token, a page of tags, the words of a refusal.
pub const ANSWER_SIZE: u64 = 1 << 20;
/// Most tags of a repository that are looked at.
pub const TAGS: usize = 10_000;
/// Most answers in which they come.
pub(crate) const TAG_PAGES: usize = 100;
/// Tags asked for at once.
pub(crate) const TAGS_PER_PAGE: usize = 1000;
/// Most redirects that are followed.
pub const REDIRECTS: usize = 5;
/// Plugins that are asked for or downloaded at the same time.
pub(crate) const AT_ONCE: usize = 8;
/// A connection is made within this time.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);
/// Longest time without a byte.
pub const STALL: Duration = Duration::from_secs(30);
/// Longest time of one answer, whatever arrives.
pub const TOTAL: Duration = Duration::from_secs(30 * 60);
/// A program that keeps Docker's credentials answers within this time.
pub(crate) const CREDENTIAL_HELPER: Duration = Duration::from_secs(30);
