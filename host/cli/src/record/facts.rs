//! What the user said: the template, its variables, and which builds.
//!
//! These are the only parts of a record that do not come by the event stream. They pass [`Events::fitted`] on their way
//! into it, so that they are redacted and cleaned as everything else is.

use std::{collections::BTreeMap, fs};

use kilnbox_engine::Events;
use kilnbox_template::{Resolved, Source, Variables};
use serde_json::{Map, Value as Json, json};

use super::digest;
use crate::{args::BuildArgs, template_file::TemplateFile};

/// A file that decided what was built.
#[derive(Clone, Debug)]
struct Decisive {
    /// As the user wrote it.
    name: String,
    /// None where the digest would help to guess a sensitive value.
    sha256: Option<String>,
}

/// Taken before the run.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    template: Decisive,
    /// Variable files and `kilnbox.toml`.
    files: Vec<Decisive>,
    variable_files: Vec<String>,
    variables: BTreeMap<String, String>,
    sensitive: Vec<String>,
    only: Vec<String>,
    except: Vec<String>,
    force: bool,
    on_error: &'static str,
}

impl Facts {
    pub(crate) fn new(
        args: &BuildArgs,
        file: &TemplateFile,
        given: &Variables,
        resolved: &Resolved,
        on_error: &'static str,
    ) -> Self {
        // A value that holds a sensitive one, however short, is sensitive: redacting leaves short ones alone.
        let holds_secret = |text: &str| {
            let secrets = &resolved.secrets;
            secrets.iter().any(|secret| text.contains(secret.as_str()))
        };
        let named = &resolved.template.sensitive;
        let (sensitive, variables): (BTreeMap<_, _>, BTreeMap<_, _>) =
            resolved.variables.clone().into_iter().partition(|(name, value)| {
                named.iter().any(|sensitive| sensitive.value == *name) || holds_secret(value)
            });
        let variable_file = |source: &Source| Decisive {
            name: source.name.clone(),
            sha256: (!holds_secret(&source.text))
                .then(|| digest::of_text(&source.text))
                .flatten(),
        };
        let mut files: Vec<_> = given.files.iter().map(variable_file).collect();
        let project = file.project_folder().join(kilnbox_registry::FILE_NAME);
        if let Ok(text) = fs::read_to_string(project) {
            files.push(Decisive {
                name: kilnbox_registry::FILE_NAME.to_owned(),
                sha256: digest::of_text(&text),
            });
        }
        Self {
            template: Decisive {
                name: file.source.name.clone(),
                sha256: digest::of_text(&file.source.text),
            },
            variable_files: given.files.iter().map(|file| file.name.clone()).collect(),
            files,
            variables,
            sensitive: sensitive.into_keys().collect(),
            only: args.template.only.clone(),
            except: args.template.except.clone(),
            force: args.force,
            on_error,
        }
    }

    /// What was under the user's control, for `externalParameters`.
    pub(super) fn parameters(&self, events: &Events) -> Json {
        let fitted =
            |texts: &[String]| -> Vec<String> { texts.iter().map(|text| events.fitted(text)).collect() };
        let variables: Map<_, _> = self
            .variables
            .iter()
            .map(|(name, value)| (events.fitted(name), events.fitted(value).into()))
            .collect();
        json!({
            "template": events.fitted(&self.template.name),
            "variableFiles": fitted(&self.variable_files),
            "variables": variables,
            "sensitiveVariables": fitted(&self.sensitive),
            "only": fitted(&self.only),
            "except": fitted(&self.except),
            "force": self.force,
            "onError": self.on_error,
        })
    }

    /// The template as a resource.
    pub(super) fn template_descriptor(&self, events: &Events) -> Json {
        descriptor(&self.template, events).unwrap_or_default()
    }

    /// The template and what else decided, as resources.
    pub(super) fn resources(&self, events: &Events) -> Vec<Json> {
        let all = std::iter::once(&self.template).chain(&self.files);
        all.filter_map(|file| descriptor(file, events)).collect()
    }
}

fn descriptor(file: &Decisive, events: &Events) -> Option<Json> {
    let sha256 = file.sha256.as_ref()?;
    Some(json!({ "name": events.fitted(&file.name), "digest": { "sha256": sha256 } }))
}
