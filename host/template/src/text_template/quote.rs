//! Text and letters in quotes, for `%q`.

use std::fmt::Write as _;

/// In double quotes, with Go's escapes; with `ascii`, every other letter is escaped too.
pub(super) fn text(text: &str, ascii: bool) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        escape(&mut quoted, letter, '"', ascii);
    }
    quoted.push('"');
    quoted
}

/// In single quotes.
pub(super) fn letter(letter: char, ascii: bool) -> String {
    let mut quoted = String::from('\'');
    escape(&mut quoted, letter, '\'', ascii);
    quoted.push('\'');
    quoted
}

/// Whether a text can stand in backticks as it is.
pub(super) fn fits_backticks(text: &str) -> bool {
    !text.chars().any(|letter| {
        letter == '`' || letter == '\u{7f}' || letter == '\u{feff}' || (letter < ' ' && letter != '\t')
    })
}

/// Letters, marks, numbers, punctuation, symbols and the plain space.
pub(super) fn is_printable(letter: char) -> bool {
    if letter.is_ascii() {
        return (' '..='~').contains(&letter);
    }
    // The standard library escapes what it takes for unprintable, and marks that would join the letter before.
    let shown = letter.escape_debug();
    !letter.is_whitespace() && !letter.is_control() && (shown.len() == 1 || is_mark(letter))
}

/// Combining marks of the common scripts: `escape_debug` escapes them, Go does not.
fn is_mark(letter: char) -> bool {
    matches!(u32::from(letter), 0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f
        | 0x900..=0x903 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20f0 | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f)
}

fn escape(quoted: &mut String, letter: char, quote: char, ascii: bool) {
    let short = match letter {
        '\u{07}' => Some('a'),
        '\u{08}' => Some('b'),
        '\u{0c}' => Some('f'),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        '\u{0b}' => Some('v'),
        '\\' => Some('\\'),
        letter if letter == quote => Some(quote),
        _ => None,
    };
    let code = u32::from(letter);
    match short {
        Some(short) => quoted.extend(['\\', short]),
        None if is_printable(letter) && (letter.is_ascii() || !ascii) => quoted.push(letter),
        None => {
            let _ = match code {
                0..=0x7f => write!(quoted, "\\x{code:02x}"),
                0x80..=0xffff => write!(quoted, "\\u{code:04x}"),
                _ => write!(quoted, "\\U{code:08x}"),
            };
        }
    }
}
