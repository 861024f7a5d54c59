//! Text with the line ends of Unix.

/// Ends every line with a newline alone: a carriage return before a newline is dropped, one before the end of the
/// text too, and the last line gets a newline if it has none. Nothing stays nothing.
pub(crate) fn unix_lines(text: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(text.len() + 1);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        lines.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        lines.push(b'\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_a_newline_alone() {
        let check = |text: &str, expect: &str| {
            assert_eq!(String::from_utf8(unix_lines(text.as_bytes())).unwrap(), expect);
        };
        check("", "");
        check("a\r\nb\n", "a\nb\n");
        check("a", "a\n");
        check("a\r", "a\n");
        check("a\r\r\n", "a\r\n");
        check("a\rb\n\r\n", "a\rb\n\n");
        check("\n", "\n");
    }
}
