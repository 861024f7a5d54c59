//! `html`, `js` and `urlquery`: text made safe for other languages, as Go does it.

use std::fmt::Write as _;

use super::{Value, printf, quote::is_printable};

/// Several arguments are joined as `print` joins them; what is absent shows itself.
pub(super) fn joined(args: &[Value]) -> String {
    let shown: Vec<Value> = args
        .iter()
        .map(|value| match value {
            Value::Nil => Value::text("<no value>"),
            other => other.clone(),
        })
        .collect();
    printf::print(&shown)
}

/// For HTML text and attributes in quotes.
pub(super) fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\0' => safe.push('\u{fffd}'),
            '"' => safe.push_str("&#34;"),
            '\'' => safe.push_str("&#39;"),
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            other => safe.push(other),
        }
    }
    safe
}

/// For a text in JavaScript.
pub(super) fn js(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '\'' | '"' => safe.extend(['\\', letter]),
            '<' | '>' | '&' | '=' | '\0'..='\u{1f}' => {
                let _ = write!(safe, "\\u{:04X}", u32::from(letter));
            }
            other if other.is_ascii() || is_printable(other) => safe.push(other),
            other => {
                let _ = write!(safe, "\\u{:04X}", u32::from(other));
            }
        }
    }
    safe
}

/// For the query of a URL: a space becomes `+`.
pub(super) fn query(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => safe.push('+'),
            b'-' | b'_' | b'.' | b'~' => safe.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => safe.push(char::from(byte)),
            byte => {
                let _ = write!(safe, "%{byte:02X}");
            }
        }
    }
    safe
}
