//! Commands that must succeed.
//!
//! A code that is not zero is a value of the contract, since many commands mean something by theirs. Most must simply
//! succeed, and then what the user wants to read is what the command said on standard error.

use std::fmt;

use crate::{
    Error, ErrorCode, Instance,
    exec::{Command, Outcome},
    types::Exit,
};

impl Exit {
    /// Ended with code 0.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Code(0))
    }
}

/// `exit code 2`, `ended by signal KILL`, `the connection was lost`.
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(name) => write!(f, "ended by signal {name}"),
            Self::Lost => f.write_str("the connection was lost"),
        }
    }
}

impl Command {
    /// Runs to the end, and fails if the command does: see [`Outcome::success`].
    ///
    /// ```no_run
    /// use kilnbox_guest::{Context, Error, Instance, exec::Command};
    ///
    /// fn reload(on: &Instance) -> Result<(), Error> {
    ///     let command = Command::new("systemctl reload nginx");
    ///     command.capture(4096);
    ///     command.run_successfully(on).context("reloading nginx")?;
    ///     Ok(())
    /// }
    /// ```
    pub fn run_successfully(&self, on: &Instance) -> Result<Outcome, Error> {
        self.run(on)?.success()
    }
}

impl Outcome {
    /// The outcome if the exit code is 0. Otherwise an error that says what came on standard error, which is known
    /// where the output was captured, or how the command ended.
    pub fn success(self) -> Result<Self, Error> {
        match failure(&self.exit(), &self.stderr()) {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }

    /// Captured standard output as text; what is no UTF-8 becomes `U+FFFD`.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout()).into_owned()
    }

    /// Captured standard error as text; what is no UTF-8 becomes `U+FFFD`.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr()).into_owned()
    }
}

fn failure(exit: &Exit, stderr: &[u8]) -> Option<Error> {
    let said = String::from_utf8_lossy(stderr);
    match (exit, said.trim()) {
        (Exit::Code(0), _) => None,
        (Exit::Code(_), said) if !said.is_empty() => Some(Error::with_code(ErrorCode::Remote, said)),
        (exit, _) => Some(Error::with_code(ErrorCode::Remote, exit.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_the_command_said() {
        let check = |exit, stderr: &str, expect: Option<&str>| {
            let error = failure(&exit, stderr.as_bytes());
            assert_eq!(error.as_ref().map(Error::message), expect);
            assert!(error.is_none_or(|error| error.code() == ErrorCode::Remote));
        };
        check(Exit::Code(0), "a warning\n", None);
        check(Exit::Code(1), "install: no space\n", Some("install: no space"));
        check(Exit::Code(127), " \n", Some("exit code 127"));
        check(
            Exit::Signal("KILL".into()),
            "half a line",
            Some("ended by signal KILL"),
        );
        check(Exit::Lost, "", Some("the connection was lost"));
    }
}
