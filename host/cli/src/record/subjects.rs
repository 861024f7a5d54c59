//! What a build made, as the subjects of its statement.
//!
//! A local file is named by its digest. What is not a file here, such as an image in a cloud or a machine that was
//! changed in place, has a digest of Kilnbox's own, `kilnboxArtifact`, that names this run's artifact and nothing else.

use std::path::Path;

use kilnbox_engine::{Artifact, Events, SharedArtifact};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::digest;

/// The subjects, in the order of the closing list. There is at least one for each artifact.
pub(super) fn of(
    artifacts: &[SharedArtifact],
    run: &str,
    build: &str,
    events: &Events,
    hurry: &CancellationToken,
) -> Vec<Json> {
    let mut subjects: Vec<Json> = Vec::new();
    for artifact in artifacts {
        let artifact = artifact.as_ref();
        let mut whole = !artifact.files().is_empty();
        for file in artifact.files() {
            let Some(sha256) = digest::of_file(&file, hurry) else {
                whole = false;
                continue;
            };
            let (name, digest) = (events.fitted(&name(&file)), json!({ "sha256": sha256 }));
            // A file that several artifacts share is told as the first one's.
            let shared =
                |told: &Json| told.get("name") == Some(&json!(name)) && told.get("digest") == Some(&digest);
            if !subjects.iter().any(shared) {
                let annotations = annotations(artifact, events);
                subjects.push(json!({ "name": name, "digest": digest, "annotations": annotations }));
            }
        }
        if !whole {
            subjects.push(by_id(artifact, run, build, events));
        }
    }
    if subjects.is_empty() {
        subjects.push(nothing(run, build, events));
    }
    subjects
}

/// The builder's and the artifact's own names.
fn annotations(artifact: &dyn Artifact, events: &Events) -> Json {
    json!({
        "kilnbox_builderId": events.fitted(artifact.builder_id()),
        "kilnbox_id": events.fitted(&artifact.id()),
    })
}

fn by_id(artifact: &dyn Artifact, run: &str, build: &str, events: &Events) -> Json {
    let (builder, id) = (
        events.fitted(artifact.builder_id()),
        events.fitted(&artifact.id()),
    );
    let name = if id.is_empty() { &builder } else { &id };
    json!({
        "name": name,
        "digest": { "kilnboxArtifact": identity(&[run, build, &builder, &id]) },
        "annotations": annotations(artifact, events),
    })
}

/// A builder that makes nothing may still have changed a machine.
fn nothing(run: &str, build: &str, events: &Events) -> Json {
    let build = events.fitted(build);
    json!({ "name": build, "digest": { "kilnboxArtifact": identity(&[run, &build, "", ""]) } })
}

/// SHA-256 of the parts, each with a line end.
fn identity(parts: &[&str]) -> String {
    let text: String = parts.iter().map(|part| format!("{part}\n")).collect();
    digest::of_text(&text).unwrap_or_default()
}

/// Below the working directory as it stands there; elsewhere its name alone, so that no path of this machine is told.
fn name(file: &Path) -> String {
    let relative = match std::env::current_dir() {
        Ok(here) => file.strip_prefix(here).ok(),
        Err(_) => None,
    };
    let shown = match relative {
        Some(relative) => relative,
        None if file.is_relative() => file,
        None => file.file_name().map_or(file, Path::new),
    };
    shown.to_string_lossy().into_owned()
}
