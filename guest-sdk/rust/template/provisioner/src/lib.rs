//! Writes the message that people see when they log in.

use kilnbox_guest::{Diagnostic, Error, Instance, Job, JsonSchema, Provisioner, Staging, ui};
use serde::Deserialize;

/// Writes the message that people see when they log in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [{ "type": "{{ name }}", "text": "Welcome." }]))]
struct Options {
    /// What the message says.
    text: String,
    /// The file on the instance.
    #[serde(default = "default_path")]
    path: String,
    /// Whether to put the file in place with `sudo`.
    #[serde(default)]
    sudo: bool,
}

fn default_path() -> String {
    "/etc/motd".to_owned()
}

impl Options {
    /// The file, which ends with a line break.
    fn content(&self) -> String {
        format!("{}\n", self.text.trim_end())
    }

    fn problems(&self) -> Vec<Diagnostic> {
        if self.text.trim().is_empty() {
            return vec![Diagnostic::error("/text", "says nothing")];
        }
        Vec::new()
    }
}

struct Step;

impl Provisioner for Step {
    type Options = Options;
    const NAME: &'static str = "{{ name }}";

    fn validate(options: &Options) -> Vec<Diagnostic> {
        options.problems()
    }

    fn run(options: Options, on: &Instance, job: &Job) -> Result<(), Error> {
        ui::say(&format!("Writing {}", options.path));
        let mut staging = Staging::new(on, job, Self::NAME).sudo(options.sudo);
        let staged = staging.bytes("", options.content().as_bytes())?;
        staged.install(&options.path, 0o644)
    }
}

kilnbox_guest::provisioner!(Step);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_ends_with_a_line_break() {
        let options: Options = serde_json::from_str(r#"{ "text": "Welcome." }"#).unwrap();
        assert_eq!(options.content(), "Welcome.\n");
        assert_eq!(options.problems(), []);
    }

    #[test]
    fn an_empty_message_is_an_error() {
        let options: Options = serde_json::from_str(r#"{ "text": " " }"#).unwrap();
        assert_eq!(
            options.problems(),
            [Diagnostic::error("/text", "says nothing")]
        );
    }
}
