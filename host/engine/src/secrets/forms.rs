//! The ways in which programs print a value that they were given.
//!
//! A secret that reaches a URL, a traced shell command or a JSON document looks different there. Each function gives
//! the text between the quotes, never the quotes, because they may be shared with text before and after.

use std::{collections::BTreeSet, fmt::Write as _};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::limits;

/// RFC 3986 §2.3: everything but the unreserved characters.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// What JavaScript's `encodeURIComponent` and most form encoders leave beyond those.
const COMPONENT: &AsciiSet = &STRICT
    .remove(b'!')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*');
/// Python's `quote` and others keep the slash.
const PATH: &AsciiSet = &STRICT.remove(b'/');

/// Every form of `secret`, itself among them; none shorter than [`limits::SECRET_MIN`].
pub(super) fn of(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    url(secret, &mut forms);
    shell(secret, &mut forms);
    json(secret, &mut forms);
    base64(secret.as_bytes(), &mut forms);
    hex("", secret.as_bytes(), &mut forms);
    // Every byte as a URL's escape, and as a string literal's.
    hex("%", secret.as_bytes(), &mut forms);
    hex("\\x", secret.as_bytes(), &mut forms);
    forms.retain(|form| form.chars().count() >= limits::SECRET_MIN);
    forms
}

/// Forms that tools break into lines; most add the line end that their input has.
pub(super) fn broken_into_lines(secret: &str) -> BTreeSet<String> {
    let mut forms = Vec::new();
    for text in [secret.to_owned(), format!("{secret}\n")] {
        base64(text.as_bytes(), &mut forms);
        hex("", text.as_bytes(), &mut forms);
    }
    forms.into_iter().collect()
}

fn url(secret: &str, forms: &mut Vec<String>) {
    for set in [STRICT, COMPONENT, PATH] {
        let upper = utf8_percent_encode(secret, set).to_string();
        let lower = lower_escapes(&upper);
        forms.push(upper.replace("%20", "+"));
        forms.push(lower.replace("%20", "+"));
        forms.extend([upper, lower]);
    }
}

/// `%2F` becomes `%2f`; the rest keeps its case.
fn lower_escapes(encoded: &str) -> String {
    let mut digits = 0;
    encoded
        .chars()
        .map(|c| {
            if c == '%' {
                digits = 2;
                c
            } else if digits > 0 {
                digits -= 1;
                c.to_ascii_lowercase()
            } else {
                c
            }
        })
        .collect()
}

fn shell(secret: &str, forms: &mut Vec<String>) {
    // Single quotes, as `set -x` of dash and bash, and as Python's `shlex.quote` write them.
    forms.push(secret.replace('\'', r"'\''"));
    forms.push(secret.replace('\'', r#"'"'"'"#));
    // Double quotes.
    forms.push(escaped(secret, |c| matches!(c, '"' | '\\' | '$' | '`')));
    // Bare, as `printf %q` writes it.
    forms.push(escaped(secret, |c| {
        c.is_ascii() && !c.is_ascii_alphanumeric() && !"%+,-./:=@_".contains(c)
    }));
}

fn escaped(secret: &str, special: impl Fn(char) -> bool) -> String {
    let mut quoted = String::with_capacity(secret.len());
    for c in secret.chars() {
        if special(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

fn json(secret: &str, forms: &mut Vec<String>) {
    let quoted = serde_json::Value::from(secret).to_string();
    let plain = quoted
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(&quoted);
    // PHP escapes the slash, Go what is special in HTML, Python what is not ASCII.
    forms.push(plain.replace('/', r"\/"));
    forms.push(unicode_escaped(plain, |c| matches!(c, '<' | '>' | '&')));
    forms.push(unicode_escaped(plain, |c| !c.is_ascii()));
    forms.push(plain.to_owned());
}

fn unicode_escaped(plain: &str, special: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(plain.len());
    for c in plain.chars() {
        if special(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Base64 of a text that holds the secret depends on where the secret begins, modulo three. The characters at either
/// end that also carry bits of the neighbours differ from text to text and are left out.
fn base64(secret: &[u8], forms: &mut Vec<String>) {
    for engine in [&STANDARD, &URL_SAFE] {
        forms.push(engine.encode(secret));
        for offset in 0..3 {
            let mut shifted = vec![0; offset];
            shifted.extend_from_slice(secret);
            let encoded = engine.encode(&shifted);
            let first = (offset * 8).div_ceil(6);
            let end = shifted.len() * 8 / 6;
            forms.extend(encoded.get(first..end).map(str::to_owned));
        }
    }
}

fn hex(before: &str, secret: &[u8], forms: &mut Vec<String>) {
    let (mut lower, mut upper) = (String::new(), String::new());
    for byte in secret {
        let _ = write!(lower, "{before}{byte:02x}");
        let _ = write!(upper, "{before}{byte:02X}");
    }
    forms.extend([upper, lower]);
}
