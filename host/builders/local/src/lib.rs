//! The builders that need no machine of their own: `null` provisions one that exists, `file` writes a file.

mod file;
mod null;

pub use file::{FileBuilder, FileTargetReclaimer};
pub use null::NullBuilder;

/// A strict schema: every option that is not named is refused. `about` and `example` are for the reference.
fn schema(
    about: &str,
    example: serde_json::Value,
    properties: serde_json::Map<String, serde_json::Value>,
) -> serde_json::Value {
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "description": about,
        "examples": [example],
        "properties": properties,
        "additionalProperties": false,
    })
}
