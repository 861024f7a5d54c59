//! JSON text to a tree with spans.
//!
//! Strict JSON: no comments, no trailing commas, no loose names. A syntax error ends the reading; duplicate keys are
//! collected, at every depth.

use std::collections::HashMap;

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::{self, ObjectPropName},
    common::{Range, Ranged},
    parse_to_ast,
};

use crate::{Diagnostic, Diagnostics, Kind, Member, Source, Span, Value, limits};

pub(crate) const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// What a key means that an object has twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// A mistake: in a template.
    Refused,
    /// As JSON readers have it: in a variable file.
    LastWins,
}

/// Reads a source. The tree is there unless the syntax is broken; problems may come with it.
pub(crate) fn read(source: &Source, repeats: Repeats) -> (Option<Value>, Diagnostics) {
    let mut problems = Diagnostics::new(source);
    if let Some(at) = too_many_values(&source.text) {
        let message = format!("Error parsing JSON: more than {} values", limits::VALUES);
        problems.push(Diagnostic::error(Span::new(at, at + 1), message));
        return (None, problems);
    }
    let value = match parse_to_ast(&source.text, &CollectOptions::default(), &STRICT) {
        Ok(parsed) => parsed.value.map(|value| convert(&value, repeats, &mut problems)),
        Err(error) => {
            let message = format!(
                "Error parsing JSON: {}",
                lowercase_first(&error.kind().to_string())
            );
            let place = format!("line {}, column {}", error.line_display(), error.column_display());
            let problem = Diagnostic::error(visible(source, span(error.range())), message).label(place);
            problems.push(problem.maybe_hint(another_language(&source.text)));
            return (None, problems);
        }
    };
    if let Some((at, c, hint)) = foreign(&source.text) {
        let message = format!("Error parsing JSON: unexpected character U+{:04X}", u32::from(c));
        problems.push(Diagnostic::error(Span::new(at, at + c.len_utf8()), message).hint(hint));
        return (None, problems);
    }
    if value.is_none() {
        problems.push(
            Diagnostic::error(Span::default(), "Error parsing JSON: the file is empty")
                .hint("a template is a JSON object with at least `builders`"),
        );
    }
    (value, problems)
}

/// What to do with a text that was never meant to be JSON.
fn another_language(text: &str) -> Option<String> {
    let first = text.trim_start().chars().next()?;
    (first.is_alphabetic() || first == '#')
        .then(|| "JSON begins with `{`; HCL2 cannot be read yet".to_owned())
}

/// Where the text has more values than are read: each begins the file or follows `[`, `{` or `,` outside of a string.
fn too_many_values(text: &str) -> Option<usize> {
    let mut values = 1;
    let mut string = false;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => string = !string,
            b'\\' if string => {
                bytes.next();
            }
            b'[' | b'{' | b',' if !string => values += 1,
            _ => {}
        }
        if values > limits::VALUES {
            return Some(at);
        }
    }
    None
}

/// What JSON does not have and the parser takes: other white space between values, and control characters in strings.
fn foreign(text: &str) -> Option<(usize, char, &'static str)> {
    let mut string = false;
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => string = !string,
            '\\' if string => {
                characters.next();
            }
            '\0'..='\x1f' if string => {
                return Some((at, c, "in a string, write it as `\\n`, `\\t` or `\\u0000`"));
            }
            ' ' | '\t' | '\n' | '\r' => {}
            _ if !string && c.is_whitespace() => {
                return Some((at, c, "between values, JSON has only spaces, tabs and line ends"));
            }
            _ => {}
        }
    }
    None
}

fn convert(value: &ast::Value<'_>, repeats: Repeats, problems: &mut Diagnostics) -> Value {
    let kind = match value {
        ast::Value::NullKeyword(_) => Kind::Null,
        ast::Value::BooleanLit(literal) => Kind::Bool(literal.value),
        ast::Value::StringLit(literal) => Kind::String(literal.value.to_string()),
        ast::Value::NumberLit(literal) => match serde_json::from_str(literal.value) {
            Ok(number) => Kind::Number(number),
            Err(error) => {
                problems.push(Diagnostic::error(
                    span(literal.range),
                    format!(
                        "Error parsing JSON: `{}` is not a number that can be held: {error}",
                        literal.value
                    ),
                ));
                Kind::Null
            }
        },
        ast::Value::Array(array) => Kind::Array(
            array
                .elements
                .iter()
                .map(|element| convert(element, repeats, problems))
                .collect(),
        ),
        ast::Value::Object(object) => Kind::Object(members(object, repeats, problems)),
    };
    Value::new(kind, span(value.range()))
}

fn members(object: &ast::Object<'_>, repeats: Repeats, problems: &mut Diagnostics) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::with_capacity(object.properties.len());
    let mut known = HashMap::with_capacity(object.properties.len());
    for property in &object.properties {
        let key = property.name.as_str().to_owned();
        let key_span = span(match &property.name {
            ObjectPropName::String(literal) => literal.range,
            ObjectPropName::Word(word) => word.range,
        });
        let value = convert(&property.value, repeats, problems);
        let earlier = known.get(property.name.as_str()).copied();
        match earlier.and_then(|at: usize| members.get_mut(at)) {
            Some(earlier) if repeats == Repeats::LastWins => earlier.value = value,
            Some(_) => problems.push(
                Diagnostic::error(key_span, format!("template has duplicate field: {key}"))
                    .label("written before")
                    .hint("remove one of the two"),
            ),
            None => {
                known.insert(property.name.as_str(), members.len());
                members.push(Member { key, key_span, value });
            }
        }
    }
    members
}

fn span(range: Range) -> Span {
    Span::new(range.start, range.end)
}

/// An error "at the end" still needs a line to show: its last character is marked.
fn visible(source: &Source, span: Span) -> Span {
    if span.start < source.text.len() {
        return span;
    }
    let last = source
        .text
        .trim_end()
        .char_indices()
        .last()
        .map_or(0, |(at, _)| at);
    Span::new(last, source.text.trim_end().len())
}

/// Where a byte of a string's text stands in the string as it is written, quotes and escapes included.
pub(crate) fn written_offset(written: &str, offset: usize) -> usize {
    let mut text = 0;
    let mut rest = written.char_indices().skip(1);
    while text < offset {
        let Some((at, letter)) = rest.next() else {
            return written.len();
        };
        if letter != '\\' {
            text += letter.len_utf8();
            continue;
        }
        match rest.next() {
            Some((_, 'u')) => {
                let code = |at: usize| u32::from_str_radix(written.get(at..at + 4)?, 16).ok();
                // A letter beyond U+FFFF is written as two escapes of surrogates.
                let surrogates = matches!(code(at + 2), Some(0xd800..=0xdbff));
                let digits = if surrogates { 10 } else { 4 };
                text += match code(at + 2) {
                    _ if surrogates => 4,
                    Some(0..=0x7f) => 1,
                    Some(0x80..=0x7ff) => 2,
                    _ => 3,
                };
                rest.nth(digits - 1);
            }
            _ => text += 1,
        }
    }
    rest.next().map_or(written.len(), |(at, _)| at)
}

fn lowercase_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_that_json_does_not_have_is_refused() {
        for space in ['\u{b}', '\u{c}', '\u{85}', '\u{a0}', '\u{2003}', '\u{3000}'] {
            let source = Source::new("t.json", format!("{{\"a\": \"\\\"\u{2003}\"{space}}}"));
            let (value, problems) = read(&source, Repeats::Refused);
            assert!(value.is_none());
            let problem = problems.iter().next().expect("a problem");
            let place = problem.span.expect("a place");
            assert_eq!(place.start, source.text.len() - 1 - space.len_utf8(), "{space:?}");
            assert_eq!(
                source.text.get(place.start..place.end),
                Some(space.to_string().as_str())
            );
        }
    }

    #[test]
    fn control_characters_in_strings_are_refused() {
        for c in ['\0', '\t', '\n', '\r', '\u{1b}', '\u{1f}'] {
            let source = Source::new("t.json", format!("{{\"a\":\n\t\"b{c}\"}}"));
            let (value, problems) = read(&source, Repeats::Refused);
            assert!(value.is_none(), "{c:?}");
            let place = problems
                .iter()
                .next()
                .and_then(|problem| problem.span)
                .expect("a place");
            assert_eq!(place, Span::new(9, 10), "{c:?}");
        }
    }

    #[test]
    fn places_of_a_text_in_its_literal() {
        let written = r#""a\n\u00e9\ud83d\ude00é{{x""#;
        let text: String = serde_json::from_str(written).expect("a literal");
        let offset = text.find("{{").expect("the braces");
        let place = written_offset(written, offset);
        assert_eq!(written.get(place..place + 2), Some("{{"));
    }
}
