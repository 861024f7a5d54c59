//! Packer's spelling of flags, made into the one clap reads.
//!
//! Packer takes `-var`, `-on-error=ask` and `-force=false` as Go's `flag` package does; clap takes `--var`. The flags'
//! names and kinds are asked of clap itself, so that there is no second list. An unknown `-name` becomes `--name` too:
//! clap then says what was meant, and not that there is no `-n`.

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
};

use clap::{ArgAction, Command};

/// The command line with every known `-name` as `--name`, and Go's `=true` and `=false` of switches resolved.
pub(crate) fn normalise(argv: impl IntoIterator<Item = OsString>, command: &Command) -> Vec<OsString> {
    let mut switches = HashMap::new();
    collect(command, &mut switches);
    let mut argv = argv.into_iter();
    let mut normal: Vec<OsString> = argv.next().into_iter().collect();
    for argument in argv.by_ref() {
        let last = argument == "--";
        normal.extend(flag(argument, &switches));
        if last {
            break;
        }
    }
    normal.extend(argv);
    normal
}

/// Long names of all commands, each with whether it is a switch.
fn collect(command: &Command, switches: &mut HashMap<String, bool>) {
    for argument in command.get_arguments() {
        if let Some(long) = argument.get_long() {
            let switch = matches!(argument.get_action(), ArgAction::SetTrue);
            switches.insert(long.to_owned(), switch);
        }
    }
    for name in ["help", "version"] {
        switches.insert(name.to_owned(), false);
    }
    for inner in command.get_subcommands() {
        collect(inner, switches);
    }
}

/// One argument; none for a switch that is turned off, which is what it is without being named.
fn flag(argument: OsString, switches: &HashMap<String, bool>) -> Option<OsString> {
    let bytes = argument.as_encoded_bytes();
    let Some(rest) = bytes.strip_prefix(b"--").or_else(|| bytes.strip_prefix(b"-")) else {
        return Some(argument);
    };
    let name = rest.split(|byte| *byte == b'=').next().unwrap_or_default();
    let Ok(name) = str::from_utf8(name) else {
        return Some(argument);
    };
    let Some((name, switch)) = switches.get_key_value(name) else {
        return Some(if bytes.starts_with(b"--") || is_cluster(name) {
            argument
        } else {
            doubled(&argument)
        });
    };
    let value = rest.get(name.len()..).unwrap_or_default();
    match (switch, value) {
        (true, b"=true" | b"=1" | b"=t" | b"=T" | b"=TRUE" | b"=True") => Some(format!("--{name}").into()),
        (true, b"=false" | b"=0" | b"=f" | b"=F" | b"=FALSE" | b"=False") => None,
        _ if bytes.starts_with(b"--") => Some(argument),
        _ => Some(doubled(&argument)),
    }
}

fn doubled(argument: &OsStr) -> OsString {
    let mut double = OsString::from("-");
    double.push(argument);
    double
}

/// One letter, a letter repeated (`-vv`), or no name at all: not a long flag with one dash.
fn is_cluster(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next();
    !first.is_some_and(|letter| letter.is_ascii_alphabetic()) || letters.all(|letter| Some(letter) == first)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Cli;

    fn check(argv: &[&str], expected: &[&str]) {
        let normal = normalise(argv.iter().map(OsString::from), &Cli::command());
        assert_eq!(normal, expected, "{argv:?}");
    }

    #[test]
    fn packers_spelling_becomes_claps() {
        check(
            &["kilnbox", "build", "-var", "a=b", "t.json"],
            &["kilnbox", "build", "--var", "a=b", "t.json"],
        );
        check(
            &[
                "kilnbox",
                "build",
                "-on-error=ask",
                "-parallel-builds=1",
                "-color=false",
                "-only=a,b",
            ],
            &[
                "kilnbox",
                "build",
                "--on-error=ask",
                "--parallel-builds=1",
                "--color=false",
                "--only=a,b",
            ],
        );
        check(
            &["kilnbox", "-machine-readable", "version"],
            &["kilnbox", "--machine-readable", "version"],
        );
        check(&["kilnbox", "-version"], &["kilnbox", "--version"]);
    }

    #[test]
    fn switches_take_gos_truth_values() {
        check(
            &["kilnbox", "build", "-force=true", "x"],
            &["kilnbox", "build", "--force", "x"],
        );
        check(
            &["kilnbox", "build", "--debug=false", "x"],
            &["kilnbox", "build", "x"],
        );
        check(
            &["kilnbox", "build", "-force=maybe"],
            &["kilnbox", "build", "--force=maybe"],
        );
    }

    #[test]
    fn a_misspelt_flag_is_taken_for_a_long_one() {
        check(
            &["kilnbox", "build", "-forse=true"],
            &["kilnbox", "build", "--forse=true"],
        );
    }

    #[test]
    fn the_rest_is_left_alone() {
        check(&["kilnbox", "build", "-"], &["kilnbox", "build", "-"]);
        check(
            &["kilnbox", "build", "-vv", "-v", "-3", "--nonsense"],
            &["kilnbox", "build", "-vv", "-v", "-3", "--nonsense"],
        );
        check(
            &["kilnbox", "build", "--", "-force"],
            &["kilnbox", "build", "--", "-force"],
        );
        check(&["-force", "-force"], &["-force", "--force"]);
    }
}
