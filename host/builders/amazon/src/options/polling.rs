//! How long AWS is asked again whether something is done.

use std::time::Duration;

/// `aws_polling`, or the environment. What is none is the default of each wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Polling {
    /// `delay_seconds` or `AWS_POLL_DELAY_SECONDS`: between two requests.
    pub(crate) delay: Option<Duration>,
    /// `max_attempts` or `AWS_MAX_ATTEMPTS`, or what `AWS_TIMEOUT_SECONDS` comes to.
    pub(crate) max_attempts: Option<u32>,
}
