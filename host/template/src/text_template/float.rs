//! Floats as Go writes them: `1e+06`, not `1000000`.

/// The shortest text that reads back as the same number: `%v`.
pub(super) fn shortest(value: f64) -> String {
    general(value, None, false, 'e')
}

/// `%e`: one digit, a point, `precision` digits.
pub(super) fn scientific(value: f64, precision: Option<usize>, letter: char) -> String {
    if !value.is_finite() {
        return special(value);
    }
    let precision = precision.unwrap_or(6);
    exponent(&format!("{value:.precision$e}"), letter)
}

/// `%f`: `precision` digits after the point.
pub(super) fn fixed(value: f64, precision: Option<usize>) -> String {
    if !value.is_finite() {
        return special(value);
    }
    let precision = precision.unwrap_or(6);
    format!("{value:.precision$}")
}

/// `%g`: whichever of both is shorter; zeros at the end are kept only if `zeros`.
pub(super) fn general(value: f64, precision: Option<usize>, zeros: bool, letter: char) -> String {
    if !value.is_finite() {
        return special(value);
    }
    let written = match precision {
        Some(precision) => {
            let digits = precision.max(1) - 1;
            format!("{value:.digits$e}")
        }
        None => format!("{value:e}"),
    };
    let (mantissa, power) = written.split_once('e').unwrap_or((&written, "0"));
    let power: i64 = power.parse().unwrap_or_default();
    let digits = mantissa.chars().filter(char::is_ascii_digit).count();
    let significant = i64::try_from(digits).unwrap_or(i64::MAX);
    let threshold = match precision {
        // The shortest form has no precision of its own; Go decides as if it were 6.
        None => 6,
        Some(precision) => i64::try_from(precision.max(1)).unwrap_or(i64::MAX),
    };
    if power < -4 || power >= threshold {
        let mantissa = if zeros {
            mantissa.to_owned()
        } else {
            trimmed(mantissa)
        };
        return exponent(&format!("{mantissa}e{power}"), letter);
    }
    let after_point = usize::try_from(significant - 1 - power).unwrap_or_default();
    let shown = format!("{value:.after_point$}");
    if zeros || precision.is_none() {
        shown
    } else {
        trimmed(&shown)
    }
}

fn trimmed(number: &str) -> String {
    if !number.contains('.') {
        return number.to_owned();
    }
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn special(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value > 0.0 {
        "+Inf".to_owned()
    } else {
        "-Inf".to_owned()
    }
}

/// Rust writes `1e6`, Go `1e+06`.
fn exponent(written: &str, letter: char) -> String {
    let (mantissa, power) = written.split_once('e').unwrap_or((written, "0"));
    let (sign, power) = match power.strip_prefix('-') {
        Some(power) => ('-', power),
        None => ('+', power),
    };
    format!("{mantissa}{letter}{sign}{power:0>2}")
}
