//! Go's reference layouts, for `{{isotime "2006-01-02"}}`.
//!
//! A layout is text in which pieces of the reference time `Mon Jan 2 15:04:05 MST 2006` stand for the real ones. Each
//! piece is handed to jiff; what is no piece is copied. Times are UTC.

use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};

/// Pieces and their strftime specifiers. A longer piece stands before its beginning. The order is Go's.
const PIECES: &[(&str, &str)] = &[
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("MST", "UTC"),
    ("01", "%m"),
    ("002", "%j"),
    ("02", "%d"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("15", "%H"),
    ("2006", "%Y"),
    ("_2006", "_%Y"),
    ("__2", "%_3j"),
    ("_2", "%e"),
    ("PM", "%p"),
    ("pm", "%P"),
    ("-07:00:00", "+00:00:00"),
    ("-070000", "+000000"),
    ("-07:00", "+00:00"),
    ("-0700", "+0000"),
    ("-07", "+00"),
    ("Z07:00:00", "Z"),
    ("Z070000", "Z"),
    ("Z07:00", "Z"),
    ("Z0700", "Z"),
    ("Z07", "Z"),
    ("1", "%-m"),
    ("2", "%-d"),
    ("3", "%-I"),
    ("4", "%-M"),
    ("5", "%-S"),
];

/// `now` in a Go layout.
pub(crate) fn format(layout: &str, now: Timestamp) -> String {
    let now = ZonedDateTime::new(now, TimeZone::UTC);
    let mut text = String::with_capacity(layout.len());
    let mut rest = layout;
    while let Some(letter) = rest.chars().next() {
        if let Some((digits, trim)) = fraction(rest) {
            let all = format!("{:09}", now.subsec_nanosecond());
            let shown = all.get(..digits.min(9)).unwrap_or(&all);
            let shown = if trim { shown.trim_end_matches('0') } else { shown };
            if !shown.is_empty() {
                text.push(letter);
                text.push_str(shown);
            }
            rest = rest.get(digits + 1..).unwrap_or_default();
        } else if let Some((piece, specifier)) = PIECES.iter().find(|(piece, _)| begins(rest, piece)) {
            text.push_str(&now.strftime(specifier).to_string());
            rest = rest.get(piece.len()..).unwrap_or_default();
        } else {
            text.push(letter);
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        }
    }
    text
}

/// `Jan` and `Mon` are words of their own: `Janus` is no month.
fn begins(text: &str, piece: &str) -> bool {
    text.strip_prefix(piece).is_some_and(|after| {
        !(matches!(piece, "Jan" | "Mon") && after.starts_with(|letter: char| letter.is_ascii_lowercase()))
    })
}

/// `.000` or `,999`: how many digits, and whether zeros at the end are left out.
fn fraction(text: &str) -> Option<(usize, bool)> {
    let after = text.strip_prefix(['.', ','])?;
    let digit = after.chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
    let digits = after.len() - after.trim_start_matches(digit).len();
    let ends = !after
        .get(digits..)?
        .starts_with(|letter: char| letter.is_ascii_digit());
    ends.then_some((digits, digit == '9'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts() {
        let now: Timestamp = "2024-03-07T09:05:02.120Z".parse().expect("a time");
        for (layout, expected) in [
            ("2006-01-02", "2024-03-07"),
            ("20060102150405", "20240307090502"),
            ("060102", "240307"),
            ("Mon Jan _2 15:04:05 2006", "Thu Mar  7 09:05:02 2024"),
            ("Monday, January 2, 3:04PM", "Thursday, March 7, 9:05AM"),
            ("Mon, 02 Jan 2006 15:04:05 MST", "Thu, 07 Mar 2024 09:05:02 UTC"),
            ("2006-01-02T15:04:05Z07:00", "2024-03-07T09:05:02Z"),
            ("-0700 -07:00", "+0000 +00:00"),
            ("15:04:05.000", "09:05:02.120"),
            ("15:04:05.999999", "09:05:02.12"),
            ("002 __2", "067  67"),
            ("3:4:5 pm", "9:5:2 am"),
            ("Janus", "Janus"),
            ("plain text", "plain text"),
            ("%Y", "%Y"),
        ] {
            assert_eq!(format(layout, now), expected, "{layout}");
        }
    }
}
