//! Versions as HashiCorp writes them: any number of numbers, then a pre-release, which comes before its release.

use std::cmp::Ordering;

/// Whether version `have` is `wanted` or later; `None` if `wanted` is no version.
pub(super) fn at_least(have: &str, wanted: &str) -> Option<bool> {
    Some(compare(have, wanted)?.is_ge())
}

fn compare(a: &str, b: &str) -> Option<Ordering> {
    let ((a, a_pre), (b, b_pre)) = (split(a)?, split(b)?);
    let number = |numbers: &[u64], at| numbers.get(at).copied().unwrap_or(0);
    let differing = (0..a.len().max(b.len()))
        .map(|at| number(&a, at).cmp(&number(&b, at)))
        .find(|order| order.is_ne());
    Some(differing.unwrap_or_else(|| match (a_pre, b_pre) {
        (None, None) => Ordering::Equal,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(a), Some(b)) => a.cmp(b),
    }))
}

/// Numbers and pre-release; what follows `+` does not count.
fn split(text: &str) -> Option<(Vec<u64>, Option<&str>)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let core = text.split('+').next()?;
    let (numbers, pre) = match core.split_once('-') {
        Some((numbers, pre)) if !pre.is_empty() => (numbers, Some(pre)),
        Some(_) => return None,
        None => (core, None),
    };
    let number = |part: &str| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| digits)
    };
    let numbers = numbers.split('.').map(number).collect::<Option<_>>()?;
    Some((numbers, pre))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (wanted, expected) in [
            ("1.16.0", Some(true)),
            ("1", Some(true)),
            ("v1.2", Some(true)),
            ("1.16.0.0", Some(true)),
            ("1.16.0-dev", Some(true)),
            ("1.16.0+build", Some(true)),
            ("1.16.0.1", Some(false)),
            ("1.16.1-beta", Some(false)),
            ("2", Some(false)),
            ("1.x", None),
            (" 1.0", None),
            ("1.0-", None),
            ("+1", None),
            ("latest", None),
        ] {
            assert_eq!(at_least("1.16.0", wanted), expected, "{wanted}");
        }
    }
}
