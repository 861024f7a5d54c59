//! Go's literals: numbers, characters and texts in quotes.

use super::Value;

/// A number, or why it is none.
pub(super) fn number(written: &str) -> Result<Value, String> {
    let (negative, digits) = match written.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, written.strip_prefix('+').unwrap_or(written)),
    };
    let bad = || format!("bad number syntax: {written:?}");
    let (radix, body) = radix(digits);
    if !underscores_separate(digits) {
        return Err(bad());
    }
    let body = body.replace('_', "");
    if radix == 16 && body.contains(['p', 'P', '.']) {
        let float = hexadecimal_float(&body).ok_or_else(bad)?;
        return Ok(Value::Float(if negative { -float } else { float }));
    }
    let decimal = digits.replace('_', "");
    if radix == 10 && body.contains(['.', 'e', 'E']) || radix == 8 && decimal.contains(['.', 'e', 'E']) {
        let float: f64 = decimal.parse().map_err(|_| bad())?;
        return Ok(Value::Float(if negative { -float } else { float }));
    }
    let magnitude = i128::from_str_radix(&body, radix).map_err(|_| bad())?;
    let number = if negative { -magnitude } else { magnitude };
    i64::try_from(number)
        .map(Value::Int)
        .map_err(|_| format!("integer overflow: {written:?}"))
}

/// `1.8p3`: hexadecimal digits, a power of two. Go wants the power even where it is 0.
fn hexadecimal_float(body: &str) -> Option<f64> {
    let (mantissa, power) = body.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let places = i32::try_from(fraction.len()).ok()?;
    let power: i32 = power.parse().ok()?;
    let scaled = value * f64::powi(2.0, power.checked_sub(places.checked_mul(4)?)?);
    (!whole.is_empty() || !fraction.is_empty())
        .then_some(scaled)
        .filter(|float| float.is_finite())
}

/// The base by its prefix; a leading zero alone means octal, as in Go.
fn radix(digits: &str) -> (u32, &str) {
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(body) = digits.strip_prefix(prefix) {
            return (radix, body);
        }
    }
    match digits.strip_prefix('0') {
        Some(body) if !body.is_empty() => (8, body),
        _ => (10, digits),
    }
}

/// Each `_` stands between two digits, or between the base and a digit.
fn underscores_separate(digits: &str) -> bool {
    let letters: Vec<char> = digits.chars().collect();
    letters.iter().enumerate().all(|(at, letter)| {
        let digit = |letter: Option<&char>| letter.is_some_and(char::is_ascii_alphanumeric);
        *letter != '_' || digit(letters.get(at + 1)) && at > 0 && digit(letters.get(at - 1))
    })
}

/// The text of a literal in quotes or backticks.
pub(super) fn text(written: &str) -> Result<String, String> {
    let inside = written
        .get(1..written.len().saturating_sub(1))
        .unwrap_or_default();
    if written.starts_with('`') {
        // Go drops carriage returns of raw strings.
        return Ok(inside.replace('\r', ""));
    }
    unescape(inside, '"').ok_or_else(|| format!("invalid syntax in {written}"))
}

/// The number of a character literal.
pub(super) fn character(written: &str) -> Result<Value, String> {
    let inside = written
        .get(1..written.len().saturating_sub(1))
        .unwrap_or_default();
    let text = unescape(inside, '\'');
    let mut letters = text.iter().flat_map(|text| text.chars());
    match (letters.next(), letters.next()) {
        (Some(letter), None) => Ok(Value::Int(i64::from(u32::from(letter)))),
        _ => Err(format!("malformed character constant: {written}")),
    }
}

/// Go's escapes. Bytes that are no UTF-8 become U+FFFD, since texts are UTF-8 here.
fn unescape(inside: &str, quote: char) -> Option<String> {
    let mut bytes = Vec::with_capacity(inside.len());
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            push(&mut bytes, letter);
            continue;
        }
        match letters.next()? {
            'a' => bytes.push(0x07),
            'b' => bytes.push(0x08),
            'f' => bytes.push(0x0c),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(0x0b),
            '\\' => bytes.push(b'\\'),
            letter if letter == quote => push(&mut bytes, letter),
            'x' => {
                let code = digits(&mut letters, 2, 16)?;
                if quote == '\'' {
                    push(&mut bytes, char::from_u32(code)?);
                } else {
                    bytes.push(u8::try_from(code).ok()?);
                }
            }
            'u' => push(&mut bytes, char::from_u32(digits(&mut letters, 4, 16)?)?),
            'U' => push(&mut bytes, char::from_u32(digits(&mut letters, 8, 16)?)?),
            first @ '0'..='7' => {
                let rest = digits(&mut letters, 2, 8)?;
                bytes.push(u8::try_from(first.to_digit(8)? * 64 + rest).ok()?);
            }
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn push(bytes: &mut Vec<u8>, letter: char) {
    bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

fn digits(letters: &mut impl Iterator<Item = char>, count: usize, radix: u32) -> Option<u32> {
    (0..count).try_fold(0u32, |code, _| {
        code.checked_mul(radix)?
            .checked_add(letters.next()?.to_digit(radix)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (written, expected) in [
            ("0", Ok(Value::Int(0))),
            ("-12", Ok(Value::Int(-12))),
            ("+3", Ok(Value::Int(3))),
            ("1_000", Ok(Value::Int(1000))),
            ("0x_1F", Ok(Value::Int(31))),
            ("0o17", Ok(Value::Int(15))),
            ("017", Ok(Value::Int(15))),
            ("0b101", Ok(Value::Int(5))),
            ("1.5", Ok(Value::Float(1.5))),
            ("0.5", Ok(Value::Float(0.5))),
            (".5", Ok(Value::Float(0.5))),
            ("1e3", Ok(Value::Float(1000.0))),
            ("0x1.8p3", Ok(Value::Float(12.0))),
            ("0x1p-2", Ok(Value::Float(0.25))),
            ("0x1.8", Err("bad number syntax: \"0x1.8\"".to_owned())),
            ("1__0", Err("bad number syntax: \"1__0\"".to_owned())),
            ("1_", Err("bad number syntax: \"1_\"".to_owned())),
            ("089", Err("bad number syntax: \"089\"".to_owned())),
            (
                "9223372036854775808",
                Err("integer overflow: \"9223372036854775808\"".to_owned()),
            ),
        ] {
            assert_eq!(number(written), expected, "{written}");
        }
    }

    #[test]
    fn texts() {
        for (written, expected) in [
            (r#""a\tb\x41\102\u00e9\U0001F600\"""#, Some("a\tbABé😀\"")),
            (r"`a\n`", Some("a\\n")),
            (r#""\q""#, None),
            (r#""\xZZ""#, None),
            (r#""\ud800""#, None),
        ] {
            assert_eq!(text(written).ok().as_deref(), expected, "{written}");
        }
        assert_eq!(character(r"'\n'"), Ok(Value::Int(10)));
        assert_eq!(character("'é'"), Ok(Value::Int(0xe9)));
        assert!(character("'ab'").is_err());
        assert!(character("''").is_err());
    }
}
