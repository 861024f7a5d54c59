//! Texts in which `…` stands for anything.

/// Whether `text` is what `pattern` says, from its beginning to its end.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

/// The first of `patterns` that is not among `lines`, after those before it.
pub(crate) fn missing<'p>(patterns: &'p [String], lines: &[&str]) -> Option<&'p str> {
    let mut lines = lines.iter();
    patterns
        .iter()
        .find(|pattern| !lines.any(|line| fits(pattern, line)))
        .map(String::as_str)
}

#[test]
fn what_fits() {
    for (pattern, text, expect) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a…", "ab", true),
        ("…b", "ab", true),
        ("a…c…e", "abcde", true),
        ("a…c…e", "abde", false),
        ("a…a", "a", false),
        ("…", "", true),
        ("after … ms.", "after 3 ms.", true),
    ] {
        assert_eq!(fits(pattern, text), expect, "{pattern} {text}");
    }
}
