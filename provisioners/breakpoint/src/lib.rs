//! The `breakpoint` provisioner: stops until the person at the terminal has looked around.
//!
//! Asking at the terminal is not granted by default, not even to Kilnbox's own steps: the user grants `prompt`. Where
//! nobody is there to answer, it is an error, since a build that goes on unseen is not what was asked for.

use kilnbox_guest::{Context, Error, ErrorCode, Instance, Job, JsonSchema, Provisioner, prompt, ui};
use serde::{Deserialize, Serialize};

const QUESTION: &str = "Press enter to continue.";

/// Stops until somebody at the terminal presses enter. An error where nobody is there.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(
    deny_unknown_fields,
    extend("examples" = [{ "type": "breakpoint", "note": "before the packages" }])
)]
pub struct Options {
    /// Whether to go on without stopping.
    pub disable: bool,
    /// What is shown, to tell one breakpoint from another.
    pub note: String,
}

/// The provisioner.
#[derive(Debug)]
pub struct Breakpoint;

impl Provisioner for Breakpoint {
    type Options = Options;
    const NAME: &'static str = "breakpoint";

    fn run(options: Options, _on: &Instance, _job: &Job) -> Result<(), Error> {
        ui::say(&announcement(&options));
        if options.disable {
            return Ok(());
        }
        match prompt::ask(QUESTION) {
            Ok(_) => Ok(()),
            Err(error) if error.code == ErrorCode::NotFound => Err(Error::with_code(
                ErrorCode::NotFound,
                "a breakpoint needs somebody at the terminal to press enter, and nobody is there: set `disable` to \
                 true where builds run alone",
            )),
            error => error.map(drop).context("asking at the terminal"),
        }
    }
}

fn announcement(options: &Options) -> String {
    match (options.disable, options.note.as_str()) {
        (true, "") => "Breakpoint provisioner disabled; continuing...".to_owned(),
        (true, note) => format!("Breakpoint provisioner with note \"{note}\" disabled; continuing..."),
        (false, "") => "Pausing at breakpoint provisioner.".to_owned(),
        (false, note) => format!("Pausing at breakpoint provisioner with note \"{note}\"."),
    }
}

kilnbox_guest::provisioner!(Breakpoint);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_what_users_are_checked_with() {
        let schema: serde_json::Value = serde_json::from_str(&kilnbox_guest::schema_of::<Options>()).unwrap();
        insta::assert_json_snapshot!(schema);
    }

    #[test]
    fn the_words_are_packers() {
        let check = |disable, note: &str, expect| {
            let note = note.to_owned();
            assert_eq!(announcement(&Options { disable, note }), expect);
        };
        check(false, "", "Pausing at breakpoint provisioner.");
        check(
            false,
            "look",
            "Pausing at breakpoint provisioner with note \"look\".",
        );
        check(true, "", "Breakpoint provisioner disabled; continuing...");
        check(
            true,
            "look",
            "Breakpoint provisioner with note \"look\" disabled; continuing...",
        );
    }
}
