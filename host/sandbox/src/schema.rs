//! Whether a component's schema can be followed in bounded time, before anything follows it.
//!
//! Options are coerced, checked and explained by walking the schema and what it refers to. References that meet again
//! and again double the way each time; those that lead in circles have no end.

use serde_json::Value as Json;

/// Parts of a schema, each counted as often as it is referred to.
const PARTS: usize = 100_000;
/// Parts in each other.
const DEPTH: usize = 64;
/// Longest pattern, in bytes.
const PATTERN: usize = 1000;
/// Parts that a pattern counts for.
const PATTERN_COST: usize = 100;

/// Says what is wrong with a schema.
pub(crate) fn check(schema: &Json) -> Result<(), String> {
    let mut walk = Walk {
        root: schema,
        left: PARTS,
    };
    walk.part(schema, 0)
}

struct Walk<'s> {
    root: &'s Json,
    left: usize,
}

impl<'s> Walk<'s> {
    fn part(&mut self, part: &'s Json, depth: usize) -> Result<(), String> {
        if depth > DEPTH {
            return Err(format!(
                "its schema leads in circles, or through more than {DEPTH} parts"
            ));
        }
        self.spend(1)?;
        match part {
            Json::Object(members) => {
                for (key, value) in members {
                    match (key.as_str(), value) {
                        ("$ref", Json::String(reference)) => {
                            let target = reference
                                .strip_prefix('#')
                                .and_then(|pointer| self.root.pointer(pointer));
                            let target = target.ok_or_else(|| {
                                format!("its schema refers to `{reference}`, which is not in it")
                            })?;
                            self.part(target, depth + 1)?;
                        }
                        ("$dynamicRef" | "$recursiveRef", Json::String(_)) => {
                            return Err(format!("its schema uses `{key}`, which is not known here"));
                        }
                        ("pattern", Json::String(pattern)) => self.pattern(pattern)?,
                        ("patternProperties", Json::Object(patterns)) => {
                            for pattern in patterns.keys() {
                                self.pattern(pattern)?;
                            }
                            self.part(value, depth + 1)?;
                        }
                        _ => self.part(value, depth + 1)?,
                    }
                }
                Ok(())
            }
            Json::Array(items) => items.iter().try_for_each(|item| self.part(item, depth + 1)),
            _ => Ok(()),
        }
    }

    fn pattern(&mut self, pattern: &str) -> Result<(), String> {
        if pattern.len() > PATTERN {
            return Err(format!("its schema has a pattern of more than {PATTERN} bytes"));
        }
        self.spend(PATTERN_COST)
    }

    fn spend(&mut self, parts: usize) -> Result<(), String> {
        let left = self.left.checked_sub(parts);
        self.left = left.ok_or_else(|| {
            format!("its schema has more than {PARTS} parts, counted as often as they are referred to")
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_of_components_are_followed() {
        let plain = json!({
            "type": "object",
            "properties": { "$ref": { "type": "string", "pattern": "^a+$" }, "b": { "$ref": "#/$defs/b" } },
            "$defs": { "b": { "anyOf": [{ "$ref": "#/$defs/c" }, { "type": "null" }] }, "c": { "type": "string" } },
        });
        assert_eq!(check(&plain), Ok(()));
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let refused = |schema: Json, why: &str| {
            let error = check(&schema).unwrap_err();
            assert!(error.contains(why), "{error}");
        };
        refused(json!({ "allOf": [{ "$ref": "#" }] }), "circles");
        refused(json!({ "properties": { "a": { "$ref": "#" } } }), "circles");
        refused(json!({ "$ref": "https://example.com/x" }), "not in it");
        refused(json!({ "$ref": "#/$defs/gone" }), "not in it");
        refused(json!({ "$dynamicRef": "#a" }), "not known here");
        refused(json!({ "pattern": "a".repeat(PATTERN + 1) }), "pattern");
        refused(json!({ "enum": vec![0; PARTS] }), "parts");
        let mut definitions = serde_json::Map::new();
        for number in 0..40 {
            let next = json!({ "$ref": format!("#/$defs/{}", number + 1) });
            definitions.insert(number.to_string(), json!({ "allOf": [next, next] }));
        }
        definitions.insert("40".to_owned(), json!({}));
        refused(
            json!({ "$ref": "#/$defs/0", "$defs": definitions }),
            "referred to",
        );
    }
}
