//! One build's statement: in-toto's Statement v1 around SLSA's provenance v1.
//!
//! The fields are those of the two specifications; what they have no field for stands in extension fields, which by SLSA's
//! rule have names that begin with `kilnbox_`. A build that did not succeed made nothing, so its statement is about its
//! template and bears another predicate type: nobody who looks for provenance takes it for that.

use std::collections::HashSet;

use kilnbox_engine::{BuildOutcome, Events};
use serde_json::{Map, Value as Json, json};

use super::{
    facts::Facts,
    gather::{Build, Gathered},
};

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
const FAILED: &str = "https://github.com/kilnbox/kilnbox/blob/main/docs/record.md#failed-build-v1";
const BUILD_TYPE: &str = "https://github.com/kilnbox/kilnbox/blob/main/docs/record.md#build-v1";
const BUILDER: &str = concat!("https://github.com/kilnbox/kilnbox@", env!("CARGO_PKG_VERSION"));

/// Local files, layers and components told as dependencies of one build.
const DEPENDENCIES: usize = 10_000;

/// The statement of one build.
pub(super) fn of(
    facts: &Facts,
    gathered: &Gathered,
    outcome: &BuildOutcome,
    subjects: Vec<Json>,
    events: &Events,
) -> Json {
    let none = Build::default();
    let build = gathered.build(&events.fitted(&outcome.name)).unwrap_or(&none);
    // One that was never started ended all the same, and why is not among its events.
    let error = match &outcome.result {
        Ok(_) => None,
        Err(error) => Some(build.error.clone().unwrap_or_else(|| events.fitted(error))),
    };
    let mut parameters = facts.parameters(events);
    if let Some(members) = parameters.as_object_mut() {
        members.insert("build".to_owned(), events.fitted(&outcome.name).into());
    }
    let statement = json!({
        "_type": STATEMENT,
        "subject": subjects,
        "predicateType": if error.is_none() { PROVENANCE } else { FAILED },
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": parameters,
                "internalParameters": {
                    "builder": build.builder,
                    "host": build.host,
                    "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
                },
                "resolvedDependencies": dependencies(facts, build, events),
            },
            "runDetails": {
                "builder": { "id": BUILDER, "version": { "kilnbox": env!("CARGO_PKG_VERSION") } },
                "metadata": {
                    "invocationId": gathered.run,
                    "startedOn": build.started,
                    "finishedOn": build.finished,
                },
                "kilnbox_error": error,
                "kilnbox_steps": build.steps.iter().map(|step| step.to_json()).collect::<Vec<_>>(),
                "kilnbox_leftOut": (build.left_out > 0).then_some(build.left_out),
                "kilnbox_missed": (gathered.missed > 0).then_some(gathered.missed),
            },
        },
    });
    without_nulls(statement)
}

/// The template, what decided beside it, the components, what the instance was made from, and the local files that went
/// to it: each once.
fn dependencies(facts: &Facts, build: &Build, events: &Events) -> Vec<Json> {
    let mut all = facts.resources(events);
    let mut told: HashSet<String> = all.iter().map(Json::to_string).collect();
    for step in &build.steps {
        let component = step.component.iter().map(|component| {
            json!({
                "name": step.id.name,
                "digest": { "sha256": component.get("sha256") },
                "annotations": {
                    "kilnbox_kind": step.id.kind,
                    "kilnbox_version": component.get("version"),
                    "kilnbox_source": component.get("source"),
                },
            })
        });
        for found in component.chain(step.acts.iter().flat_map(resources)) {
            if all.len() < DEPENDENCIES && told.insert(found.to_string()) {
                all.push(found);
            }
        }
    }
    all
}

/// What an act brought into the build from here.
fn resources(act: &Json) -> Vec<Json> {
    let text = |at: &str| act.pointer(at).and_then(Json::as_str);
    let one = |name: &str, algorithm: &str, at: &str| {
        let (name, digest) = (text(name)?, text(at)?);
        Some(json!({ "name": name, "digest": { algorithm: digest } }))
    };
    let found = match text("/act") {
        // A folder has no digest, and this machine's own root has none but can be named.
        Some("source") if text("/name") == Some("host") => Some(json!({ "name": "host", "uri": "file:///" })),
        Some("source") => {
            let layers = act.get("layers").and_then(Json::as_array).into_iter().flatten();
            let layer = |sha256: &Json| json!({ "name": text("/name"), "digest": { "sha256": sha256 } });
            return layers.map(layer).collect();
        }
        Some("read") => one("/path", "sha256", "/content/sha256"),
        Some("upload") => {
            one("/from", "sha256", "/content/sha256").or_else(|| one("/from", "dirHash", "/tree/dir_hash"))
        }
        Some("command") => one("/stdin/from", "sha256", "/stdin/sha256"),
        _ => None,
    };
    found.into_iter().collect()
}

/// in-toto takes null for unset; left out, it is shorter and every reader agrees.
fn without_nulls(value: Json) -> Json {
    match value {
        Json::Object(members) => {
            let set = members.into_iter().filter(|(_, value)| !value.is_null());
            Json::Object(
                set.map(|(name, value)| (name, without_nulls(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Json::Array(items) => Json::Array(items.into_iter().map(without_nulls).collect()),
        plain => plain,
    }
}
