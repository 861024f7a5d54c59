//! Text for the instance's shell that must arrive as it is.
//!
//! The only places where this crate writes shell text: variables and accounts of commands, and the paths of transfers
//! that need a program on the instance. Everything else crosses the SFTP protocol, which has no shell.

use kilnbox_engine::{Command, CommunicatorError};

/// One word, whatever is in it but a NUL byte, which no argument can carry.
pub(crate) fn word(text: &str) -> Result<String, CommunicatorError> {
    match shlex::try_quote(text) {
        Ok(quoted) => Ok(quoted.into_owned()),
        Err(_) => Err(CommunicatorError::Remote {
            path: text.replace('\0', "\\0"),
            reason: "a NUL byte cannot be named to the instance".to_owned(),
        }),
    }
}

/// One word that names a file and that no program takes for an option.
pub(crate) fn path(text: &str) -> Result<String, CommunicatorError> {
    if text.starts_with('-') {
        word(&format!("./{text}"))
    } else {
        word(text)
    }
}

/// The text of an exec request: variables are exported before the line, another account runs it through `sudo`.
pub(crate) fn line(command: &Command) -> Result<String, CommunicatorError> {
    let mut text = String::new();
    for (name, value) in &command.env {
        text.push_str(&format!("export {name}={}; ", word(value)?));
    }
    text.push_str(&command.line);
    match &command.run_as {
        None => Ok(text),
        Some(user) => Ok(format!("sudo -n -u {} -- sh -c {}", word(user)?, word(&text)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> String {
        let output = std::process::Command::new("sh")
            .arg("-c")
            .arg(text)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn words_survive_a_shell() {
        for text in [
            "",
            " ",
            "it's",
            "$HOME `id`",
            "a\nb",
            "\\",
            "\"",
            "!",
            "-n",
            "é",
            "*",
            "~",
        ] {
            assert_eq!(shell(&format!("printf %s {}", word(text).unwrap())), text);
        }
    }

    #[test]
    fn variables_survive_a_shell() {
        let command = Command {
            line: "printf %s \"$A|$B\"".to_owned(),
            env: vec![
                ("A".to_owned(), "it's $B".to_owned()),
                ("B".to_owned(), "two\nlines".to_owned()),
            ],
            ..Command::default()
        };
        assert_eq!(shell(&line(&command).unwrap()), "it's $B|two\nlines");
    }

    #[test]
    fn a_nul_byte_is_refused() {
        assert!(matches!(word("a\0b"), Err(CommunicatorError::Remote { .. })));
    }

    #[test]
    fn a_dash_is_no_option() {
        assert_eq!(path("-rf").unwrap(), "./-rf");
    }
}
