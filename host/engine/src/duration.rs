//! Durations as Go reads and prints them, in the templates and messages that Packer's users know: `10s`, `5m0s`,
//! `1h0m0s`, `1.5s`, `500ms`.

use std::time::Duration;

use jiff::SignedDuration;

/// Reads what Go's `time.ParseDuration` reads. None is a text that is no duration.
pub fn from_go(text: &str) -> Option<SignedDuration> {
    if text == "0" {
        return Some(SignedDuration::ZERO);
    }
    // More than that is understood below, such as `5 minutes` and `PT5M`.
    let of_go = |letter: char| letter.is_ascii_digit() || "+-.nuµmsh".contains(letter);
    text.chars().all(of_go).then(|| text.parse().ok()).flatten()
}

/// As `time.Duration.String` of Go.
pub fn in_go(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let decimal = |unit: u128, name: &str| {
        let fraction = format!("{:0width$}", nanos % unit, width = unit.ilog10() as usize);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{}{point}{fraction}{name}", nanos / unit)
    };
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => decimal(1_000, "µs"),
        1_000_000..1_000_000_000 => decimal(1_000_000, "ms"),
        _ => {
            let minutes = duration.as_secs() / 60;
            let seconds = in_seconds(duration, minutes * 60);
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    }
}

fn in_seconds(duration: Duration, whole_minutes: u64) -> String {
    let fraction = format!("{:09}", duration.subsec_nanos());
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}s", duration.as_secs() - whole_minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_prints_them() {
        for (nanos, expect) in [
            (0, "0s"),
            (7, "7ns"),
            (1_500, "1.5µs"),
            (500_000_000, "500ms"),
            (1_050_000, "1.05ms"),
            (10_000_000_000, "10s"),
            (1_500_000_000, "1.5s"),
            (300_000_000_000, "5m0s"),
            (3_600_000_000_000, "1h0m0s"),
            (90_061_000_000_001, "25h1m1.000000001s"),
        ] {
            assert_eq!(in_go(Duration::from_nanos(nanos)), expect);
        }
    }
}
