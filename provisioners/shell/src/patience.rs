//! Trying again while the instance does not answer.

use kilnbox_guest::{Duration, Error, ErrorCode, Instance, Job, reconnect, types};

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(2);

/// How long to put up with a lost connection.
pub(crate) struct Patience<'a> {
    pub(crate) on: &'a Instance,
    pub(crate) job: &'a Job,
    pub(crate) limit: Duration,
}

impl Patience<'_> {
    /// Repeats `action` until it succeeds, fails for another reason than the connection, or the time is up.
    pub(crate) fn with<T>(&self, mut action: impl FnMut() -> Result<T, types::Error>) -> Result<T, Error> {
        let start = self.job.now();
        loop {
            let error = match action() {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let spent = Duration::from_secs(self.job.now().saturating_sub(start));
            if !is_lost(&error) || spent >= self.limit {
                return Err(error.into());
            }
            self.job.sleep(PAUSE.as_millis())?;
            reconnect::wait(self.on, self.limit.as_millis().saturating_sub(spent.as_millis()))?;
        }
    }

    /// Waits until the instance answers.
    pub(crate) fn reconnect(&self) -> Result<(), Error> {
        Ok(reconnect::wait(self.on, self.limit.as_millis())?)
    }
}

/// Whether another try could help. Packer tries again whatever went wrong, so that a wrong remote folder takes five
/// minutes to be reported.
fn is_lost(error: &types::Error) -> bool {
    matches!(error.code, ErrorCode::Connection | ErrorCode::Timeout)
}
