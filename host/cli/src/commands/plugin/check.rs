//! `kilnbox plugin check`: whether a component is what Kilnbox runs, what it may do, and how close it is to its limits.
//! Nothing is run on anything. The exit code is for an author's CI.

use std::time::Duration;

use bytesize::ByteSize;
use kilnbox_engine::{SchemaRemark, review_schema, text};
use kilnbox_sandbox::{Inspection, Limits};
use serde_json::{Value as Json, json};

use super::{super::runtime, read_component};
use crate::{
    args::{LogFormat, PluginCheckArgs},
    error::Error,
    exit_codes, stdout, wire,
};

/// Checks a component.
pub(super) fn run(args: &PluginCheckArgs) -> Result<u8, Error> {
    let bytes = read_component(&args.plugin)?;
    let found = runtime()?.block_on(async {
        // Without a cache: compiling it is one of the things that are measured.
        let sandbox = wire::bare_sandbox()?;
        let looked = sandbox.inspect(&wire::unknown("plugin", bytes)).await;
        looked.map_err(Error::from)
    })?;
    let mut remarks = review(&found);
    remarks.extend(review_schema(&found.schema));
    match args.format {
        LogFormat::Json => stdout::print_json(&as_json(&found, &remarks))?,
        LogFormat::Text => stdout::print(&as_text(&found, &remarks))?,
    }
    Ok(match remarks.iter().any(|remark| remark.error) {
        true => exit_codes::FAILURE,
        false => exit_codes::SUCCESS,
    })
}

/// What is to be said of a component beside its schema.
fn review(of: &Inspection) -> Vec<SchemaRemark> {
    let mut remarks = Vec::new();
    let mut say = |error, message: String, hint: &str| {
        remarks.push(SchemaRemark {
            error,
            message,
            hint: hint.to_owned(),
        });
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if of.name.is_empty() || !of.name.chars().all(plain) {
        let message = format!(
            "the name `{}` cannot be written in a template without care",
            of.name
        );
        say(true, message, "use lowercase letters, digits and `-`");
    }
    if super::bundled_names().contains(&of.name.as_str()) {
        let message = format!("`{}` is the name of a part of Kilnbox", of.name);
        say(
            false,
            message,
            "users must give it another name in kilnbox.toml; choose one that is free",
        );
    }
    if semver::Version::parse(&of.version).is_err() {
        let message = format!("`{}` is no semantic version", of.version);
        say(
            true,
            message,
            "write it as `1.2.3`: `version` in kilnbox.toml is compared with it",
        );
    }
    remarks
}

/// A limit, what the component takes of it, and what it may take.
struct Use {
    limit: &'static str,
    taken: String,
    most: String,
}

fn limits(of: &Inspection) -> Vec<Use> {
    let limits = Limits::default();
    let bytes = |count: u64| ByteSize::b(count).display().iec().to_string();
    let time = |time: Duration| {
        humantime::format_duration(Duration::from_millis(
            u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        ))
        .to_string()
    };
    vec![
        Use {
            limit: "component-size",
            taken: bytes(of.size as u64),
            most: bytes(limits.component_size as u64),
        },
        Use {
            limit: "compile-time",
            taken: of.compile_time.map_or_else(|| "none".to_owned(), time),
            most: time(limits.compile_time),
        },
        Use {
            limit: "memory",
            taken: format!("{} at its start", bytes(of.memory)),
            most: bytes(limits.memory as u64),
        },
    ]
}

fn as_json(of: &Inspection, remarks: &[SchemaRemark]) -> Json {
    let remarks: Vec<Json> = remarks
        .iter()
        .map(|remark| {
            json!({
                "severity": if remark.error { "error" } else { "warning" },
                "message": remark.message,
                "hint": remark.hint,
            })
        })
        .collect();
    json!({
        "name": of.name,
        "version": of.version,
        "kind": of.kind.as_str(),
        "capabilities": of.capabilities,
        "to_grant": of.to_grant,
        "wasi": of.wasi,
        "size": of.size,
        "compile_ms": of.compile_time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        "memory": of.memory,
        "remarks": remarks,
    })
}

fn as_text(of: &Inspection, remarks: &[SchemaRemark]) -> String {
    let mut lines = vec![
        format!(
            "{} {}, a {}",
            text::clean(&of.name),
            text::clean(&of.version),
            of.kind.as_str()
        ),
        format!("capabilities: {}", of.capabilities.join(", ")),
        match of.to_grant.is_empty() {
            true => "to be granted: nothing".to_owned(),
            false => format!("to be granted: {}", of.to_grant.join(", ")),
        },
        match of.wasi.is_empty() {
            true => "WASI: nothing".to_owned(),
            false => format!("WASI: {} interfaces, linked inert", of.wasi.len()),
        },
    ];
    lines.extend(
        limits(of)
            .into_iter()
            .map(|of| format!("{}: {} of {}", of.limit, of.taken, of.most)),
    );
    for SchemaRemark { error, message, hint } in remarks {
        let grade = if *error { "error" } else { "warning" };
        lines.push(String::new());
        lines.push(format!("{grade}: {}", text::clean(message)));
        lines.push(format!("  {}", text::clean(hint)));
    }
    if remarks.is_empty() {
        lines.push(String::new());
        lines.push("nothing to complain about".to_owned());
    }
    lines.join("\n") + "\n"
}
