//! The options that belong to no component: those of every builder, provisioner and post-processor.
//!
//! `template` reads them and takes them out before a component sees its own, so that they stand in no component's
//! schema. Described here as one, they read like all others; a test of the reference uses each.

use kilnbox_engine::{OptionWords, options_in_words};
use serde_json::{Value as Json, json};

use super::page::Kind;

/// The options of every block of a kind.
pub(super) fn options(kind: Kind) -> Vec<OptionWords> {
    options_in_words(&match kind {
        Kind::Builder => builder(),
        Kind::Provisioner => provisioner(),
        Kind::PostProcessor => post_processor(),
        Kind::Communicator => Json::Null,
    })
}

fn builder() -> Json {
    json!({
        "required": ["type"],
        "properties": {
            "type": { "type": "string", "description": "Which builder." },
            "name": { "type": "string", "description": "The build's name, a template; its type where it has none. \
                No two builds of a template have the same." },
        },
    })
}

fn provisioner() -> Json {
    json!({
        "required": ["type"],
        "properties": {
            "type": { "type": "string", "description": "Which provisioner, or the name of a plugin in `kilnbox.toml`." },
            "only": only(),
            "except": except(),
            "override": { "type": "object", "description": "Options by name of a build, which replace those beside \
                it for that build." },
            "pause_before": { "format": "duration", "description": "How long to wait before it." },
            "timeout": { "format": "duration", "description": "The longest that one try may take. A step that does \
                not end by itself within a second more is ended." },
            "max_retries": { "type": "integer", "default": 0, "minimum": 0,
                "description": "Tries after the first that did not succeed. Each starts afresh." },
        },
    })
}

fn post_processor() -> Json {
    json!({
        "required": ["type"],
        "properties": {
            "type": { "type": "string", "description": "Which post-processor, or the name of a plugin in \
                `kilnbox.toml`. A string in place of the block stands for one without options." },
            "name": { "type": "string", "description": "What `-except` calls it; its type where it has none." },
            "only": only(),
            "except": except(),
            "keep_input_artifact": { "type": "boolean", "description": "Whether the files that it was given stay. \
                Each post-processor has a default of its own; one that works on the files themselves keeps them \
                whatever is said here." },
        },
    })
}

fn only() -> Json {
    json!({ "type": "array", "items": { "type": "string" },
        "description": "Names of the builds it belongs to, before templates in them are expanded; all where there \
            are none. Not together with `except`." })
}

fn except() -> Json {
    json!({ "type": "array", "items": { "type": "string" },
        "description": "Names of the builds it does not belong to." })
}
