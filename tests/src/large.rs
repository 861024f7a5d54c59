//! A template of five megabytes with 2,000 provisioners: the largest that Kilnbox promises to be quick with.

use serde_json::{Map, Value as Json, json};

/// How many provisioners [`large_template`] has.
pub const LARGE_PROVISIONERS: usize = 2_000;

/// A template for the builder: three in four steps are scripts, the others files, all with variables in them.
pub fn large_template(builder: Json) -> Json {
    // So that the whole is a little above 5,000,000 bytes.
    let filler = "x".repeat(2_420);
    let step = |at: usize| {
        let value = format!("{{{{user `v{}`}}}}", at % 100);
        match at % 4 {
            0 => json!({
                "type": "file", "content": format!("{value} {filler}"), "destination": format!("/tmp/{value}"),
            }),
            _ => json!({
                "type": "shell", "inline": ["set -e", format!("echo {value} {filler}")],
                "env": { "STEP": at.to_string() }, "timeout": "5m",
            }),
        }
    };
    let variables: Map<String, Json> = (0..100)
        .map(|at| (format!("v{at}"), format!("value-{at}").into()))
        .collect();
    json!({
        "variables": variables,
        "builders": [builder],
        "provisioners": (0..LARGE_PROVISIONERS).map(step).collect::<Vec<_>>(),
    })
}
