//! What a schema may be, so that reading it and checking options by it ends.
//!
//! Schemas come from components, perhaps a stranger's, and JSON Schema can ask for any amount of work in a few lines: a
//! reference to itself, references that double at each level, a pattern that backtracks. All of that is refused here,
//! before anything follows a reference. No component of Kilnbox's own has a reference at all.

use std::collections::BTreeMap;

use jsonschema::{PatternCache, PatternOptions, ValidationOptions};
use serde_json::Value as Json;

use crate::limits;

/// Keywords whose value is a schema, or in older drafts a list of them.
const ONE: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value is a list of schemas.
const SEVERAL: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value is an object of schemas.
const NAMED: &[&str] = &[
    "dependencies",
    "dependentSchemas",
    "patternProperties",
    "properties",
];
/// Keywords that change what a reference means.
const INDIRECT: &[&str] = &[
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveAnchor",
    "$recursiveRef",
];

/// Why a schema is too much, if it is.
pub(super) fn check(root: &Json) -> Result<(), String> {
    let mut survey = Survey {
        root,
        sizes: BTreeMap::new(),
        patterns: 0,
    };
    if count(root, &|_| true) > limits::SCHEMA_VALUES {
        return Err(format!("it has more than {} values", limits::SCHEMA_VALUES));
    }
    // They are looked for everywhere, not only where a schema may stand.
    if count(root, &|value| value.get("if").is_some()) > limits::SCHEMA_CONDITIONS {
        return Err(format!(
            "it has more than {} conditions",
            limits::SCHEMA_CONDITIONS
        ));
    }
    survey.schema(root, 0)?;
    // Conditions are compiled together with all definitions, also with those that nothing refers to.
    for definitions in ["$defs", "definitions"] {
        for (_, part) in root
            .get(definitions)
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
        {
            survey.schema(part, 1)?;
        }
    }
    if survey.patterns > limits::SCHEMA_PATTERNS {
        return Err(format!("it has more than {} patterns", limits::SCHEMA_PATTERNS));
    }
    Ok(())
}

/// How validators are made: patterns without what makes them backtrack, and no larger than is useful.
pub(super) fn validating<'o>(compiled: &PatternCache) -> ValidationOptions<'o> {
    let patterns = PatternOptions::regex().size_limit(limits::SCHEMA_PATTERN);
    jsonschema::options()
        .with_pattern_options(patterns)
        .with_pattern_cache(compiled.clone())
}

/// Such values, at any depth.
fn count(json: &Json, such: &dyn Fn(&Json) -> bool) -> usize {
    let below = match json {
        Json::Array(items) => items.iter().map(|item| count(item, such)).sum(),
        Json::Object(members) => members.values().map(|member| count(member, such)).sum(),
        _ => 0,
    };
    below + usize::from(such(json))
}

struct Survey<'s> {
    root: &'s Json,
    /// How many schemas one is, with all that it refers to, by its place in memory; none while it is counted.
    sizes: BTreeMap<usize, Option<usize>>,
    patterns: usize,
}

impl<'s> Survey<'s> {
    fn schema(&mut self, schema: &'s Json, depth: usize) -> Result<usize, String> {
        match self.sizes.get(&super::address(schema)) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err("a reference in it leads back to itself".to_owned()),
            None => {}
        }
        if depth > limits::SCHEMA_DEPTH {
            return Err(format!("it is nested more than {} deep", limits::SCHEMA_DEPTH));
        }
        self.sizes.insert(super::address(schema), None);
        let mut size = 1_usize;
        for part in self.parts(schema, depth)? {
            size = size.saturating_add(self.schema(part, depth + 1)?);
        }
        if size > limits::SCHEMA_SIZE {
            return Err(format!(
                "it asks for more than {} checks of one value",
                limits::SCHEMA_SIZE
            ));
        }
        self.sizes.insert(super::address(schema), Some(size));
        Ok(size)
    }

    /// What is checked together with a schema.
    fn parts(&mut self, schema: &'s Json, depth: usize) -> Result<Vec<&'s Json>, String> {
        let mut parts = Vec::new();
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            let keyword = keyword.as_str();
            if keyword == "$ref" {
                parts.push(self.referred(value)?);
            } else if INDIRECT.contains(&keyword) || keyword == "$id" && depth > 0 {
                return Err(format!("it uses `{keyword}`"));
            } else if ONE.contains(&keyword) {
                match value {
                    Json::Array(items) => parts.extend(items),
                    one => parts.push(one),
                }
            } else if SEVERAL.contains(&keyword) {
                parts.extend(value.as_array().into_iter().flatten());
            } else if NAMED.contains(&keyword) {
                parts.extend(value.as_object().into_iter().flat_map(|named| named.values()));
            }
            match keyword {
                "pattern" => self.patterns += 1,
                "patternProperties" => self.patterns += value.as_object().map_or(0, serde_json::Map::len),
                _ => {}
            }
        }
        Ok(parts)
    }

    fn referred(&self, reference: &Json) -> Result<&'s Json, String> {
        let reference = reference.as_str().unwrap_or_default();
        reference
            .strip_prefix('#')
            .and_then(|pointer| self.root.pointer(pointer))
            .ok_or_else(|| format!("it refers to `{reference}`, which is not in it"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(schema: &Json) -> String {
        check(schema).unwrap_err()
    }

    #[test]
    fn references_inside_are_followed() {
        let schema = json!({
            "$id": "urn:x",
            "$defs": {"name": {"type": "string"}},
            "properties": {"a": {"$ref": "#/$defs/name"}, "$anchor": {"$ref": "#/$defs/name"}},
        });
        assert_eq!(check(&schema), Ok(()));
    }

    #[test]
    fn a_reference_to_itself_is_refused() {
        for schema in [
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}),
            json!({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}},
                "$ref": "#/$defs/a"}),
            json!({"properties": {"a": {"$ref": "#"}}}),
        ] {
            assert_eq!(
                refused(&schema),
                "a reference in it leads back to itself",
                "{schema}"
            );
        }
    }

    #[test]
    fn references_that_double_are_refused() {
        let mut definitions = serde_json::Map::new();
        for level in 0..20 {
            let next = json!({"$ref": format!("#/$defs/{}", level + 1)});
            definitions.insert(level.to_string(), json!({"allOf": [next, next]}));
        }
        definitions.insert("20".to_owned(), json!({"type": "object"}));
        let schema = json!({"$ref": "#/$defs/0", "$defs": definitions});
        assert_eq!(refused(&schema), "it asks for more than 5000 checks of one value");
    }

    #[test]
    fn references_elsewhere_are_refused() {
        for (schema, why) in [
            (
                json!({"$ref": "file:///etc/passwd"}),
                "it refers to `file:///etc/passwd`, which is not in it",
            ),
            (
                json!({"$ref": "#/$defs/x"}),
                "it refers to `#/$defs/x`, which is not in it",
            ),
            (json!({"$dynamicRef": "#x"}), "it uses `$dynamicRef`"),
            (json!({"not": {"$id": "x:y"}}), "it uses `$id`"),
        ] {
            assert_eq!(refused(&schema), why);
        }
    }

    #[test]
    fn numbers_are_bounded() {
        let many = |count: usize, part: Json| json!({"allOf": vec![part; count]});
        assert_eq!(
            refused(&many(limits::SCHEMA_PATTERNS + 1, json!({"pattern": "a"}))),
            "it has more than 100 patterns"
        );
        assert_eq!(
            refused(&many(limits::SCHEMA_CONDITIONS + 1, json!({"if": true}))),
            "it has more than 32 conditions"
        );
        assert_eq!(
            refused(&json!({"enum": vec![0; limits::SCHEMA_VALUES]})),
            "it has more than 20000 values"
        );
        let mut deep = json!({});
        for _ in 0..limits::SCHEMA_DEPTH + 1 {
            deep = json!({"not": deep});
        }
        assert_eq!(refused(&deep), "it is nested more than 64 deep");
    }

    #[test]
    fn a_pattern_that_would_backtrack_is_told() {
        for pattern in ["(?=a)b", r"(a)\1", "(a{999}){999}"] {
            let built = validating(&PatternCache::new()).build(&json!({"pattern": pattern}));
            assert!(built.is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_takes_time_by_the_length_of_the_text() {
        let validator = validating(&PatternCache::new())
            .build(&json!({"pattern": "^(a+)+$"}))
            .unwrap();
        let text = format!("{}!", "a".repeat(100_000));
        assert!(!validator.is_valid(&Json::from(text)));
    }
}
