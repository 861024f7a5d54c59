//! JSON text to a tree with spans.
//!
//! Strict JSON: no comments, no trailing commas, no loose names. A syntax error ends the reading; duplicate keys are
//! collected, at every depth.

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::{self, ObjectPropName},
    common::{Range, Ranged},
    parse_to_ast,
};

use crate::{Diagnostic, Diagnostics, Kind, Member, Source, Span, Value};

const STRICT: ParseOptions = ParseOptions {
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

/// Reads a source. The tree is there unless the syntax is broken; problems may come with it.
pub(crate) fn read(source: &Source) -> (Option<Value>, Diagnostics) {
    let mut problems = Diagnostics::new(source);
    let value = match parse_to_ast(&source.text, &CollectOptions::default(), &STRICT) {
        Ok(parsed) => parsed.value.map(|value| convert(&value, &mut problems)),
        Err(error) => {
            let message = format!(
                "Error parsing JSON: {}",
                lowercase_first(&error.kind().to_string())
            );
            let place = format!("line {}, column {}", error.line_display(), error.column_display());
            problems.push(Diagnostic::error(visible(source, span(error.range())), message).label(place));
            return (None, problems);
        }
    };
    if value.is_none() {
        problems.push(
            Diagnostic::error(Span::default(), "Error parsing JSON: the file is empty")
                .hint("a template is a JSON object with at least `builders`"),
        );
    }
    (value, problems)
}

fn convert(value: &ast::Value<'_>, problems: &mut Diagnostics) -> Value {
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
                .map(|element| convert(element, problems))
                .collect(),
        ),
        ast::Value::Object(object) => Kind::Object(members(object, problems)),
    };
    Value::new(kind, span(value.range()))
}

fn members(object: &ast::Object<'_>, problems: &mut Diagnostics) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for property in &object.properties {
        let key = property.name.as_str().to_owned();
        let key_span = span(match &property.name {
            ObjectPropName::String(literal) => literal.range,
            ObjectPropName::Word(word) => word.range,
        });
        let value = convert(&property.value, problems);
        if members.iter().any(|known| known.key == key) {
            problems.push(
                Diagnostic::error(key_span, format!("template has duplicate field: {key}"))
                    .label("written before")
                    .hint("remove one of the two"),
            );
        } else {
            members.push(Member { key, key_span, value });
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

fn lowercase_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
