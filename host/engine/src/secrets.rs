//! Values that no reader may see.
//!
//! [`crate::Events`] passes every text through [`Secrets::redact`]. A secret is found as it is and in the forms that
//! programs print it in: URL-encoded, quoted for a shell, base64, JSON and hex ([`forms`]). Overlapping finds are
//! replaced together, so that no end of a longer secret survives beside a shorter one.

mod forms;

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
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// Adds a value, a multi-line one also line by line. Returns whether it can be redacted: a value shorter than
    /// [`limits::SECRET_MIN`], or with no line as long, cannot, and the caller announces that. An empty value hides nothing and is fine.
    pub fn add(&self, value: &str) -> bool {
        if value.is_empty() {
            return true;
        }
        let long = |part: &&str| part.trim().chars().count() >= limits::SECRET_MIN;
        let lines = || value.lines().map(str::trim).filter(long);
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
        if !self.any() {
            return Cow::Borrowed(text);
        }
        let known = self.shared.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(finder) = &known.finder else {
            return Cow::Borrowed(text);
        };
        let finds = merged(
            finder
                .find_overlapping_iter(text)
                .map(|find| (find.start(), find.end()))
                .collect(),
        );
        if finds.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut redacted = String::with_capacity(text.len());
        let mut shown = 0;
        for (start, end) in finds {
            redacted.push_str(text.get(shown..start).unwrap_or_default());
            redacted.push_str(PLACEHOLDER);
            shown = end;
        }
        redacted.push_str(text.get(shown..).unwrap_or_default());
        Cow::Owned(redacted)
    }
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
