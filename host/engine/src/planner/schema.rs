//! What a component's JSON Schema says about a value: its types, its names, its `format` marks.
//!
//! Templates are weakly typed ("5", "true", "a,b"), schemas are not: [`Schema::coerce`] brings a value into the type
//! asked for, by the rules Packer's users know (`reference/packer.md` §2). Schemas come from components: one that asks for
//! too much ([`bounds`]) judges nothing, and whoever uses it is told.

mod bounds;
mod review;

use std::collections::{BTreeMap, HashSet};

use jsonschema::{PatternCache, Validator};
use serde_json::{Map, Value as Json};

pub use review::{SchemaRemark, review_schema};

/// References and nesting followed; a deeper schema says nothing more.
const MAX_DEPTH: usize = 32;

/// Says nothing: stands in for a schema that is refused.
static NOTHING: Json = Json::Bool(true);

/// A schema with its definitions, read once for all values that are checked by it.
#[derive(Debug)]
pub(crate) struct Schema<'s> {
    root: &'s Json,
    validator: Result<Validator, String>,
    /// What stands after each `if`, by the place in memory of the schema around it.
    conditions: BTreeMap<usize, Validator>,
}

/// A string that the schema marks with `format`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Marked {
    /// JSON pointer.
    pub(crate) at: String,
    /// Such as `asset-path`.
    pub(crate) format: String,
    /// The string.
    pub(crate) text: String,
}

impl<'s> Schema<'s> {
    pub(crate) fn new(root: &'s Json) -> Self {
        if let Err(reason) = bounds::check(root) {
            return Self {
                root: &NOTHING,
                validator: Err(reason),
                conditions: BTreeMap::new(),
            };
        }
        let patterns = PatternCache::new();
        let validator = bounds::validating(&patterns)
            .build(root)
            .map_err(|error| error.masked().to_string());
        let mut conditions = BTreeMap::new();
        collect_conditions(root, root, &patterns, &mut conditions);
        Self {
            root,
            validator,
            conditions,
        }
    }

    /// What judges values; an error where the schema is none.
    pub(crate) fn validator(&self) -> Result<&Validator, &str> {
        self.validator.as_ref().map_err(String::as_str)
    }

    /// The part of the schema at a JSON pointer.
    pub(crate) fn at(&self, pointer: &str) -> Option<&'s Json> {
        self.root.pointer(pointer)
    }

    /// Names of options, whatever the conditions they depend on.
    pub(crate) fn names(&self) -> Vec<&'s str> {
        let mut names = Vec::new();
        self.collect_names(self.root, 0, &mut names);
        names.sort_unstable();
        names.dedup();
        names
    }

    fn collect_names(&self, schema: &'s Json, depth: usize, names: &mut Vec<&'s str>) {
        if depth > MAX_DEPTH {
            return;
        }
        names.extend(properties(schema).map(|(name, _)| name));
        for part in self
            .same_value(schema)
            .chain(branches(schema))
            .chain(conditional(schema))
        {
            self.collect_names(part, depth + 1, names);
        }
    }

    /// The schema itself; of one that is refused, one that says nothing.
    pub(super) fn root(&self) -> &'s Json {
        self.root
    }

    /// Whether options with any name are taken: only where the schema says so, or where there is none to say it.
    pub(crate) fn open(&self) -> bool {
        let open = |schema: &Json| {
            schema.get("patternProperties").is_some()
                || schema
                    .get("additionalProperties")
                    .is_some_and(|more| *more != Json::Bool(false))
        };
        self.validator.is_err() || open(self.root) || self.same_value(self.root).any(open)
    }

    /// The value in the types the schema asks for; what cannot be brought there stays as it is.
    pub(crate) fn coerce(&self, value: Json) -> Json {
        self.coerce_by(self.root, value, 0)
    }

    fn coerce_by(&self, schema: &'s Json, mut value: Json, depth: usize) -> Json {
        if depth > MAX_DEPTH {
            return value;
        }
        for part in self.same_value(schema) {
            value = self.coerce_by(part, value, depth + 1);
        }
        if !fits_type(schema, &value) {
            value = types(schema)
                .find_map(|wanted| convert(schema, wanted, &value))
                .unwrap_or(value);
        }
        value = self.coerce_children(schema, value, depth);
        if branches(schema).next().is_some() {
            value = self.coerce_branch(schema, value, depth);
        }
        match self.condition(schema, &value) {
            Some(part) => self.coerce_by(part, value, depth + 1),
            None => value,
        }
    }

    fn coerce_children(&self, schema: &'s Json, value: Json, depth: usize) -> Json {
        match value {
            Json::Object(object) => Json::Object(
                object
                    .into_iter()
                    .map(|(key, value)| match property(schema, &key) {
                        Some(part) => {
                            let value = self.coerce_by(part, value, depth + 1);
                            (key, value)
                        }
                        None => (key, value),
                    })
                    .collect::<Map<_, _>>(),
            ),
            Json::Array(items) => match schema.get("items") {
                Some(part) => Json::Array(
                    items
                        .into_iter()
                        .map(|item| self.coerce_by(part, item, depth + 1))
                        .collect(),
                ),
                None => Json::Array(items),
            },
            scalar => scalar,
        }
    }

    /// The branch that takes the value as it is, or the first one that takes it converted.
    fn coerce_branch(&self, schema: &'s Json, value: Json, depth: usize) -> Json {
        if let Some(part) = branches(schema).find(|part| self.fits(part, &value, depth)) {
            return self.coerce_by(part, value, depth + 1);
        }
        branches(schema)
            .map(|part| (part, self.coerce_by(part, value.clone(), depth + 1)))
            .find(|(part, converted)| self.fits(part, converted, depth))
            .map_or(value, |(_, converted)| converted)
    }

    /// The strings of `value` that the schema marks.
    pub(crate) fn marked(&self, value: &Json) -> Vec<Marked> {
        let mut found = Vec::new();
        self.visit(self.root, value, "", 0, &mut found);
        let mut known = HashSet::new();
        found.retain(|mark| known.insert(mark.clone()));
        found
    }

    fn visit(&self, schema: &'s Json, value: &Json, at: &str, depth: usize, found: &mut Vec<Marked>) {
        if depth > MAX_DEPTH {
            return;
        }
        if let (Some(format), Some(text)) = (schema.get("format").and_then(Json::as_str), value.as_str()) {
            found.push(Marked {
                at: at.to_owned(),
                format: format.to_owned(),
                text: text.to_owned(),
            });
        }
        for part in self.same_value(schema) {
            self.visit(part, value, at, depth + 1, found);
        }
        for part in branches(schema).filter(|part| self.fits(part, value, depth)) {
            self.visit(part, value, at, depth + 1, found);
        }
        if let Some(part) = self.condition(schema, value) {
            self.visit(part, value, at, depth + 1, found);
        }
        match value {
            Json::Object(object) => {
                for (key, value) in object {
                    if let Some(part) = property(schema, key) {
                        self.visit(
                            part,
                            value,
                            &kilnbox_template::pointer_child(at, key),
                            depth + 1,
                            found,
                        );
                    }
                }
            }
            Json::Array(items) => {
                for (part, (index, item)) in schema
                    .get("items")
                    .into_iter()
                    .cycle()
                    .zip(items.iter().enumerate())
                {
                    self.visit(part, item, &format!("{at}/{index}"), depth + 1, found);
                }
            }
            _ => {}
        }
        // Before coercion one value may stand for a list of one.
        if (value.is_string() || value.is_object())
            && !fits_type(schema, value)
            && let Some(part) = schema.get("items")
        {
            self.visit(part, value, at, depth + 1, found);
        }
    }

    /// Options that the schema gives a value where the user gave none.
    pub(crate) fn fill_defaults(&self, options: &mut Map<String, Json>) {
        self.fill(self.root, options, 0);
    }

    fn fill(&self, schema: &'s Json, options: &mut Map<String, Json>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        for (name, part) in properties(schema) {
            if let Some(default) = part.get("default").filter(|default| !default.is_null()) {
                options.entry(name).or_insert_with(|| default.clone());
            }
        }
        for part in self.same_value(schema) {
            self.fill(part, options, depth + 1);
        }
        if let Some(part) = self.condition(schema, &Json::Object(options.clone())) {
            self.fill(part, options, depth + 1);
        }
    }

    /// Schemas that hold for the same value without condition.
    pub(super) fn same_value(&self, schema: &'s Json) -> impl Iterator<Item = &'s Json> + use<'s> {
        let reference = schema
            .get("$ref")
            .and_then(Json::as_str)
            .and_then(|reference| reference.strip_prefix('#'))
            .and_then(|pointer| self.root.pointer(pointer));
        reference.into_iter().chain(list(schema, "allOf"))
    }

    /// `then` or `else`, as `if` says.
    fn condition(&self, schema: &'s Json, value: &Json) -> Option<&'s Json> {
        let holds = self.conditions.get(&address(schema))?.is_valid(value);
        schema.get(if holds { "then" } else { "else" })
    }

    fn fits(&self, schema: &'s Json, value: &Json, depth: usize) -> bool {
        if depth > MAX_DEPTH || !fits_type(schema, value) {
            return false;
        }
        let constant = schema.get("const").is_none_or(|wanted| wanted == value);
        let listed = schema
            .get("enum")
            .and_then(Json::as_array)
            .is_none_or(|known| known.contains(value));
        constant
            && listed
            && self
                .same_value(schema)
                .all(|part| self.fits(part, value, depth + 1))
    }
}

/// Compiles every `if`, with the definitions of the whole.
fn collect_conditions(
    root: &Json,
    part: &Json,
    patterns: &PatternCache,
    conditions: &mut BTreeMap<usize, Validator>,
) {
    if let Some(condition) = part.get("if") {
        let mut whole = Map::new();
        for definitions in ["$defs", "definitions"] {
            if let Some(known) = root.get(definitions) {
                whole.insert(definitions.to_owned(), known.clone());
            }
        }
        whole.insert("allOf".to_owned(), Json::Array(vec![condition.clone()]));
        if let Ok(validator) = bounds::validating(patterns).build(&Json::Object(whole)) {
            conditions.insert(address(part), validator);
        }
    }
    match part {
        Json::Object(members) => members
            .values()
            .for_each(|member| collect_conditions(root, member, patterns, conditions)),
        Json::Array(items) => items
            .iter()
            .for_each(|item| collect_conditions(root, item, patterns, conditions)),
        _ => {}
    }
}

fn address(schema: &Json) -> usize {
    std::ptr::from_ref(schema).addr()
}

fn list<'s>(schema: &'s Json, keyword: &str) -> impl Iterator<Item = &'s Json> + use<'s> {
    schema.get(keyword).and_then(Json::as_array).into_iter().flatten()
}

pub(super) fn branches(schema: &Json) -> impl Iterator<Item = &Json> {
    list(schema, "anyOf").chain(list(schema, "oneOf"))
}

fn conditional(schema: &Json) -> impl Iterator<Item = &Json> {
    ["then", "else"]
        .into_iter()
        .filter_map(|keyword| schema.get(keyword))
}

pub(super) fn properties(schema: &Json) -> impl Iterator<Item = (&str, &Json)> {
    let known = schema.get("properties").and_then(Json::as_object);
    known
        .into_iter()
        .flatten()
        .map(|(name, part)| (name.as_str(), part))
}

fn property<'s>(schema: &'s Json, name: &str) -> Option<&'s Json> {
    schema
        .get("properties")
        .and_then(|properties| properties.get(name))
        .or_else(|| schema.get("additionalProperties"))
        .filter(|part| part.is_object())
}

pub(super) fn types(schema: &Json) -> impl Iterator<Item = &str> {
    let kind = schema.get("type");
    kind.and_then(Json::as_str).into_iter().chain(
        kind.and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str),
    )
}

fn fits_type(schema: &Json, value: &Json) -> bool {
    let mut types = types(schema).peekable();
    types.peek().is_none()
        || types.any(|wanted| match wanted {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => {
                value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => false,
        })
}

/// The conversions of mapstructure's weak decoding.
fn convert(schema: &Json, wanted: &str, value: &Json) -> Option<Json> {
    match (wanted, value) {
        ("integer" | "number", Json::String(text)) if text.is_empty() => Some(Json::from(0)),
        ("integer", Json::String(text)) => text.parse::<i64>().ok().map(Json::from),
        ("number", Json::String(text)) => text.parse::<f64>().ok().map(Json::from),
        ("integer" | "number", Json::Bool(value)) => Some(Json::from(u8::from(*value))),
        ("boolean", Json::String(text)) => match text.as_str() {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(Json::Bool(true)),
            "" | "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(Json::Bool(false)),
            _ => None,
        },
        ("boolean", Json::Number(number)) => Some(Json::Bool(number.as_f64() != Some(0.0))),
        ("string", Json::Number(number)) => {
            // A number where a duration is asked for counts nanoseconds, as in Go.
            let nanoseconds = schema.get("format").and_then(Json::as_str) == Some("duration");
            Some(Json::String(if nanoseconds {
                format!("{number}ns")
            } else {
                number.to_string()
            }))
        }
        ("string", Json::Bool(value)) => Some(Json::String(if *value { "1" } else { "0" }.to_owned())),
        ("array", Json::String(text)) if text.is_empty() => Some(Json::Array(Vec::new())),
        ("array", Json::String(text)) => Some(Json::Array(text.split(',').map(Json::from).collect())),
        ("array", Json::Null) => None,
        // An empty variable of a template: not set, where the schema can say so.
        ("null", Json::String(text)) if text.is_empty() => Some(Json::Null),
        ("array", scalar) => Some(Json::Array(vec![scalar.clone()])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn weak_types_are_brought_into_shape() {
        for (schema, value, expected) in [
            (json!({"type": "integer"}), json!("5"), json!(5)),
            (json!({"type": "integer"}), json!("five"), json!("five")),
            (json!({"type": "integer"}), json!(""), json!(0)),
            (json!({"type": "number"}), json!("0.5"), json!(0.5)),
            (json!({"type": "boolean"}), json!("true"), json!(true)),
            (json!({"type": "boolean"}), json!("yes"), json!("yes")),
            (json!({"type": "boolean"}), json!(0), json!(false)),
            (json!({"type": "string"}), json!(5), json!("5")),
            (json!({"type": "string"}), json!(true), json!("1")),
            (
                json!({"type": "string", "format": "duration"}),
                json!(5),
                json!("5ns"),
            ),
            (
                json!({"type": ["string", "integer"], "format": "duration"}),
                json!(5),
                json!(5),
            ),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                json!("a,b"),
                json!(["a", "b"]),
            ),
            (
                json!({"type": "array", "items": {"type": "integer"}}),
                json!("1,2"),
                json!([1, 2]),
            ),
            (
                json!({"type": "array", "items": {"type": "integer"}}),
                json!(7),
                json!([7]),
            ),
            (
                json!({"type": ["array", "null"], "items": {"type": "string"}}),
                json!("a"),
                json!(["a"]),
            ),
            (json!({"type": ["integer", "null"]}), json!("5"), json!(5)),
            (
                json!({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
                json!("5"),
                json!(5),
            ),
            (
                json!({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
                json!(null),
                json!(null),
            ),
            (
                json!({"anyOf": [{"$ref": "#/$defs/P"}, {"type": "null"}], "$defs": {"P": {"type": "integer"}}}),
                json!("5"),
                json!(5),
            ),
            (
                json!({"oneOf": [{"type": "string"}, {"type": "array"}]}),
                json!("a,b"),
                json!("a,b"),
            ),
            (json!({"type": ["null", "boolean"]}), json!(""), json!(null)),
            (json!({"type": ["null", "boolean"]}), json!("0"), json!(false)),
            (
                json!({"oneOf": [{"const": "a"}, {"type": "null"}]}),
                json!(""),
                json!(null),
            ),
            (
                json!({"type": "object", "additionalProperties": {"type": "string"}}),
                json!({"a": 1}),
                json!({"a": "1"}),
            ),
            (
                json!({"allOf": [{"properties": {"a": {"type": "integer"}}}]}),
                json!({"a": "1"}),
                json!({"a": 1}),
            ),
        ] {
            assert_eq!(
                Schema::new(&schema).coerce(value.clone()),
                expected,
                "{value} by {schema}"
            );
        }
    }

    #[test]
    fn marks_are_found_wherever_the_schema_holds_them() {
        let schema = json!({
            "properties": {
                "script": {"type": ["string", "null"], "format": "asset-path"},
                "scripts": {"type": "array", "items": {"type": "string", "format": "asset-path"}},
                "command": {"anyOf": [
                    {"type": "array", "items": {"$ref": "#/$defs/Text"}},
                    {"$ref": "#/$defs/Text"},
                    {"type": "null"}
                ]}
            },
            "if": {"properties": {"direction": {"const": "download"}}, "required": ["direction"]},
            "then": {"properties": {"destination": {"format": "output-path"}}},
            "else": {"properties": {"source": {"format": "asset-path"}}},
            "$defs": {"Text": {"type": "string", "format": "runtime-template"}}
        });
        let marks = |value: Json| -> Vec<String> {
            let found = Schema::new(&schema).marked(&value);
            found
                .into_iter()
                .map(|mark| format!("{} {}", mark.at, mark.format))
                .collect()
        };
        assert_eq!(marks(json!({"script": "a"})), ["/script asset-path"]);
        assert_eq!(marks(json!({"scripts": "a"})), ["/scripts asset-path"]);
        assert_eq!(
            marks(json!({"scripts": ["a", "b"]})),
            ["/scripts/0 asset-path", "/scripts/1 asset-path"]
        );
        assert_eq!(marks(json!({"command": "a"})), ["/command runtime-template"]);
        assert_eq!(marks(json!({"command": ["a"]})), ["/command/0 runtime-template"]);
        assert_eq!(
            marks(json!({"source": "a", "destination": "b"})),
            ["/source asset-path"]
        );
        assert_eq!(
            marks(json!({"source": "a", "destination": "b", "direction": "download"})),
            ["/destination output-path"]
        );
    }

    #[test]
    fn a_schema_that_refers_to_itself_says_nothing() {
        let schema = json!({"$ref": "#", "properties": {"a": {"type": "integer", "default": 1}}});
        let rules = Schema::new(&schema);
        assert_eq!(
            rules.validator().err(),
            Some("a reference in it leads back to itself")
        );
        assert_eq!(rules.coerce(json!({"a": "5"})), json!({"a": "5"}));
        assert!(rules.names().is_empty() && rules.open());
        let mut options = Map::new();
        rules.fill_defaults(&mut options);
        assert!(options.is_empty());
    }

    #[test]
    fn a_value_marked_twice_is_marked_once() {
        let schema = json!({
            "$defs": {"path": {"type": "array", "items": {"type": "string", "format": "asset-path"}}},
            "allOf": [{"$ref": "#/$defs/path"}, {"$ref": "#/$defs/path"}],
        });
        let many: Vec<String> = (0..50_000).map(|index| index.to_string()).collect();
        assert_eq!(Schema::new(&schema).marked(&json!(many)).len(), many.len());
    }
}
