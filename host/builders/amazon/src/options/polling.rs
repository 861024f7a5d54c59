//! How long AWS is asked again whether something is done.
//!
//! Packer takes the two numbers from the template and else from the environment; both are read here. The environment
//! comes as a function, so that tests need none.

use std::time::Duration;

use kilnbox_engine::Problem;

use super::given::Given;

/// Between two requests, where `AWS_TIMEOUT_SECONDS` is turned into a number of them and nobody says.
const DELAY: f64 = 2.0;

/// `aws_polling`, or the environment. What is none is the default of each wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Polling {
    /// `delay_seconds` or `AWS_POLL_DELAY_SECONDS`: between two requests.
    pub(crate) delay: Option<Duration>,
    /// `max_attempts` or `AWS_MAX_ATTEMPTS`, or what `AWS_TIMEOUT_SECONDS` comes to.
    pub(crate) max_attempts: Option<u32>,
}

impl Polling {
    pub(super) fn read(
        given: &Given<'_>,
        environment: &dyn Fn(&str) -> Option<String>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let written = given.object("aws_polling");
        let mut number = |name: &str| {
            let text = environment(name).filter(|text| !text.is_empty())?;
            let number = text.trim().parse::<f64>().ok();
            let number = number.filter(|number| number.is_finite() && *number >= 0.0);
            if number.is_none() {
                let message = format!(
                    "`{name}` in the environment is passed over: `{text}` is not a number of zero or more"
                );
                problems.push(Problem::warning("", message));
            }
            number.filter(|number| *number > 0.0)
        };
        let from_environment = number("AWS_POLL_DELAY_SECONDS");
        let attempts = number("AWS_MAX_ATTEMPTS");
        let timeout = number("AWS_TIMEOUT_SECONDS");
        let delay = written
            .as_ref()
            .and_then(|written| written.number("delay_seconds"))
            .or(from_environment);
        let max_attempts = written
            .as_ref()
            .and_then(|written| written.number("max_attempts"))
            .or(attempts)
            .or(timeout.map(|timeout| timeout / delay.unwrap_or(DELAY)));
        Self {
            delay: delay.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            max_attempts: max_attempts.map(whole),
        }
    }
}

/// The environment's delay, for `kilnbox gc`, which has no template.
pub(crate) fn delay_of_environment() -> Option<Duration> {
    let seconds = std::env::var("AWS_POLL_DELAY_SECONDS")
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|delay| !delay.is_zero())
}

/// At least one attempt; a cast keeps to the bounds of the type.
fn whole(attempts: f64) -> u32 {
    (attempts.ceil() as u32).max(1)
}
