//! Durations as Packer's users know them: `1 minute 3 seconds`, the two largest units that are not zero.

use std::time::Duration;

const UNITS: [(&str, u128); 8] = [
    ("year", 365 * 24 * 3600 * 1_000_000),
    ("week", 7 * 24 * 3600 * 1_000_000),
    ("day", 24 * 3600 * 1_000_000),
    ("hour", 3600 * 1_000_000),
    ("minute", 60 * 1_000_000),
    ("second", 1_000_000),
    ("millisecond", 1000),
    ("microsecond", 1),
];

/// In words.
pub(crate) fn in_words(duration: Duration) -> String {
    let mut rest = duration.as_micros();
    let mut words = Vec::new();
    for (unit, size) in UNITS {
        let count = rest / size;
        rest %= size;
        if count > 0 && words.len() < 2 {
            words.push(format!("{count} {unit}{}", if count == 1 { "" } else { "s" }));
        }
    }
    if words.is_empty() {
        "0 microseconds".to_owned()
    } else {
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_largest_units() {
        for (micros, expected) in [
            (0, "0 microseconds"),
            (1, "1 microsecond"),
            (505_123, "505 milliseconds 123 microseconds"),
            (5_003_000, "5 seconds 3 milliseconds"),
            (63_000_999, "1 minute 3 seconds"),
            (60_300_000, "1 minute 300 milliseconds"),
            (3_600_000_000, "1 hour"),
            (90_000_000_000, "1 day 1 hour"),
            (31_536_000_000_000 + 7 * 86_400_000_000, "1 year 1 week"),
        ] {
            assert_eq!(in_words(Duration::from_micros(micros)), expected);
        }
    }
}
