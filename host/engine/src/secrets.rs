//! Values that no reader may see.
//!
//! [`crate::Events`] passes every text through [`Secrets::redact`]. A secret is found as it is and in the forms that
//! programs print it in: URL-encoded, quoted for a shell, base64, JSON and hex ([`forms`]), base64 and hex also broken
//! into lines ([`wrapped`]). Overlapping finds are replaced together, so that no end of a longer secret survives beside a
//! shorter one. A text that goes on is cut where no secret can be ([`Secrets::cut`]).

mod forms;
mod wrapped;

use std::{
    borrow::Cow,
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use aho_corasick::AhoCorasick;

use crate::limits;
use wrapped::Wrapped;

/// What stands where a secret stood.
pub const PLACEHOLDER: &str = "<sensitive>";

/// The secrets of a run, shared by everything that speaks. Cheap to clone; adding is seen by all clones.
#[derive(Clone, Default)]
pub struct Secrets {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Lets a run without secrets redact without taking the lock.
    any: AtomicBool,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    forms: BTreeSet<String>,
    finder: Option<AhoCorasick>,
    wrapped: Wrapped,
    /// Bytes of the longest form.
    longest: usize,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// Adds a value, a multi-line one also line by line. Returns whether it can be redacted: a value shorter than
    /// [`limits::SECRET_MIN`], or with no line as long, cannot, and the caller announces that. An empty value hides
    /// nothing and is fine.
    pub fn add(&self, value: &str) -> bool {
        if value.is_empty() {
            return true;
        }
        let long = |part: &&str| part.trim().chars().count() >= limits::SECRET_MIN;
        // A progress bar's `\r` ends a line too: what stood before it is not shown.
        let lines = || value.split(['\n', '\r']).map(str::trim).filter(long);
        let redactable = lines().next().is_some();
        let parts: BTreeSet<&str> = lines()
            .chain([value, value.trim()].into_iter().filter(long))
            .collect();
        let mut known = self.shared.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = known.forms.len();
        for part in parts {
            known.forms.extend(forms::of(part));
        }
        if known.forms.len() == before {
            return redactable;
        }
        if value.len() <= limits::SECRET_WRAPPED {
            known.wrapped.add(forms::broken_into_lines(value));
        }
        known.longest = known.forms.iter().map(String::len).max().unwrap_or_default();
        match AhoCorasick::new(&known.forms) {
            Ok(finder) => known.finder = Some(finder),
            // The automaton has room for 2³¹ states, gigabytes of secrets: this one is not redacted, and said so.
            Err(_) => return false,
        }
        self.shared.any.store(true, Ordering::Release);
        redactable
    }

    /// Whether there is anything to redact.
    pub fn any(&self) -> bool {
        self.shared.any.load(Ordering::Acquire)
    }

    /// `text` with every secret replaced by [`PLACEHOLDER`].
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.replace(text, &|_| PLACEHOLDER.to_owned())
    }

    /// The same with stars, as many as the secret has bytes: for texts whose places count.
    pub(crate) fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.replace(text, &|bytes| "*".repeat(bytes))
    }

    fn replace<'t>(&self, text: &'t str, by: &dyn Fn(usize) -> String) -> Cow<'t, str> {
        let finds = self.find(text);
        if finds.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut redacted = String::with_capacity(text.len());
        let mut shown = 0;
        for (start, end) in finds {
            redacted.push_str(text.get(shown..start).unwrap_or_default());
            redacted.push_str(&by(end - start));
            shown = end;
        }
        redacted.push_str(text.get(shown..).unwrap_or_default());
        Cow::Owned(redacted)
    }

    /// Where secrets stand, in order.
    fn find(&self, text: &str) -> Vec<(usize, usize)> {
        if !self.shared.any.load(Ordering::Acquire) {
            return Vec::new();
        }
        let known = self.shared.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(finder) = &known.finder else {
            return Vec::new();
        };
        let mut finds: Vec<_> = finder
            .find_overlapping_iter(text)
            .map(|find| (find.start(), find.end()))
            .collect();
        known.wrapped.find(text, &mut finds);
        merged(beside_placeholders(text, finds))
    }

    /// Where a text that goes on after `bytes` may be cut, so that no part of a secret stands before it: not in one,
    /// and not where one may have begun. The end, where there is no such place.
    pub(crate) fn cut(&self, bytes: &[u8]) -> usize {
        let whole = bytes.len();
        let known = self.shared.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(finder) = &known.finder else {
            return whole;
        };
        // Beyond half of it there would be no progress.
        let cut = whole - known.longest.saturating_sub(1).min(whole / 2);
        let finds = merged(
            finder
                .find_overlapping_iter(bytes)
                .map(|find| (find.start(), find.end()))
                .collect(),
        );
        match finds.iter().find(|(start, end)| (start + 1..*end).contains(&cut)) {
            Some((0, _)) => whole,
            Some((start, _)) => *start,
            None => cut,
        }
    }
}

/// Finds without what a placeholder shows: a secret such as `sensitive` is not one there. What is left of one that
/// reaches into a placeholder counts if it is long enough to be a secret.
fn beside_placeholders(text: &str, finds: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let standing: Vec<(usize, usize)> = text
        .match_indices(PLACEHOLDER)
        .map(|(at, found)| (at, at + found.len()))
        .collect();
    if standing.is_empty() {
        return finds;
    }
    let clipped = |(start, end): (usize, usize)| {
        let after = standing.partition_point(|(_, last)| *last <= start);
        let (mut from, mut to) = (start, end);
        if let Some((_, last)) = standing.get(after).filter(|(first, _)| *first <= start) {
            from = (*last).min(end);
        }
        let before = standing.partition_point(|(first, _)| *first < end);
        if let Some((first, last)) = before.checked_sub(1).and_then(|at| standing.get(at))
            && *last >= end
        {
            to = (*first).max(from);
        }
        let left = text.get(from..to)?;
        let whole = (from, to) == (start, end);
        (whole || left.chars().count() >= limits::SECRET_MIN).then_some((from, to))
    };
    finds.into_iter().filter_map(clipped).collect()
}

/// Joins ranges that overlap; those that only touch stay apart, being two secrets.
fn merged(mut finds: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    finds.sort_unstable();
    let mut joined: Vec<(usize, usize)> = Vec::with_capacity(finds.len());
    for (start, end) in finds {
        match joined.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    fn check(secrets: &[&str], text: &str, expect: &str) {
        let known = Secrets::default();
        for secret in secrets {
            assert!(known.add(secret), "{secret:?} is long enough");
        }
        assert_eq!(known.redact(text), expect);
    }

    #[test]
    fn every_form_is_found() {
        let secret = "p@ss w'rd/\"$x";
        check(&[secret], "user:p@ss w'rd/\"$x!", "user:<sensitive>!");
        check(
            &[secret],
            "https://u:p%40ss%20w%27rd%2F%22%24x@h/",
            "https://u:<sensitive>@h/",
        );
        check(
            &[secret],
            "https://u:p%40ss%20w%27rd%2f%22%24x@h/",
            "https://u:<sensitive>@h/",
        );
        check(&[secret], "pw=p%40ss+w%27rd%2F%22%24x&a=b", "pw=<sensitive>&a=b");
        check(
            &[secret],
            r#"+ login 'p@ss w'\''rd/"$x'"#,
            "+ login '<sensitive>'",
        );
        check(&[secret], r#"login 'p@ss w'"'"'rd/"$x'"#, "login '<sensitive>'");
        check(&[secret], r#"login "p@ss w'rd/\"\$x""#, "login \"<sensitive>\"");
        check(&[secret], r#"login p@ss\ w\'rd/\"\$x"#, "login <sensitive>");
        check(
            &[secret],
            r#"{"pw":"p@ss w'rd/\"$x"}"#,
            "{\"pw\":\"<sensitive>\"}",
        );
        check(
            &[secret],
            r#"{"pw":"p@ss w'rd\/\"$x"}"#,
            "{\"pw\":\"<sensitive>\"}",
        );
        check(&[secret], "7040737320772772642f222478", "<sensitive>");
        check(&[secret], "7040737320772772642F222478", "<sensitive>");
    }

    #[test]
    fn base64_is_found_at_every_offset() {
        for before in ["", "u", "us", "user:", "account:"] {
            for after in ["", "x", "xy", "xyz"] {
                let known = Secrets::default();
                known.add("correct horse");
                let encoded = STANDARD.encode(format!("{before}correct horse{after}"));
                let redacted = known.redact(&encoded);
                assert!(redacted.contains(PLACEHOLDER), "{before:?} {after:?}: {redacted}");
                // What is left cannot hold more than the neighbours and the two characters shared with them.
                let left = redacted.replace(PLACEHOLDER, "").len();
                assert!(
                    left <= (before.len() + after.len()) * 4 / 3 + 6,
                    "{before:?} {after:?}: {redacted}"
                );
            }
        }
    }

    #[test]
    fn json_of_other_scripts_is_found() {
        check(
            &["пароль"],
            r"\u043f\u0430\u0440\u043e\u043b\u044c",
            "<sensitive>",
        );
        check(&["a<b>&c"], r"a\u003cb\u003e\u0026c", "<sensitive>");
    }

    #[test]
    fn lines_of_a_secret_are_secrets() {
        check(
            &["first line\n  second line\r\nab\n"],
            "x second line y first line ab",
            "x <sensitive> y <sensitive> ab",
        );
    }

    #[test]
    fn a_line_of_a_secret_ends_at_a_carriage_return_too() {
        check(&["ab\rcdefgh"], "10%\rcdefgh", "10%\r<sensitive>");
    }

    #[test]
    fn a_placeholder_is_left_alone() {
        check(&["sens"], "<sensitive> sens", "<sensitive> <sensitive>");
        check(&["tive>abc"], "<sensitive>abc", "<sensitive>abc");
        check(
            &[">long value"],
            "<sensitive>long value",
            "<sensitive><sensitive>",
        );
        check(
            &["value <sens"],
            "a value <sensitive>",
            "a <sensitive><sensitive>",
        );
    }

    #[test]
    fn encoded_secrets_that_a_tool_broke_into_lines_are_found() {
        let key: String = (0..120)
            .map(|line| format!("{line}: {}\n", line * 7919))
            .collect();
        for (secret, printed) in [
            (key.as_str(), key.clone()),
            (
                "a token of sixty bytes, which is longer than a line has",
                String::new(),
            ),
        ] {
            let known = Secrets::default();
            assert!(known.add(secret));
            for text in [secret.to_owned(), format!("{secret}\n"), printed] {
                let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
                for (encoded, width) in [
                    (STANDARD.encode(&text), 76),
                    (STANDARD.encode(&text), 64),
                    (hex, 60),
                ] {
                    for line in encoded.as_bytes().chunks(width) {
                        let line = std::str::from_utf8(line).unwrap();
                        let shown = known.redact(line);
                        let left = shown.replace(PLACEHOLDER, "");
                        assert!(left.len() < limits::SECRET_MIN, "{line} is shown as {shown}");
                    }
                }
            }
            let first = STANDARD.encode(secret);
            let shown = known
                .redact(&format!("  key: {}\r\nnext", &first[..30]))
                .into_owned();
            assert_eq!(shown, "  key: <sensitive>\r\nnext");
        }
    }

    #[test]
    fn a_text_that_goes_on_is_cut_beside_a_secret() {
        let known = Secrets::default();
        assert_eq!(known.cut(b"hunter"), 6, "without secrets anywhere");
        known.add("hunter22");
        let text = format!("{}hunter22{}", "x".repeat(100), "y".repeat(100)).into_bytes();
        // The longest form writes each byte as `\x68`.
        let begun = "hunter22".len() * 4 - 1;
        assert_eq!(known.cut(&text), text.len() - begun);
        assert_eq!(known.cut(&text[..100 + begun]), 100);
        assert_eq!(known.cut(&text[..104 + begun]), 100, "not inside of it");
    }

    #[test]
    fn overlapping_secrets_leave_no_end() {
        check(&["abcd", "cdefgh"], "abcdefgh", "<sensitive>");
        check(&["abcd", "abcdefgh"], "abcdefgh abcd", "<sensitive> <sensitive>");
        check(&["abcd", "efgh"], "abcdefgh", "<sensitive><sensitive>");
    }

    #[test]
    fn short_values_are_refused_and_empty_ones_ignored() {
        let known = Secrets::default();
        assert!(!known.add("abc"));
        assert!(!known.add("a\nb\n"));
        assert!(known.add(""));
        assert_eq!(known.redact("abc a b"), "abc a b");
        assert!(known.add("äöüß"), "characters count, not bytes");
    }

    #[test]
    fn clones_share_what_is_added() {
        let known = Secrets::default();
        let clone = known.clone();
        known.add("hunter22");
        assert_eq!(clone.redact("my hunter22"), "my <sensitive>");
        assert_eq!(format!("{clone:?}"), "Secrets(…)");
    }
}
