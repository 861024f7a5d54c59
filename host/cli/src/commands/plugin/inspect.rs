//! `kilnbox plugin inspect`: what a component is, what it may do, and which options it takes, without running it on
//! anything.

use bytesize::ByteSize;
use kilnbox_engine::{options_in_words, text};
use kilnbox_sandbox::Inspection;
use serde_json::{Value as Json, json};

use super::{super::runtime, find};
use crate::{
    args::{LogFormat, PluginInspectArgs},
    capabilities::{Power, powers},
    error::Error,
    exit_codes,
    folders::Folders,
    stdout,
    table::table,
    wire,
};

/// Shows a component, by its file or by its name.
pub(super) fn run(args: &PluginInspectArgs) -> Result<u8, Error> {
    let folders = Folders::find()?;
    let found = runtime()?.block_on(async {
        let sandbox = wire::sandbox(&[], &folders, None).await?;
        find(&sandbox, &args.plugin).await
    })?;
    match args.format {
        LogFormat::Json => stdout::print_json(&Json::Array(found.iter().map(as_json).collect()))?,
        LogFormat::Text => {
            let shown: Vec<String> = found.iter().map(as_text).collect();
            stdout::print(&shown.join("\n"))?;
        }
    }
    Ok(exit_codes::SUCCESS)
}

fn as_json(of: &Inspection) -> Json {
    let capabilities: Vec<Json> = of
        .capabilities
        .iter()
        .map(|name| {
            let words = Power::new(name).words;
            json!({ "name": name, "granted_by_default": !of.to_grant.contains(name), "meaning": words })
        })
        .collect();
    json!({
        "name": of.name,
        "version": of.version,
        "kind": of.kind.as_str(),
        "size": of.size,
        "sha256": of.sha256,
        "validates": of.validates,
        "capabilities": capabilities,
        "wasi": of.wasi,
        "schema": of.schema,
    })
}

fn as_text(of: &Inspection) -> String {
    let size = ByteSize::b(u64::try_from(of.size).unwrap_or(u64::MAX));
    let mut lines = vec![
        format!("name     {}", text::clean(&of.name)),
        format!("version  {}", text::clean(&of.version)),
        format!("kind     {}", of.kind.as_str()),
        format!("size     {size} ({} bytes)", of.size),
        format!("sha256   {}", of.sha256),
        String::new(),
        "capabilities".to_owned(),
    ];
    let granted = |power: &Power| match power.on_request {
        true => "needs a grant",
        false => "by default",
    };
    lines.extend(table(powers(&of.capabilities).into_iter().map(|power| {
        let granted = granted(&power).to_owned();
        vec![power.name, granted, power.words.to_owned()]
    })));
    if !of.wasi.is_empty() {
        lines.push(String::new());
        lines.push("WASI imports, linked inert: no capabilities".to_owned());
        lines.extend(of.wasi.iter().map(|name| format!("  {name}")));
    }
    lines.push(String::new());
    lines.push("options".to_owned());
    lines.extend(table(options(&of.schema)));
    lines.join("\n") + "\n"
}

/// Every option, with what it is and the first line of its description.
fn options(schema: &Json) -> Vec<Vec<String>> {
    let row = |option: &kilnbox_engine::OptionWords| {
        let about = option.description.lines().next().unwrap_or_default();
        // A stranger's schema is as hostile as all its words.
        [option.name.as_str(), &option.to_string(), about]
            .map(|cell| text::clean(cell).into_owned())
            .to_vec()
    };
    options_in_words(schema).iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use kilnbox_engine::StepKind;

    use super::*;

    #[test]
    fn layout() {
        let inspection = Inspection {
            name: "tool\u{1b}[2J".into(),
            version: "1.2.3".into(),
            kind: StepKind::Provisioner,
            capabilities: vec!["ui".into(), "host-exec".into()],
            to_grant: vec!["host-exec".into()],
            wasi: vec!["wasi:io/streams@0.2.6".into()],
            validates: false,
            size: 70_000,
            sha256: "00".into(),
            compile_time: None,
            memory: 0,
            schema: json!({
                "required": ["inline"],
                "properties": {
                    "inline": {"type": "array", "description": "Lines.\nMore of it."},
                    "script": {"type": ["string", "null"], "format": "asset-path"},
                    "mode": {"type": "string", "default": "0755", "description": "Bits."},
                },
            }),
        };
        insta::assert_snapshot!(as_text(&inspection));
        assert_eq!(
            as_json(&inspection)["capabilities"][1]["granted_by_default"],
            json!(false)
        );
    }
}
