//! The `shell-local` provisioner: runs scripts on this machine, not on the instance.
//!
//! It imports `host-exec`, so it is refused until the user grants that. What it does is in
//! [`kilnbox_script::local`], shared with the post-processor of the same name.

use kilnbox_guest::{Diagnostic, Error, Instance, Job, Provisioner};
use kilnbox_script::local::LocalOptions;

/// The provisioner.
#[derive(Debug)]
pub struct ShellLocal;

impl Provisioner for ShellLocal {
    type Options = LocalOptions;
    const NAME: &'static str = "shell-local";

    fn validate(options: &LocalOptions) -> Vec<Diagnostic> {
        options.problems()
    }

    fn run(options: LocalOptions, _on: &Instance, job: &Job) -> Result<(), Error> {
        options.run(job, &[])
    }
}

kilnbox_guest::provisioner!(ShellLocal);

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
