//! Renders a step's options while it runs: those marked `runtime-template`, and those that wait for the build.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kilnbox_template::{Renderer, Span};
use serde_json::Value as Json;

use super::paths::{self, FileKind, Written};
use crate::{Folders, PathAccess, RuntimeTemplates, UserPath, step_runner::Bound};

/// Longest name of a file, in bytes: Linux takes no longer one.
const NAME: usize = 255;

/// The template text of one step, by JSON pointer.
#[derive(Clone, Debug)]
pub(crate) struct StepTemplates {
    pub(crate) renderer: Renderer,
    /// Options the step renders itself.
    pub(crate) runtime: BTreeMap<String, String>,
    /// Options that use `{{build "Key"}}`: rendered before the step starts.
    pub(crate) deferred: BTreeMap<String, String>,
    /// Of `runtime`, those that a stranger's schema brought: the user never saw them.
    pub(crate) foreign: BTreeSet<String>,
    /// Of `runtime`, those that name an output.
    pub(crate) outputs: BTreeSet<String>,
    /// Patterns of local files, as the user wrote them.
    pub(crate) patterns: BTreeSet<String>,
    /// Where relative paths start.
    pub(crate) folders: Folders,
    /// The build's name and type: the user's own words, which may hold a separator.
    pub(crate) build: [String; 2],
    /// The step is a stranger's.
    pub(crate) third_party: bool,
}

impl StepTemplates {
    /// A value that a step puts into a path must not lead elsewhere than the template's text does.
    fn harmless(&self, value: &str) -> bool {
        let part_of_a_name = !value.is_empty()
            && value.len() <= NAME
            && !value.starts_with('.')
            && !value.contains(|c: char| matches!(c, '/' | '\\') || c.is_control());
        part_of_a_name || self.build.iter().any(|own| own == value)
    }

    fn resolved(&self, text: &str, access: PathAccess) -> Result<UserPath, String> {
        let written = Written {
            option: "output",
            text,
            span: Span::default(),
            access,
            kind: FileKind::Any,
            third_party: self.third_party,
            later: false,
        };
        paths::resolve(&written, &self.folders).map_err(|problem| problem.message)
    }
}

impl RuntimeTemplates for StepTemplates {
    fn render(&self, at: &str, data: &BTreeMap<String, String>) -> Result<String, String> {
        let text = self
            .runtime
            .get(at)
            .ok_or_else(|| format!("`{at}` is not a template of this step"))?;
        if self.foreign.contains(at)
            && let Err(error) = self.renderer.check_foreign(text)
        {
            return Err(format!(
                "not written by the user, and may use its own data alone: {error}"
            ));
        }
        let rendered = self
            .renderer
            .render_with(text, data)
            .map_err(|error| error.to_string())?;
        if rendered.marks.deferred {
            return Err(format!(
                "`{at}` uses `{{{{build}}}}`, whose values are not known yet"
            ));
        }
        Ok(rendered.text)
    }

    fn output(&self, at: &str, data: &BTreeMap<String, String>) -> Result<UserPath, String> {
        if !self.outputs.contains(at) {
            return Err(format!("`{at}` is not a path of this step"));
        }
        if let Some((name, value)) = data.iter().find(|(_, value)| !self.harmless(value)) {
            if value.len() > NAME {
                return Err(format!(
                    "a value of {} bytes, for `{name}`, cannot be part of a path",
                    value.len()
                ));
            }
            return Err(format!("`{value}`, for `{name}`, cannot be part of a path"));
        }
        match self.render(at, data)?.as_str() {
            "" => Err(format!("`{at}` names no path")),
            text => self.resolved(text, PathAccess::Output),
        }
    }

    fn matching(&self, pattern: &str) -> Result<Vec<UserPath>, String> {
        if !self.patterns.contains(pattern) {
            return Err(format!("`{pattern}` is not a pattern of this step"));
        }
        let found = paths::matching(pattern, &self.folders)?;
        found
            .iter()
            .map(|text| self.resolved(text, PathAccess::Match))
            .collect()
    }

    fn bind(&self, options: &Json, generated: &BTreeMap<String, String>) -> Result<Option<Bound>, String> {
        let renderer = self.renderer.with_generated(generated.clone());
        let mut options = options.clone();
        for (at, text) in &self.deferred {
            let rendered = renderer
                .render_text(text)
                .map_err(|error| format!("option `{at}`: {error}"))?;
            if let Some(option) = options.pointer_mut(at) {
                *option = Json::String(rendered.text);
            }
        }
        let templates = Arc::new(Self {
            renderer,
            ..self.clone()
        });
        Ok(Some(Bound { options, templates }))
    }
}
