//! `--log-format json`: every event as one line of JSON, for programs.

use std::io::Write;

use kilnbox_engine::{Event, Reader};

use super::stream::Stream;

/// One line per event.
#[derive(Debug)]
pub(crate) struct Json<W> {
    out: Stream<W>,
}

impl<W: Write> Json<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out: Stream::new(out),
        }
    }
}

impl<W: Write + Send> Reader for Json<W> {
    fn event(&mut self, event: &Event) {
        match serde_json::to_string(event) {
            Ok(line) => self.out.line(&line),
            // Events hold strings, numbers and lists; should one ever not be JSON, the line says which.
            Err(error) => self.out.line(&format!(
                "{{\"v\":{},\"seq\":{},\"unwritable\":{:?}}}",
                event.v,
                event.seq,
                error.to_string()
            )),
        }
    }

    fn records(&self) -> bool {
        true
    }
}
