//! What an author should know of a schema before its users do, for `kilnbox plugin check`.

use kilnbox_template::did_you_mean;
use serde_json::Value as Json;

use super::Schema;
use crate::planner::words::options_in_words;

/// The values of `format` that the host knows, see `info` in `wit/types.wit`.
const FORMATS: [&str; 9] = [
    "asset-path",
    "asset-file",
    "asset-directory",
    "output-path",
    "output-template",
    "file-pattern",
    "runtime-template",
    "duration",
    "secret",
];

/// One thing about a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaRemark {
    /// Templates cannot be checked by it; else it is only worse than it could be.
    pub error: bool,
    /// What is wrong: lowercase, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl SchemaRemark {
    fn error(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            error: true,
            message: message.into(),
            hint: hint.into(),
        }
    }

    fn warning(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            error: false,
            ..Self::error(message, hint)
        }
    }
}

/// Reads a component's schema as a reviewer would.
pub fn review_schema(root: &Json) -> Vec<SchemaRemark> {
    let schema = Schema::new(root);
    let validator = match schema.validator() {
        Ok(validator) => validator,
        Err(reason) => {
            let message = format!("the schema cannot be used: {reason}");
            return vec![SchemaRemark::error(
                message,
                "write it in JSON Schema, draft 2020-12",
            )];
        }
    };
    let mut remarks = Vec::new();
    if schema.open() {
        remarks.push(SchemaRemark::warning(
            "options of any name are taken, so that a misspelt one is not found",
            "leave out `additionalProperties`, or set it to false",
        ));
    }
    let silent = options_in_words(root)
        .into_iter()
        .filter(|option| option.description.is_empty());
    remarks.extend(silent.map(|option| {
        SchemaRemark::warning(
            format!("the option `{}` has no description", option.name),
            "say in a sentence what it is for: `kilnbox plugin docs` shows it",
        )
    }));
    misspelt_formats(root, 0, &mut remarks);
    let examples = root.get("examples").and_then(Json::as_array);
    if examples.is_none_or(Vec::is_empty) {
        remarks.push(SchemaRemark::warning(
            "there is no example",
            "put a block of a template under `examples`, at the root of the schema",
        ));
    }
    for (index, example) in examples.into_iter().flatten().enumerate() {
        let mut options = example.clone();
        if let Some(options) = options.as_object_mut() {
            options.remove("type");
        }
        if let Err(error) = validator.validate(&schema.coerce(options)) {
            remarks.push(SchemaRemark::error(
                format!("example {} does not fit: {}", index + 1, error.masked()),
                "correct the example or the schema",
            ));
        }
    }
    remarks
}

/// A path with a format that nobody knows could never be opened, and nothing would say why.
fn misspelt_formats(schema: &Json, depth: usize, remarks: &mut Vec<SchemaRemark>) {
    if depth > super::MAX_DEPTH {
        return;
    }
    match schema {
        Json::Object(keys) => {
            if let Some(format) = keys.get("format").and_then(Json::as_str)
                && !FORMATS.contains(&format)
                && let Some(meant) = did_you_mean(format, FORMATS)
            {
                let message = format!("`format: {format}` means nothing to Kilnbox");
                remarks.push(SchemaRemark::warning(message, meant));
            }
            keys.values()
                .for_each(|part| misspelt_formats(part, depth + 1, remarks));
        }
        Json::Array(parts) => parts
            .iter()
            .for_each(|part| misspelt_formats(part, depth + 1, remarks)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn remarks(schema: Json) -> String {
        let lines = review_schema(&schema).into_iter().map(|remark| {
            let grade = if remark.error { "error" } else { "warning" };
            format!("{grade}: {}\n    {}", remark.message, remark.hint)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_schema_that_says_all_has_no_remarks() {
        let schema = json!({
            "type": "object",
            "additionalProperties": false,
            "examples": [{ "type": "tool", "path": "a", "count": "5" }],
            "properties": {
                "path": { "type": "string", "format": "asset-path", "description": "A file." },
                "count": { "type": "integer", "description": "How many." },
            },
        });
        assert_eq!(remarks(schema), "");
    }

    #[test]
    fn what_could_be_better() {
        let schema = json!({
            "type": "object",
            "additionalProperties": true,
            "examples": [{ "type": "tool", "count": "many" }],
            "properties": {
                "path": { "type": "string", "format": "asset-paht" },
                "count": { "type": "integer", "description": "How many." },
            },
        });
        insta::assert_snapshot!(remarks(schema), @r#"
        warning: options of any name are taken, so that a misspelt one is not found
            leave out `additionalProperties`, or set it to false
        warning: the option `path` has no description
            say in a sentence what it is for: `kilnbox plugin docs` shows it
        warning: `format: asset-paht` means nothing to Kilnbox
            did you mean `asset-path`?
        error: example 1 does not fit: value is not of type "integer"
            correct the example or the schema
        "#);
    }

    #[test]
    fn what_is_no_schema_is_an_error() {
        let remarks = remarks(json!({ "type": "nothing" }));
        assert!(
            remarks.starts_with("error: the schema cannot be used: "),
            "{remarks}"
        );
    }
}
