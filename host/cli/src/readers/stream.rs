//! A place to write lines to, that may go away.
//!
//! A build must not die, and must not panic, because `head` read enough: what is written to a closed pipe is dropped
//! from then on, and the build goes on to its end and its clean-up.

use std::io::Write;

/// Writes whole texts and flushes each.
#[derive(Debug)]
pub(crate) struct Stream<W> {
    to: W,
    gone: bool,
}

impl<W: Write> Stream<W> {
    pub(crate) fn new(to: W) -> Self {
        Self { to, gone: false }
    }

    /// Writes a line and its end.
    pub(crate) fn line(&mut self, line: &str) {
        if !self.gone {
            // One write per line, so that lines of this and other programs do not mix.
            let whole = format!("{line}\n");
            self.gone = self
                .to
                .write_all(whole.as_bytes())
                .and_then(|()| self.to.flush())
                .is_err();
        }
    }
}

#[cfg(test)]
impl Stream<Vec<u8>> {
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.to).unwrap()
    }
}
