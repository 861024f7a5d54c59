//! `print`, `println` and `printf`: Go's verbs, flags, and the texts Go writes where they do not fit.

use std::fmt::Write as _;

use super::{Budget, Value, float, quote};
use crate::RenderError;

/// Widest field and longest precision, as in Go.
const WIDEST: i64 = 1_000_000;

/// Arguments one after the other, with a space between two of which neither is a text.
pub(super) fn print(args: &[Value]) -> String {
    let mut shown = String::new();
    let mut text_before = true;
    for value in args {
        let text = matches!(value, Value::Text(_));
        if !text && !text_before {
            shown.push(' ');
        }
        text_before = text;
        shown.push_str(&value.show());
    }
    shown
}

/// Arguments with spaces between them and a line end.
pub(super) fn println(args: &[Value]) -> String {
    let shown: Vec<String> = args.iter().map(Value::show).collect();
    shown.join(" ") + "\n"
}

/// Arguments as a format says.
pub(super) fn printf(format: &str, args: &[Value], budget: &mut Budget) -> Result<String, RenderError> {
    let mut printer = Printer {
        output: String::new(),
        args,
        next: 0,
        reordered: false,
    };
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        let (plain, verb) = rest.split_at(at);
        printer.output.push_str(plain);
        let mut letters = verb.chars();
        letters.next();
        let wanted = printer.spec(&mut letters);
        // Paid before it is made: `%[1]s` can ask for a long argument many times.
        budget.produce(plain.len() + printer.largest(&wanted))?;
        printer.verb(wanted);
        rest = letters.as_str();
    }
    budget.produce(rest.len())?;
    printer.output.push_str(rest);
    printer.extra();
    Ok(printer.output)
}

struct Printer<'a> {
    output: String,
    args: &'a [Value],
    next: usize,
    /// Whether `%[n]` chose arguments: then none is left over.
    reordered: bool,
}

/// What stands between `%` and the verb, and the verb.
#[derive(Clone, Debug, Default)]
struct Spec {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// `%!(BADWIDTH)` and `%!(BADPREC)`
    complaints: String,
    bad_index: bool,
    verb: Option<char>,
}

impl Printer<'_> {
    fn spec(&mut self, letters: &mut std::str::Chars<'_>) -> Spec {
        let mut spec = Spec::default();
        loop {
            let flag = match letters.as_str().chars().next() {
                Some('-') => &mut spec.minus,
                Some('+') => &mut spec.plus,
                Some('#') => &mut spec.sharp,
                Some(' ') => &mut spec.space,
                Some('0') => &mut spec.zero,
                _ => break,
            };
            *flag = true;
            letters.next();
        }
        self.choose(letters, &mut spec);
        if take(letters, '*') {
            match self.star() {
                Some(width) => {
                    spec.minus |= width < 0;
                    spec.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => spec.complaints.push_str("%!(BADWIDTH)"),
            }
        } else {
            spec.width = number(letters);
        }
        self.choose(letters, &mut spec);
        if take(letters, '.') {
            self.choose(letters, &mut spec);
            if take(letters, '*') {
                match self.star() {
                    Some(precision) => spec.precision = usize::try_from(precision).ok(),
                    None => spec.complaints.push_str("%!(BADPREC)"),
                }
            } else {
                spec.precision = Some(number(letters).unwrap_or(0));
            }
            self.choose(letters, &mut spec);
        }
        // Go pads on the right with spaces alone.
        spec.zero &= !spec.minus;
        spec.verb = letters.next();
        spec
    }

    /// `[n]`: the argument that comes next.
    fn choose(&mut self, letters: &mut std::str::Chars<'_>, spec: &mut Spec) {
        let rest = letters.as_str();
        let Some((inside, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
            if rest.starts_with('[') {
                spec.bad_index = true;
                letters.next();
            }
            return;
        };
        self.reordered = true;
        match inside.parse::<usize>() {
            Ok(index) if (1..=self.args.len()).contains(&index) => self.next = index - 1,
            _ => spec.bad_index = true,
        }
        *letters = after.chars();
    }

    /// The width or precision that `*` takes from the arguments.
    fn star(&mut self) -> Option<i64> {
        let value = self.args.get(self.next);
        self.next += 1;
        match value {
            Some(Value::Int(number)) if (-WIDEST..=WIDEST).contains(number) => Some(*number),
            _ => None,
        }
    }

    /// The most bytes a verb can make.
    fn largest(&self, spec: &Spec) -> usize {
        // An escape such as `\U0001f600` takes ten bytes for one to four, a hexadecimal byte up to five.
        const LONGEST: usize = 10;
        let argument = self.args.get(self.next).map_or(0, Value::weight);
        LONGEST * (argument + 8) + spec.width.unwrap_or(0) + spec.precision.unwrap_or(0)
    }

    fn verb(&mut self, spec: Spec) {
        self.output.push_str(&spec.complaints);
        let Some(verb) = spec.verb else {
            self.output.push_str("%!(NOVERB)");
            return;
        };
        if verb == '%' {
            self.output.push('%');
        } else if spec.bad_index {
            let _ = write!(self.output, "%!{verb}(BADINDEX)");
        } else if let Some(value) = self.args.get(self.next) {
            self.next += 1;
            let shown = show(value, verb, &spec);
            self.output.push_str(&shown);
        } else {
            let _ = write!(self.output, "%!{verb}(MISSING)");
        }
    }

    fn extra(&mut self) {
        if self.reordered || self.next >= self.args.len() {
            return;
        }
        let extra: Vec<String> = self
            .args
            .iter()
            .skip(self.next)
            .map(|value| match value {
                Value::Nil => "<nil>".to_owned(),
                value => format!("{}={}", value.type_name(), value.show()),
            })
            .collect();
        let _ = write!(self.output, "%!(EXTRA {})", extra.join(", "));
    }
}

fn take(letters: &mut std::str::Chars<'_>, wanted: char) -> bool {
    let found = letters.as_str().starts_with(wanted);
    if found {
        letters.next();
    }
    found
}

fn number(letters: &mut std::str::Chars<'_>) -> Option<usize> {
    let rest = letters.as_str();
    let length = rest
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, after) = rest.split_at(length);
    let number = digits
        .parse()
        .ok()
        .filter(|number| i64::try_from(*number).is_ok_and(|number| number <= WIDEST));
    *letters = after.chars();
    number
}

fn show(value: &Value, verb: char, spec: &Spec) -> String {
    if verb == 'T' {
        return pad(value.type_name().to_owned(), spec);
    }
    let shown = match value {
        Value::Nil if verb == 'v' => Some(pad("<nil>".to_owned(), spec)),
        Value::Nil => return format!("%!{verb}(<nil>)"),
        Value::Bool(value) => matches!(verb, 't' | 'v').then(|| pad(value.to_string(), spec)),
        Value::Int(value) => integer(*value, verb, spec),
        Value::Float(value) => real(*value, verb, spec),
        Value::Text(text) => string(text, verb, spec),
        Value::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| {
                    let key = show(&Value::text(key.as_str()), verb, spec);
                    format!("{key}:{}", show(value, verb, spec))
                })
                .collect();
            Some(format!("map[{}]", entries.join(" ")))
        }
    };
    shown.unwrap_or_else(|| format!("%!{verb}({}={})", value.type_name(), show(value, 'v', spec)))
}

/// Fills up to the width: with spaces, or with zeros on the left.
fn pad(text: String, spec: &Spec) -> String {
    let missing = spec.width.unwrap_or(0).saturating_sub(text.chars().count());
    if missing == 0 {
        text
    } else if spec.minus {
        text + &" ".repeat(missing)
    } else {
        (if spec.zero { "0" } else { " " }).repeat(missing) + &text
    }
}

/// The same for numbers: zeros stand after the sign.
fn pad_number(sign: &str, digits: &str, spec: &Spec) -> String {
    if !spec.zero {
        return pad(format!("{sign}{digits}"), spec);
    }
    let zeros = spec.width.unwrap_or(0).saturating_sub(sign.len() + digits.len());
    format!("{sign}{}{digits}", "0".repeat(zeros))
}

fn sign(negative: bool, spec: &Spec) -> &'static str {
    match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    }
}

fn integer(value: i64, verb: char, spec: &Spec) -> Option<String> {
    let magnitude = value.unsigned_abs();
    let (digits, prefix) = match verb {
        'd' | 'v' => (magnitude.to_string(), ""),
        'b' => (format!("{magnitude:b}"), "0b"),
        'o' => (format!("{magnitude:o}"), "0"),
        'O' => (format!("{magnitude:o}"), "0o"),
        'x' => (format!("{magnitude:x}"), "0x"),
        'X' => (format!("{magnitude:X}"), "0X"),
        'c' => return Some(pad(letter(value).to_string(), spec)),
        'q' => return Some(pad(quote::letter(letter(value), spec.plus), spec)),
        'U' => {
            let code = format!("U+{value:04X}");
            let shown = match letter(value) {
                letter if spec.sharp && quote::is_printable(letter) => format!("{code} '{letter}'"),
                _ => code,
            };
            return Some(pad(
                shown,
                &Spec {
                    zero: false,
                    ..spec.clone()
                },
            ));
        }
        _ => return None,
    };
    let prefix = if spec.sharp || verb == 'O' { prefix } else { "" };
    let sign = format!("{}{prefix}", sign(value < 0, spec));
    let Some(precision) = spec.precision else {
        return Some(pad_number(&sign, &digits, spec));
    };
    if precision == 0 && value == 0 {
        return Some(pad(
            String::new(),
            &Spec {
                zero: false,
                ..spec.clone()
            },
        ));
    }
    let zeros = "0".repeat(precision.saturating_sub(digits.len()));
    // With a precision, Go fills the width with spaces whatever the flags say.
    Some(pad(
        format!("{sign}{zeros}{digits}"),
        &Spec {
            zero: false,
            ..spec.clone()
        },
    ))
}

fn letter(value: i64) -> char {
    u32::try_from(value)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or('\u{fffd}')
}

fn real(value: f64, verb: char, spec: &Spec) -> Option<String> {
    let shown = match verb {
        'v' => float::general(value, spec.precision, false, 'e'),
        'g' => float::general(value, spec.precision, spec.sharp, 'e'),
        'G' => float::general(value, spec.precision, spec.sharp, 'E'),
        'e' | 'E' => float::scientific(value, spec.precision, verb),
        'f' | 'F' => float::fixed(value, spec.precision),
        _ => return None,
    };
    let digits = shown.trim_start_matches(['-', '+']);
    if !value.is_finite() {
        let sign = if shown.starts_with('+') && !spec.plus {
            "+"
        } else {
            sign(value < 0.0, spec)
        };
        return Some(pad(
            format!("{sign}{digits}"),
            &Spec {
                zero: false,
                ..spec.clone()
            },
        ));
    }
    Some(pad_number(sign(value.is_sign_negative(), spec), digits, spec))
}

fn string(text: &str, verb: char, spec: &Spec) -> Option<String> {
    let cut = |text: &str| -> String {
        match spec.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text.to_owned(),
        }
    };
    match verb {
        'v' if spec.sharp => Some(pad(quote::text(text, false), spec)),
        's' | 'v' => Some(pad(cut(text), spec)),
        'q' => {
            let text = cut(text);
            let quoted = if spec.sharp && quote::fits_backticks(&text) {
                format!("`{text}`")
            } else {
                quote::text(&text, spec.plus)
            };
            Some(pad(quoted, spec))
        }
        'x' | 'X' => Some(pad(hexadecimal(text, verb, spec), spec)),
        _ => None,
    }
}

/// The bytes of a text; `precision` bytes of them.
fn hexadecimal(text: &str, verb: char, spec: &Spec) -> String {
    let prefix = match (spec.sharp, verb) {
        (false, _) => "",
        (true, 'x') => "0x",
        (true, _) => "0X",
    };
    let mut shown = String::new();
    for (at, byte) in text
        .bytes()
        .take(spec.precision.unwrap_or(usize::MAX))
        .enumerate()
    {
        if spec.space && at > 0 {
            shown.push(' ');
        }
        if at == 0 || spec.space {
            shown.push_str(prefix);
        }
        let _ = if verb == 'x' {
            write!(shown, "{byte:02x}")
        } else {
            write!(shown, "{byte:02X}")
        };
    }
    shown
}
