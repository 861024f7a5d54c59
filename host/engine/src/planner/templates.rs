//! Renders a step's options while it runs: those marked `runtime-template`, and those that wait for the build.

use std::{collections::BTreeMap, sync::Arc};

use kilnbox_template::Renderer;
use serde_json::Value as Json;

use crate::{RuntimeTemplates, step_runner::Bound};

/// The template text of one step, by JSON pointer.
#[derive(Clone, Debug)]
pub(crate) struct StepTemplates {
    pub(crate) renderer: Renderer,
    /// Options the step renders itself.
    pub(crate) runtime: BTreeMap<String, String>,
    /// Options that use `{{build "Key"}}`: rendered before the step starts.
    pub(crate) deferred: BTreeMap<String, String>,
}

impl RuntimeTemplates for StepTemplates {
    fn render(&self, at: &str, data: &BTreeMap<String, String>) -> Result<String, String> {
        let text = self
            .runtime
            .get(at)
            .ok_or_else(|| format!("`{at}` is not a template of this step"))?;
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
