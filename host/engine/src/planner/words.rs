//! Options in words: what an error says was wanted, and what the reference prints of every option.
//!
//! One vocabulary for both, so that a person who reads "a list of local paths to read" in a message finds the same
//! words in the documentation. Schemas may come from strangers; nothing here is followed deeper than a value may be.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::schema::{Schema, branches, properties, types};

/// Nesting that is put into words.
const MAX_DEPTH: usize = 8;

/// One option of a component, as its schema describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionWords {
    /// Its name in templates.
    pub name: String,
    /// What it is, such as `a list of strings`.
    pub kind: String,
    /// Whether the schema insists on it.
    pub required: bool,
    /// Whether the schema calls it old.
    pub deprecated: bool,
    /// The value it has where the user gives none, as JSON, or a string as it is; none where that is nothing.
    pub default: Option<String>,
    /// What it is for; empty where the author says nothing.
    pub description: String,
    /// The values it may have, where they are few, each with what it means, which may be empty.
    pub values: Vec<(String, String)>,
    /// Further sentences: bounds, and what holds only beside a certain value of another option.
    pub notes: Vec<String>,
}

/// The options of a schema, in its order.
pub fn options_in_words(schema: &Json) -> Vec<OptionWords> {
    let rules = Schema::new(schema);
    let mut options = Vec::new();
    collect(&rules, rules.root(), 0, &mut options);
    options
}

/// What a schema asks for, with its article: `a map of strings or a list of strings`.
pub(crate) fn wanted(rules: &Schema<'_>, schema: &Json) -> String {
    noun(rules, schema, 0).one
}

fn collect(rules: &Schema<'_>, schema: &Json, depth: usize, options: &mut Vec<OptionWords>) {
    if depth > MAX_DEPTH {
        return;
    }
    let required = |name: &str| {
        let names = schema.get("required").and_then(Json::as_array);
        names.is_some_and(|names| names.iter().any(|known| known == name))
    };
    for (name, part) in properties(schema) {
        match options.iter_mut().find(|option| option.name == name) {
            Some(option) => option.required |= required(name),
            None => options.push(option(rules, name, part, required(name))),
        }
    }
    for part in rules.same_value(schema).chain(branches(schema)) {
        collect(rules, part, depth + 1, options);
    }
    let Some(condition) = schema.get("if") else {
        return;
    };
    for (keyword, holds) in [("then", true), ("else", false)] {
        let when = condition_in_words(condition, holds);
        for (name, part) in schema.get(keyword).into_iter().flat_map(properties) {
            if !options.iter().any(|option| option.name == name) {
                options.push(option(rules, name, &Json::Object(Map::new()), false));
            }
            let note = format!("{} {when}.", capital(&wanted(rules, part)));
            options
                .iter_mut()
                .filter(|option| option.name == name)
                .for_each(|option| option.notes.push(note.clone()));
        }
    }
}

fn option(rules: &Schema<'_>, name: &str, schema: &Json, required: bool) -> OptionWords {
    let text = |keyword| schema.get(keyword).and_then(Json::as_str);
    OptionWords {
        name: name.to_owned(),
        kind: wanted(rules, schema),
        required,
        deprecated: schema.get("deprecated") == Some(&Json::Bool(true)),
        default: schema.get("default").and_then(default),
        description: unwrapped(text("description").unwrap_or_default()),
        values: values(rules, schema)
            .into_iter()
            .map(|(value, about)| (plain(value), about.to_owned()))
            .collect(),
        notes: bounds(schema)
            .map(|bounds| format!("Must {bounds}."))
            .into_iter()
            .collect(),
    }
}

/// Nothing, an empty text and an empty list say as little as no default.
fn default(value: &Json) -> Option<String> {
    let says = match value {
        Json::Null => false,
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(members) => !members.is_empty(),
        Json::Bool(_) | Json::Number(_) => true,
    };
    says.then(|| plain(value))
}

/// A string as the user writes it, anything else as JSON.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The lines of a paragraph as one; paragraphs and lists stay apart.
fn unwrapped(text: &str) -> String {
    let mut whole = String::new();
    for line in text.lines().map(str::trim_end) {
        let item = line.trim_start().starts_with(['-', '*']);
        match whole.as_str() {
            "" => {}
            before if before.ends_with('\n') && !item => {}
            _ if line.is_empty() => whole.push_str("\n\n"),
            _ if item => whole.push('\n'),
            _ => whole.push(' '),
        }
        whole.push_str(line);
    }
    whole
}

/// What a value must do beside being of its kind: the end of a sentence.
pub(crate) fn bounds(schema: &Json) -> Option<String> {
    let number = |keyword| schema.get(keyword).filter(|bound| bound.is_number());
    let numbers = match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => Some(format!("be from {least} to {most}")),
        (Some(least), None) => Some(format!("be at least {least}")),
        (None, Some(most)) => Some(format!("be at most {most}")),
        (None, None) => None,
    };
    let pattern = schema.get("pattern").and_then(Json::as_str);
    numbers.or_else(|| pattern.map(|pattern| format!("match `{pattern}`")))
}

/// `where` and `unless`, for a condition on one value of one option.
fn condition_in_words(condition: &Json, holds: bool) -> String {
    let mut on = properties(condition).filter_map(|(name, part)| Some((name, part.get("const")?)));
    match (on.next(), on.next(), holds) {
        (Some((name, value)), None, true) => format!("where `{name}` is `{}`", plain(value)),
        (Some((name, value)), None, false) => format!("unless `{name}` is `{}`", plain(value)),
        (.., true) => "in certain cases".to_owned(),
        (.., false) => "otherwise".to_owned(),
    }
}

/// The few values that a schema takes; none where it takes any of a type.
pub(crate) fn values<'s>(rules: &Schema<'s>, schema: &'s Json) -> Vec<(&'s Json, &'s str)> {
    few(rules, schema, 0).unwrap_or_default()
}

fn few<'s>(rules: &Schema<'s>, schema: &'s Json, depth: usize) -> Option<Vec<(&'s Json, &'s str)>> {
    if depth > MAX_DEPTH {
        return None;
    }
    let about = schema
        .get("description")
        .and_then(Json::as_str)
        .unwrap_or_default();
    if let Some(value) = schema.get("const") {
        return Some(vec![(value, about)]);
    }
    if let Some(Json::Array(known)) = schema.get("enum") {
        return Some(
            known
                .iter()
                .filter(|value| !value.is_null())
                .map(|value| (value, ""))
                .collect(),
        );
    }
    let mut parts = branches(schema).filter(|part| !is_null(part)).peekable();
    if parts.peek().is_some() {
        let each: Option<Vec<_>> = parts.map(|part| few(rules, part, depth + 1)).collect();
        return each.map(|each| each.into_iter().flatten().collect());
    }
    rules
        .same_value(schema)
        .find_map(|part| few(rules, part, depth + 1))
}

fn is_null(schema: &Json) -> bool {
    types(schema).eq(["null"])
}

/// Words for one and for several.
struct Noun {
    one: String,
    many: String,
}

impl Noun {
    fn new(one: impl Into<String>, many: impl Into<String>) -> Self {
        Self {
            one: one.into(),
            many: many.into(),
        }
    }
}

fn noun(rules: &Schema<'_>, schema: &Json, depth: usize) -> Noun {
    if depth > MAX_DEPTH {
        return Noun::new("any value", "values");
    }
    let values = values(rules, schema);
    if !values.is_empty() {
        let listed = alternatives(values.iter().map(|(value, _)| format!("`{}`", plain(value))));
        return Noun::new(listed.clone(), listed);
    }
    if let Some(known) = schema
        .get("format")
        .and_then(Json::as_str)
        .and_then(format_in_words)
    {
        return known;
    }
    let parts: Vec<Noun> = branches(schema)
        .filter(|part| !is_null(part))
        .map(|part| noun(rules, part, depth + 1))
        .collect();
    if !parts.is_empty() {
        return either(parts);
    }
    let kinds: Vec<Noun> = types(schema)
        .filter(|kind| *kind != "null")
        .map(|kind| of_type(rules, schema, kind, depth))
        .collect();
    if !kinds.is_empty() {
        return either(kinds);
    }
    // Parts of conditions leave the type to the rest of the schema.
    if schema.get("items").is_some() {
        return of_type(rules, schema, "array", depth);
    }
    match rules.same_value(schema).next() {
        Some(part) => noun(rules, part, depth + 1),
        None => Noun::new("any value", "values"),
    }
}

fn either(nouns: Vec<Noun>) -> Noun {
    Noun {
        one: alternatives(nouns.iter().map(|noun| noun.one.clone())),
        many: alternatives(nouns.iter().map(|noun| noun.many.clone())),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn alternatives(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = words.collect();
    let last = words.pop().unwrap_or_default();
    match words.as_slice() {
        [] => last,
        before => format!("{} or {last}", before.join(", ")),
    }
}

/// The formats that the host knows; see `guest-sdk`.
fn format_in_words(format: &str) -> Option<Noun> {
    let (one, many) = match format {
        "asset-path" => ("a local path to read", "local paths to read"),
        "asset-file" => ("a local file to read", "local files to read"),
        "asset-directory" => ("a local folder to read", "local folders to read"),
        "output-path" => ("a local path to write", "local paths to write"),
        "output-template" => (
            "a template of a local path to write",
            "templates of local paths to write",
        ),
        "file-pattern" => ("a pattern of local files", "patterns of local files"),
        "runtime-template" => ("a template for run time", "templates for run time"),
        "duration" => ("a duration", "durations"),
        "secret" => ("a secret string", "secret strings"),
        _ => return None,
    };
    Some(Noun::new(one, many))
}

fn of_type(rules: &Schema<'_>, schema: &Json, kind: &str, depth: usize) -> Noun {
    let inner = |keyword| {
        let part = schema.get(keyword).filter(|part| part.is_object());
        part.map(|part| noun(rules, part, depth + 1).many)
    };
    match kind {
        "string" => Noun::new("a string", "strings"),
        "boolean" => Noun::new("true or false", "values true or false"),
        "integer" => Noun::new("a whole number", "whole numbers"),
        "number" => Noun::new("a number", "numbers"),
        "array" => match inner("items") {
            Some(items) => Noun::new(format!("a list of {items}"), format!("lists of {items}")),
            None => Noun::new("a list", "lists"),
        },
        "object" => match inner("additionalProperties") {
            Some(values) => Noun::new(format!("a map of {values}"), format!("maps of {values}")),
            None => Noun::new("an object", "objects"),
        },
        other => Noun::new(
            format!("a value of type {other}"),
            format!("values of type {other}"),
        ),
    }
}

/// A sentence's beginning.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// In the order a page shows them: what it is, whether it must be given, what it is otherwise.
impl fmt::Display for OptionWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if self.required {
            write!(f, ", required")?;
        }
        if self.deprecated {
            write!(f, ", old")?;
        }
        match &self.default {
            Some(default) => write!(f, ", default `{default}`"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wanted_in_words() {
        let check = |schema: Json, expect: &str| {
            assert_eq!(wanted(&Schema::new(&schema), &schema), expect, "{schema}");
        };
        check(json!({}), "any value");
        check(json!({"type": "string"}), "a string");
        check(json!({"type": ["string", "null"]}), "a string");
        check(
            json!({"type": ["boolean", "integer"]}),
            "true or false or a whole number",
        );
        check(json!({"type": "array"}), "a list");
        check(
            json!({"type": "array", "items": {"type": "integer"}}),
            "a list of whole numbers",
        );
        check(
            json!({"type": "array", "items": {"type": "string", "format": "asset-path"}}),
            "a list of local paths to read",
        );
        check(
            json!({"type": "string", "format": "asset-file"}),
            "a local file to read",
        );
        check(
            json!({"items": {"format": "asset-directory"}}),
            "a list of local folders to read",
        );
        check(
            json!({"items": {"format": "asset-path"}}),
            "a list of local paths to read",
        );
        check(json!({"type": "object"}), "an object");
        check(
            json!({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}),
            "a map of lists of strings",
        );
        check(
            json!({"type": ["string", "integer"], "format": "duration"}),
            "a duration",
        );
        check(json!({"type": "integer", "format": "int64"}), "a whole number");
        check(json!({"enum": ["a", "b", 3, null]}), "`a`, `b` or `3`");
        check(
            json!({"oneOf": [{"const": "a", "description": "A."}, {"const": "b"}]}),
            "`a` or `b`",
        );
        check(
            json!({"type": "array", "items": {"enum": ["a", "b"]}}),
            "a list of `a` or `b`",
        );
        check(
            json!({"anyOf": [
                {"type": "object", "additionalProperties": {"type": "string"}},
                {"type": "array", "items": {"type": "string"}},
                {"type": "null"},
            ]}),
            "a map of strings or a list of strings",
        );
        check(
            json!({"anyOf": [{"$ref": "#/$defs/Kind"}, {"type": "null"}], "$defs": {"Kind": {"enum": ["x", "y"]}}}),
            "`x` or `y`",
        );
        check(json!({"$ref": "#"}), "any value");
    }

    #[test]
    fn options_have_all_that_their_schema_says() {
        let schema = json!({
            "required": ["where"],
            "properties": {
                "where": {"type": "string", "description": "Where to.\nStill the first line.\n\nAnother paragraph."},
                "way": {"default": "up", "oneOf": [{"const": "up", "description": "To."}, {"const": "down"}]},
                "level": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
                "files": {"type": "array", "items": {"type": "string"}, "default": []},
                "old": {"type": "string", "pattern": "^a", "deprecated": true},
            },
            "if": {"properties": {"way": {"const": "down"}}},
            "then": {"properties": {"where": {"format": "output-path"}}},
            "else": {"properties": {"files": {"items": {"format": "asset-path"}}}},
        });
        insta::assert_debug_snapshot!(options_in_words(&schema));
    }
}
