//! Text of guests and instances: what comes out acts on nothing, is bounded, and does not depend on how it arrived.

use kilnbox_engine::{
    limits,
    text::{LineSplitter, clean},
};

/// See the module.
pub fn check(data: &[u8]) {
    cleaning(&String::from_utf8_lossy(data));
    splitting(data);
    // It takes a hundred times as long as the rest.
    if data.first().is_some_and(|first| first % 32 == 0) {
        long(data);
    }
}

/// What is cleaned is harmless, bounded, and clean.
pub(crate) fn cleaning(text: &str) {
    let cleaned = clean(text);
    harmless(&cleaned);
    let notice = "… [18446744073709551615 bytes cut]".len();
    // One character more than the limit may be begun, and is shown as `\u{10ffff}` at most.
    let line = limits::TEXT_LINE + 10 + notice;
    assert!(
        cleaned.len() <= limits::TEXT + line + notice,
        "{} bytes",
        cleaned.len()
    );
    for shown in cleaned.split('\n') {
        assert!(shown.len() <= line, "a line of {} bytes", shown.len());
    }
    if !cleaned.contains(" bytes cut]") {
        assert_eq!(clean(&cleaned), cleaned, "a second time changes something");
    }
}

/// Nothing in it moves the cursor, reorders, hides or is not there.
#[track_caller]
pub(crate) fn harmless(text: &str) {
    for c in text.chars() {
        let acts = match c {
            '\t' | '\n' => false,
            // C0, DEL and C1.
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
            // Unicode's Bidi_Control.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
            // Separators of lines, and what has no width; joiners have a meaning in many scripts and in emoji.
            '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' => true,
            '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
            _ => false,
        };
        assert!(!acts, "U+{:04X} came through", u32::from(c));
    }
}

/// The lines are the same however the bytes are cut, and hold what was written.
fn splitting(data: &[u8]) {
    let whole = lines(data, data.len().max(1));
    for size in [1, 2, 3, 7, 64] {
        assert_eq!(lines(data, size), whole, "in chunks of {size}");
    }
    for line in &whole {
        assert!(!line.contains('\n'), "two lines in one");
        // A byte that is no text becomes U+FFFD, which has three.
        assert!(
            line.len() <= limits::TEXT_LINE * 3,
            "a line of {} bytes",
            line.len()
        );
    }
    if let Ok(text) = std::str::from_utf8(data)
        && !text.contains(|c: char| c != '\n' && (c.is_whitespace() || c.is_control()))
    {
        assert_eq!(
            whole.concat(),
            text.replace('\n', ""),
            "something was lost or added"
        );
    }
}

/// The same for a line that is longer than a line may be.
fn long(data: &[u8]) {
    let mut line = data.repeat(limits::TEXT_LINE / data.len() + 2);
    line.push(b'!');
    let whole = lines(&line, line.len());
    assert_eq!(lines(&line, 4093), whole, "in chunks of 4093");
    cleaning(&String::from_utf8_lossy(&line));
}

pub(crate) fn lines(data: &[u8], chunk: usize) -> Vec<String> {
    let mut splitter = LineSplitter::default();
    let mut lines = Vec::new();
    for chunk in data.chunks(chunk) {
        splitter.push(chunk, |line| lines.push(line));
    }
    splitter.finish(|line| lines.push(line));
    lines
}
