//! The `shell-local` post-processor: runs scripts on this machine once the artifact is there.
//!
//! It imports `host-exec`, so it is refused until the user grants that. What it does is in
//! [`kilnbox_script::local`], shared with the provisioner of the same name. The artifact passes through unchanged.

use kilnbox_guest::{Artifact, Diagnostic, Error, Job, PostProcessor, Processed};
use kilnbox_script::local::LocalOptions;

/// Stands before an `execute_command` of one item: it was a single string once.
const SHELL: [&str; 2] = ["sh", "-c"];

/// The post-processor.
#[derive(Debug)]
pub struct ShellLocal;

impl PostProcessor for ShellLocal {
    type Options = LocalOptions;
    const NAME: &'static str = "shell-local";

    fn validate(options: &LocalOptions) -> Vec<Diagnostic> {
        options.problems()
    }

    fn run(options: LocalOptions, _input: &Artifact, job: &Job) -> Result<Processed, Error> {
        options.run(job, &SHELL)?;
        Ok(kept())
    }
}

/// The scripts may have recorded where the artifact is, so it must stay.
fn kept() -> Processed {
    let processed = Processed::unchanged();
    processed.keep_input(true);
    processed.must_keep_input(true);
    processed
}

kilnbox_guest::post_processor!(ShellLocal);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_what_users_are_checked_with() {
        let schema: serde_json::Value =
            serde_json::from_str(&kilnbox_guest::schema_of::<LocalOptions>()).unwrap();
        insta::assert_json_snapshot!(schema);
    }
}
