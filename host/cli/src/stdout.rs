//! Standard output of commands that print an answer and end.
//!
//! A reader that went away (`kilnbox inspect x | head -1`) is no error: nobody is left to be told.

use std::io::{self, ErrorKind, Write as _};

use crate::error::Error;

/// Prints a finished text. Adds nothing.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Error::Output),
    }
}

/// Prints a value as indented JSON and a line end.
pub(crate) fn print_json(value: &serde_json::Value) -> Result<(), Error> {
    print(&format!("{value:#}\n"))
}
