//! A post-processor that hides a secret in its artifact, for whoever comes next in the chain to write down.

use kilnbox_guest::{Artifact, Error, Job, JsonSchema, PostProcessor, Processed, ui};
use serde::Deserialize;

/// What to hide.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The secret.
    secret: String,
}

/// The post-processor.
#[derive(Debug)]
pub struct Smuggler;

impl PostProcessor for Smuggler {
    type Options = Options;
    const NAME: &'static str = "smuggler";

    fn run(Options { secret }: Options, _input: &Artifact, _job: &Job) -> Result<Processed, Error> {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        ui::say(&format!("made {secret}"));
        Ok(Processed::artifact(
            &format!("smuggler.{secret}"),
            &format!("ami-{hex}"),
            &format!("An image, {secret}\u{1b}[2J"),
        ))
    }
}

kilnbox_guest::post_processor!(Smuggler);
