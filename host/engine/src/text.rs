//! Makes hostile text harmless (invariant 7): the one place where text of guests and instances is bounded and cleaned.
//!
//! [`crate::Events`] passes every text through [`fit`]; whoever forwards a command's output splits it with a
//! [`LineSplitter`] first. What could move the cursor, reorder or hide text is made visible, so that nothing a step
//! prints can look like something else. Colours alone are taken out silently: without them a text reads the same.

mod lines;

use std::{borrow::Cow, fmt::Write as _};

use crate::{Secrets, limits};

pub use lines::LineSplitter;

/// `text` as any reader may have it: without secrets, cleaned and bounded. Redacted before cleaning, because a secret
/// may hold characters that cleaning replaces, and after, because taking out colours may join one.
pub fn fit<'t>(text: &'t str, secrets: &Secrets) -> Cow<'t, str> {
    let redacted = secrets.redact(text);
    if let Cow::Owned(cleaned) = clean(&redacted) {
        return Cow::Owned(secrets.redact(&cleaned).into_owned());
    }
    redacted
}

/// The same for a text whose places count, such as an excerpt of a file: what must not be seen is covered, byte by byte.
pub fn fit_in_place(text: &str, secrets: &Secrets) -> String {
    let masked = secrets.mask(text);
    let mut following = masked.chars().skip(1);
    let mut fitted = String::with_capacity(masked.len());
    for c in masked.chars() {
        let ends_line = following.next() == Some('\n');
        if acts(c) && !(c == '\r' && ends_line) {
            fitted.extend(std::iter::repeat_n('?', c.len_utf8()));
        } else {
            fitted.push(c);
        }
    }
    fitted
}

/// `text` without anything that acts on a terminal; tabs and newlines stay, `\r\n` becomes `\n`. Lines longer than
/// [`limits::TEXT_LINE`] and texts longer than [`limits::TEXT`] are cut and say how much is missing.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.len() <= limits::TEXT_LINE && !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len().min(limits::TEXT));
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            cleaned.push('\n');
        }
        if cleaned.len() >= limits::TEXT {
            let done = line.as_ptr().addr() - text.as_ptr().addr();
            cut(&mut cleaned, text.len() - done);
            break;
        }
        clean_line(line.strip_suffix('\r').unwrap_or(line), &mut cleaned);
    }
    Cow::Owned(cleaned)
}

fn clean_line(line: &str, cleaned: &mut String) {
    let begin = cleaned.len();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if cleaned.len() - begin >= limits::TEXT_LINE {
            cut(cleaned, rest.len());
            return;
        }
        if let Some(colour) = colour_sequence(rest) {
            rest = rest.get(colour..).unwrap_or_default();
            continue;
        }
        show(c, cleaned);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
}

fn cut(cleaned: &mut String, missing: usize) {
    let _ = write!(cleaned, "… [{missing} bytes cut]");
}

/// Writes `c`, or what stands for it.
fn show(c: char, cleaned: &mut String) {
    let _ = match c {
        '\t' => write!(cleaned, "\t"),
        '\r' => write!(cleaned, "\\r"),
        _ if c.is_control() => write!(cleaned, "\\x{:02x}", u32::from(c)),
        _ if acts(c) => write!(cleaned, "\\u{{{:x}}}", u32::from(c)),
        _ => write!(cleaned, "{c}"),
    };
}

/// Whether a terminal or an editor would do something else with `c` than show it.
fn acts(c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        // Marks and overrides of writing direction.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        // Line and paragraph separators; nothing at all, under many names, but for joiners, which have a meaning in
        // many scripts and in emoji; annotations; tags.
        '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => true,
        '\u{ad}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180e}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{ffa0}' => true,
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    }
}

/// The length of the colour sequence (`ESC [ … m`) or of the erasure to the line's end (`ESC [ K`, which `grep` and
/// `gcc` add to colours) that `text` begins with.
fn colour_sequence(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !matches!(c, '0'..='9' | ';' | ':'))?;
    let last = parameters.get(end..)?.chars().next()?;
    matches!(last, 'm' | 'K').then_some("\x1b[".len() + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(clean(text), expect, "{text:?}");
    }

    #[test]
    fn what_acts_is_shown() {
        check(
            "plain, tab\tand\nlines, ünïcödé, 👩‍🔧",
            "plain, tab\tand\nlines, ünïcödé, 👩‍🔧",
        );
        check(
            "bell\x07 back\x08 nul\0 del\x7f",
            "bell\\x07 back\\x08 nul\\x00 del\\x7f",
        );
        check(
            "\x1b[2J\x1b[1;1H==> kilnbox: all is well",
            "\\x1b[2J\\x1b[1;1H==> kilnbox: all is well",
        );
        check("\x1b]0;title\x07x", "\\x1b]0;title\\x07x");
        check("\x1b]52;c;ZXZpbA==\x1b\\", "\\x1b]52;c;ZXZpbA==\\x1b\\");
        check("\u{9b}31mred", "\\x9b31mred");
        check("user\u{202e}txt.exe", "user\\u{202e}txt.exe");
        check(
            "\u{2066}a\u{2069}\u{200b}\u{feff}\u{2028}",
            "\\u{2066}a\\u{2069}\\u{200b}\\u{feff}\\u{2028}",
        );
        check("tag\u{e0041}", "tag\\u{e0041}");
        check("over\rwritten", "over\\rwritten");
        check("dos\r\nlines\r\n", "dos\nlines\n");
    }

    #[test]
    fn places_stay_where_they_were() {
        let secrets = Secrets::default();
        secrets.add("hunter22");
        let text = "a: \"hunter22\"\r\n\u{202e}b\x1b[m\r\tü\u{e0041}";
        let fitted = fit_in_place(text, &secrets);
        assert_eq!(fitted, "a: \"********\"\r\n???b?[m?\tü????");
        assert_eq!(fitted.len(), text.len());
    }

    #[test]
    fn colours_are_taken_out() {
        check(
            "\x1b[1;31mred\x1b[0m and \x1b[38:5:9m\x1b[Kmore\x1b[m",
            "red and more",
        );
        check("open end\x1b[1;31", "open end\\x1b[1;31");
        check("nested \x1b[\x1b[31m", "nested \\x1b[");
        check(
            "made by taking out: \x1b\x1b[m[2J",
            "made by taking out: \\x1b[2J",
        );
    }

    #[test]
    fn long_lines_are_cut_and_counted() {
        let long = "x".repeat(limits::TEXT_LINE + 5);
        check(
            &format!("{long}\nnext"),
            &format!("{}… [5 bytes cut]\nnext", "x".repeat(limits::TEXT_LINE)),
        );
        let exact = "x".repeat(limits::TEXT_LINE);
        check(&format!("{exact}\x07"), &format!("{exact}… [1 bytes cut]"));
        check(&exact, &exact);
        let wide = clean(&"\u{202e}".repeat(limits::TEXT_LINE)).len();
        assert!(
            wide < limits::TEXT_LINE + 100,
            "what is shown counts, not what it stands for: {wide}"
        );
    }

    #[test]
    fn long_texts_are_cut_and_counted() {
        let lines = "0123456789abcdef\n".repeat(limits::TEXT / 8);
        let cleaned = clean(&lines);
        assert!(cleaned.len() < limits::TEXT + 100, "{}", cleaned.len());
        let last = cleaned.lines().last().unwrap();
        let missing: usize = last.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
        assert_eq!(cleaned.len() - last.len() + missing, lines.len());
    }
}
