//! Plans provisioners and post-processors of one build.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kilnbox_template::{Diagnostic, Diagnostics, PostProcessorBlock, ProvisionerBlock, Span, Text, Value};
use serde_json::Value as Json;

use super::{
    BuildPlanner, duration,
    options::{self, Ready},
    paths::{self, FileKind, Written},
    refuse, scalar,
    schema::Marked,
    templates::StepTemplates,
};
use crate::{PathAccess, PlannedStep, Step, StepKind, UserPath};

/// Remembers the values of options with `format: "secret"`, and of those a sensitive variable went into.
pub(super) fn keep_secrets(ready: &Ready, secrets: &mut Vec<String>) {
    let marked = ready
        .marked
        .iter()
        .filter(|mark| mark.format == "secret" && !mark.text.is_empty());
    secrets.extend(marked.map(|mark| mark.text.clone()));
}

/// Durations among a step's options, which a schema can mark and not check.
fn durations(component: &Text, ready: &Ready, problems: &mut Diagnostics) {
    for mark in ready.written.iter().filter(|mark| mark.format == "duration") {
        // Told already: a text that could not be expanded is none.
        if mark.text.contains("{{") && problems.has_errors() {
            continue;
        }
        if let Err(why) = duration::parse(&Json::String(mark.text.clone())) {
            let option = mark.at.trim_start_matches('/');
            problems.push(no_duration(
                options::place(component, &ready.value, &mark.at),
                option,
                &why,
            ));
        }
    }
}

fn no_duration(place: Span, option: &str, why: &str) -> Diagnostic {
    Diagnostic::error(place, format!("`{option}`: {why}")).hint(duration::HINT)
}

impl BuildPlanner<'_> {
    pub(super) async fn provisioner(
        &self,
        block: &ProvisionerBlock,
        secrets: &mut Vec<String>,
        problems: &mut Diagnostics,
    ) -> Option<PlannedStep> {
        let pause_before = self.duration(block.pause_before.as_ref(), "pause_before", problems);
        let timeout = self.duration(block.timeout.as_ref(), "timeout", problems);
        let max_retries = self.retries(block.max_retries.as_ref(), problems);
        let options = block.options_for(self.chosen.block.raw_name());
        let planned = self
            .step(StepKind::Provisioner, &block.kind, &options, secrets, problems)
            .await?;
        Some(PlannedStep {
            pause_before: pause_before.filter(|pause| !pause.is_zero()),
            timeout: timeout.filter(|timeout| !timeout.is_zero()),
            max_retries,
            ..planned
        })
    }

    pub(super) async fn post_processor(
        &self,
        block: &PostProcessorBlock,
        secrets: &mut Vec<String>,
        problems: &mut Diagnostics,
    ) -> Option<PlannedStep> {
        let keep_input = self.flag(block.keep_input.as_ref(), "keep_input_artifact", problems);
        let planned = self
            .step(
                StepKind::PostProcessor,
                &block.kind,
                &block.options,
                secrets,
                problems,
            )
            .await?;
        Some(PlannedStep {
            name: block.name().to_owned(),
            keep_input,
            ..planned
        })
    }

    async fn step(
        &self,
        kind: StepKind,
        component: &Text,
        options: &Value,
        secrets: &mut Vec<String>,
        problems: &mut Diagnostics,
    ) -> Option<PlannedStep> {
        let (step, rules) = match self.components.get(&(kind, component.value.as_str()))? {
            Ok((step, rules)) => (Arc::clone(step), rules),
            Err(error) => {
                problems.push(refuse(component, error));
                return None;
            }
        };
        let mut found = Diagnostics::new(&self.request.resolved.template.source);
        let section = match kind {
            StepKind::Provisioner => "provisioners",
            StepKind::PostProcessor => "post-processors",
        };
        let ready = options::prepare(
            section,
            component,
            options,
            rules,
            &self.chosen.renderer,
            &mut found,
        );
        keep_secrets(&ready, secrets);
        durations(component, &ready, &mut found);
        let paths = self.paths(component, &ready, step.as_ref(), &mut found);
        if !found.has_errors() {
            match step.validate(&ready.json).await {
                Ok(told) => {
                    options::report(component, &ready.value, told, &mut found);
                }
                Err(error) => {
                    let message = format!("checking the options of `{}`: {error}", component.value);
                    found.push(Diagnostic::error(component.span, message).maybe_hint(error.hint));
                }
            }
        }
        let broken = found.has_errors();
        problems.append(found);
        if broken {
            return None;
        }
        let templates = self.templates(&ready, step.third_party());
        Some(PlannedStep {
            step,
            name: component.value.clone(),
            options: ready.json,
            paths,
            templates: Arc::new(templates),
            pause_before: None,
            timeout: None,
            max_retries: 0,
            keep_input: None,
        })
    }

    /// What a step, or a builder's steps, render while they run.
    pub(super) fn templates(&self, ready: &Ready, third_party: bool) -> StepTemplates {
        // Of the schema's defaults, a path counts only where the schema is Kilnbox's own.
        let paths_of = if third_party {
            &ready.written
        } else {
            &ready.marked
        };
        let outputs = options::pointers(paths_of, "output-template");
        let is_template = |mark: &&Marked| mark.format == "runtime-template" || outputs.contains(&mark.at);
        let runtime: BTreeMap<String, String> = ready
            .marked
            .iter()
            .filter(is_template)
            .map(|mark| (mark.at.clone(), mark.text.clone()))
            .collect();
        let foreign = ready
            .marked
            .iter()
            .filter(is_template)
            .filter(|mark| third_party && !ready.written.contains(mark))
            .map(|mark| mark.at.clone())
            .collect();
        let patterns = ready.written.iter().filter(|mark| mark.format == "file-pattern");
        StepTemplates {
            renderer: self.chosen.renderer.clone(),
            runtime,
            foreign,
            deferred: ready.deferred.clone(),
            outputs,
            patterns: patterns.map(|mark| mark.text.clone()).collect(),
            folders: self.request.folders.clone(),
            build: [self.chosen.name.clone(), self.chosen.block.kind.value.clone()],
            third_party,
        }
    }

    /// What the user wrote counts; of the schema's defaults only outputs of Kilnbox's own components, such as
    /// `packer-manifest.json`.
    fn paths(
        &self,
        component: &Text,
        ready: &Ready,
        step: &dyn Step,
        problems: &mut Diagnostics,
    ) -> Vec<UserPath> {
        let later = ready.json.get("generated") == Some(&Json::Bool(true));
        let mut paths: Vec<UserPath> = Vec::new();
        for mark in ready.written.iter().filter(|mark| mark.format == "file-pattern") {
            if let Err(why) = paths::check_pattern(&mark.text) {
                let span = options::place(component, &ready.value, &mark.at);
                problems.push(Diagnostic::error(
                    span,
                    format!("`{}` is no pattern: {why}", mark.text),
                ));
            }
        }
        for mark in ready.marked.iter().filter(|mark| !mark.text.is_empty()) {
            let (access, file_kind) = match mark.format.as_str() {
                "asset-path" => (PathAccess::Asset, FileKind::Any),
                "asset-file" => (PathAccess::Asset, FileKind::File),
                "asset-directory" => (PathAccess::Asset, FileKind::Directory),
                "output-path" => (PathAccess::Output, FileKind::Any),
                _ => continue,
            };
            let own_output = access == PathAccess::Output && !step.third_party();
            if !ready.written.contains(mark) && !own_output {
                continue;
            }
            let span = options::place(component, &ready.value, &mark.at);
            if ready.deferred.contains_key(&mark.at) {
                problems.push(
                    Diagnostic::error(span, "`{{build}}` is not possible in a local path")
                        .label("must be known before the build runs"),
                );
                continue;
            }
            let option = mark.at.split('/').nth(1).unwrap_or_default();
            let written = Written {
                option,
                text: &mark.text,
                span,
                access,
                kind: file_kind,
                third_party: step.third_party(),
                later,
            };
            match paths::resolve(&written, self.request.folders) {
                Ok(path) if paths.contains(&path) => {}
                Ok(path) => paths.push(path),
                Err(problem) => problems.push(problem),
            }
        }
        paths
    }

    fn duration(&self, value: Option<&Value>, option: &str, problems: &mut Diagnostics) -> Option<Duration> {
        let value = value?;
        match duration::parse(&scalar(value, &self.chosen.renderer, problems)) {
            Ok(duration) => Some(duration),
            Err(why) => {
                problems.push(no_duration(value.span, option, &why));
                None
            }
        }
    }

    fn retries(&self, value: Option<&Value>, problems: &mut Diagnostics) -> u32 {
        let Some(value) = value else { return 0 };
        let written = scalar(value, &self.chosen.renderer, problems);
        let count = match &written {
            Json::Number(number) => number.as_u64().and_then(|count| u32::try_from(count).ok()),
            Json::String(text) if text.is_empty() => Some(0),
            Json::String(text) => text.parse().ok(),
            _ => None,
        };
        count.unwrap_or_else(|| {
            problems.push(
                Diagnostic::error(value.span, "`max_retries` must be a whole number, 0 or more")
                    .label("not a count"),
            );
            0
        })
    }

    fn flag(&self, value: Option<&Value>, option: &str, problems: &mut Diagnostics) -> Option<bool> {
        let value = value?;
        match scalar(value, &self.chosen.renderer, problems) {
            Json::Null => None,
            Json::Bool(flag) => Some(flag),
            Json::String(text) if text.is_empty() => None,
            Json::String(text) if matches!(text.as_str(), "true" | "1") => Some(true),
            Json::String(text) if matches!(text.as_str(), "false" | "0") => Some(false),
            _ => {
                problems.push(Diagnostic::error(
                    value.span,
                    format!("`{option}` must be true or false"),
                ));
                None
            }
        }
    }
}
