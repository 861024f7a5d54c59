//! `{{strftime "%Y-%m-%d"}}`: the conversions that Packer's library knows; any other stays as it is written.

use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};

/// `now` in UTC, as `format` says.
pub(crate) fn format(format: &str, now: Timestamp) -> String {
    let now = ZonedDateTime::new(now, TimeZone::UTC);
    let mut shown = String::with_capacity(format.len());
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            shown.push(letter);
            continue;
        }
        match letters.next() {
            Some(
                known @ ('a' | 'A' | 'b' | 'B' | 'd' | 'H' | 'I' | 'm' | 'M' | 'p' | 'S' | 'y' | 'Y' | 'z'),
            ) => {
                shown.push_str(&now.strftime(&format!("%{known}")).to_string());
            }
            Some('Z') => shown.push_str("UTC"),
            // Milliseconds, with their dot.
            Some('L') => shown.push_str(&format!(".{:03}", now.millisecond())),
            Some('%') => shown.push('%'),
            Some(other) => shown.extend(['%', other]),
            None => shown.push('%'),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions() {
        let now: Timestamp = "2024-03-07T09:05:02.120Z".parse().expect("a time");
        for (written, expected) in [
            ("%Y-%m-%d %H:%M:%S%L", "2024-03-07 09:05:02.120"),
            ("%a %A %b %B %y %I %p", "Thu Thursday Mar March 24 09 AM"),
            ("%z %Z", "+0000 UTC"),
            ("%j %e %F %%", "%j %e %F %"),
            ("100% sure %", "100% sure %"),
        ] {
            assert_eq!(format(written, now), expected, "{written}");
        }
    }
}
