//! Turns the bytes a command writes into lines that a reader can take.

use crate::{Secrets, limits};

/// Collects chunks of one stream and gives its lines. Holds at most [`limits::TEXT_LINE`] bytes.
///
/// As in Packer, a line ends at `\n`, is trimmed at its right end, and what a progress bar overwrote (everything up to
/// the last `\r`) is dropped. A line that reaches the limit is given in pieces, which end between characters and beside
/// secrets. Bytes that are not UTF-8 become U+FFFD.
#[derive(Debug, Default)]
pub struct LineSplitter {
    pending: Vec<u8>,
    secrets: Secrets,
}

impl LineSplitter {
    /// One whose pieces of long lines leave each of `secrets` whole, so that it is found there.
    pub fn new(secrets: Secrets) -> Self {
        Self {
            pending: Vec::new(),
            secrets,
        }
    }

    /// Takes a chunk and gives each line that is complete.
    pub fn push(&mut self, mut chunk: &[u8], mut line: impl FnMut(String)) {
        while !chunk.is_empty() {
            let room = limits::TEXT_LINE - self.pending.len();
            let reach = chunk.get(..room).unwrap_or(chunk);
            let (taken, used) = match reach.iter().position(|byte| *byte == b'\n') {
                Some(end) => (reach.get(..end).unwrap_or_default(), end + 1),
                None => (reach, reach.len()),
            };
            self.pending.extend_from_slice(taken);
            chunk = chunk.get(used..).unwrap_or_default();
            if used > taken.len() {
                line(text(&self.pending));
                self.pending.clear();
            } else if self.pending.len() == limits::TEXT_LINE {
                let whole = self.secrets.cut(&self.pending);
                let whole = whole_characters(self.pending.get(..whole).unwrap_or_default());
                line(text(self.pending.get(..whole).unwrap_or_default()));
                self.pending.drain(..whole);
            }
        }
    }

    /// Gives what is left when the stream has ended.
    pub fn finish(&mut self, line: impl FnOnce(String)) {
        if !self.pending.is_empty() {
            line(text(&self.pending));
            self.pending.clear();
        }
    }
}

fn text(line: &[u8]) -> String {
    let line = line.trim_ascii_end();
    let shown = line
        .iter()
        .rposition(|byte| *byte == b'\r')
        .and_then(|last| line.get(last + 1..))
        .unwrap_or(line);
    String::from_utf8_lossy(shown).into_owned()
}

/// The length of `bytes` without a character whose last bytes are still to come. Never 0 for more than three bytes.
fn whole_characters(bytes: &[u8]) -> usize {
    match bytes.utf8_chunks().last() {
        Some(last)
            if (1..4).contains(&last.invalid().len())
                && std::str::from_utf8(last.invalid()).is_err_and(|error| error.error_len().is_none()) =>
        {
            bytes.len() - last.invalid().len()
        }
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for chunk in chunks {
            splitter.push(chunk, |line| lines.push(line));
        }
        splitter.finish(|line| lines.push(line));
        lines
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        assert_eq!(lines(&[b"one\ntwo\n"]), ["one", "two"]);
        assert_eq!(lines(&[b"o", b"ne", b"\n", b"\ntwo"]), ["one", "", "two"]);
        assert_eq!(lines(&["ü".as_bytes(), b"\n"]), ["ü"]);
        assert_eq!(lines(&[&"ü".as_bytes()[..1], &"ü".as_bytes()[1..]]), ["ü"]);
        assert_eq!(lines(&[b"bad \xff byte\n"]), ["bad \u{fffd} byte"]);
        assert_eq!(lines(&[]), Vec::<String>::new());
    }

    #[test]
    fn progress_bars_leave_their_last_state() {
        assert_eq!(lines(&[b"10%\r50%\r100%\n"]), ["100%"]);
        assert_eq!(
            lines(&[b"dos\r\n", b"10%\r20%\r\n", b"trailing \t\n"]),
            ["dos", "20%", "trailing"]
        );
    }

    #[test]
    fn a_line_without_end_is_given_in_pieces() {
        let long = vec![b'x'; limits::TEXT_LINE * 2 + 3];
        let got: Vec<usize> = lines(&[&long]).iter().map(String::len).collect();
        assert_eq!(got, [limits::TEXT_LINE, limits::TEXT_LINE, 3]);
    }

    #[test]
    fn a_piece_ends_beside_a_secret() {
        let secrets = Secrets::default();
        secrets.add("correct horse");
        for before in limits::TEXT_LINE - 40..limits::TEXT_LINE + 2 {
            let mut long = vec![b'x'; before];
            long.extend(b"correct horse");
            long.extend(vec![b'y'; limits::TEXT_LINE]);
            let mut splitter = LineSplitter::new(secrets.clone());
            let mut shown = String::new();
            let mut take = |line: String| shown.push_str(&secrets.redact(&line));
            splitter.push(&long, &mut take);
            splitter.finish(take);
            assert_eq!(shown.matches(crate::secrets::PLACEHOLDER).count(), 1, "{before}");
            assert_eq!(
                shown.len(),
                long.len() - "correct horse".len() + "<sensitive>".len()
            );
        }
    }

    #[test]
    fn a_piece_ends_between_characters() {
        let mut long = vec![b'x'; limits::TEXT_LINE - 1];
        long.extend("ü!".as_bytes());
        let got = lines(&[&long]);
        assert_eq!(got.concat(), String::from_utf8(long).unwrap());
    }
}
