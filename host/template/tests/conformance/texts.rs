//! Cases of a single text.

use std::sync::Arc;

use kilnbox_template::{RenderError, Rendered, Renderer, Source, Template, Variables};
use serde_json::json;

use crate::tables::{Table, TextCase, inputs, same};

pub(crate) fn text_case(table: &Table<TextCase>, case: &TextCase) -> Result<(), String> {
    let template = json!({ "variables": table.base, "builders": [{ "type": "null" }] });
    let template = Template::parse(Source::new("template.json", template.to_string())).expect("a template");
    let resolved = template
        .resolve(&inputs(), &Variables::default())
        .expect("variables");
    let renderer = for_case(&resolved.renderer, case);
    let outcome = match &case.data {
        Some(data) => renderer.render_with(&case.text, data),
        None => renderer.render_text(&case.text),
    };
    match (outcome, &case.expect, &case.error) {
        (Ok(rendered), Some(expected), None) => rendered_as(case, &rendered, expected),
        (Err(error), None, Some(expected)) => refused_as(case, &error, expected),
        (outcome, ..) => Err(format!("got {outcome:?}")),
    }
}

pub(crate) fn for_case(renderer: &Renderer, case: &TextCase) -> Renderer {
    if case.build == Some(false) {
        return renderer.clone();
    }
    let renderer = renderer.for_build("first", "null", Arc::new(|name: &str| name.replace(' ', "-")));
    match &case.generated {
        Some(generated) => renderer.with_generated(generated.clone()),
        None => renderer,
    }
}

fn rendered_as(case: &TextCase, rendered: &Rendered, expected: &String) -> Result<(), String> {
    same("text", &rendered.text, expected)?;
    same("sensitive", &rendered.marks.sensitive, &case.sensitive)?;
    same("undefined", &rendered.undefined, &case.warns)
}

fn refused_as(case: &TextCase, error: &RenderError, expected: &String) -> Result<(), String> {
    same("error", &error.message, expected)?;
    let place = error.at.and_then(|at| case.text.get(at.start..at.end));
    match &case.at {
        Some(at) => same("place", &place, &Some(at.as_str())),
        None if place.is_none() => Err("the error has no place".to_owned()),
        None => Ok(()),
    }
}
