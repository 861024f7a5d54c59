//! The `sleep` provisioner: waits, and says nothing.
//!
//! It does nothing to the instance, so it runs without one too.

use kilnbox_guest::{Duration, Error, Instance, Job, JsonSchema, Provisioner};
use serde::{Deserialize, Serialize};

/// Waits, and says nothing.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(
    deny_unknown_fields,
    extend("examples" = [{ "type": "sleep", "duration": "10s" }])
)]
pub struct Options {
    /// How long to wait.
    #[schemars(extend("default" = "0s"))]
    pub duration: Duration,
}

/// The provisioner.
#[derive(Debug)]
pub struct Sleep;

impl Provisioner for Sleep {
    type Options = Options;
    const NAME: &'static str = "sleep";

    fn run(options: Options, _on: &Instance, job: &Job) -> Result<(), Error> {
        Ok(job.sleep(options.duration.as_millis())?)
    }
}

kilnbox_guest::provisioner!(Sleep);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_what_users_are_checked_with() {
        let schema: serde_json::Value = serde_json::from_str(&kilnbox_guest::schema_of::<Options>()).unwrap();
        insta::assert_json_snapshot!(schema);
    }
}
