//! Template text, the `{{ }}` of option values: it ends within its budget, whatever it says.
//!
//! The first part of the input is the text, the second one the value of a variable that it may use as `{{user "v"}}`.

use std::collections::BTreeMap;

use kilnbox_template::{Inputs, RenderError, Rendered, Source, Template, Variables, limits};
use serde_json::json;

use crate::{parts, places};

/// See the module.
pub fn check(data: &[u8]) {
    let Ok(input) = std::str::from_utf8(data) else {
        return;
    };
    let (text, variable) = parts::two(input);
    let template = json!({
        "variables": {"v": variable, "w": "{{user `v`}}{{user `v`}}", "s": "correct horse"},
        "sensitive-variables": ["s"],
        "builders": [{"type": "null"}],
    });
    let template = Template::parse(Source::new("t.json", template.to_string())).expect("a template");
    // A variable that cannot be expanded is told; the text is then tried without one.
    let plain =
        Template::parse(Source::new("t.json", r#"{"builders":[{"type":"null"}]}"#)).expect("a template");
    let given = Variables::default();
    let resolved = template
        .resolve(&Inputs::default(), &given)
        .or_else(|_| plain.resolve(&Inputs::default(), &given))
        .expect("a template without variables has nothing to expand");
    let renderer = resolved.renderer.for_build(
        "build",
        "kind",
        std::sync::Arc::new(|name| name.replace(' ', "-")),
    );

    let rendered = renderer.render_text(text);
    bounded(text, &rendered);
    match (&rendered, renderer.check(text)) {
        (Ok(rendered), Ok(())) if !text.contains("{{") => {
            assert_eq!(rendered.text, text, "plain text changed")
        }
        (Ok(_), Err(error)) => panic!("was expanded and should not have been: {error}"),
        (_, Err(error)) => place(text, &error),
        _ => {}
    }
    if let Ok(rendered) = &rendered
        && rendered.text.contains("correct horse")
        && !text.contains("correct horse")
        && !variable.contains("correct horse")
    {
        assert!(rendered.marks.sensitive, "a secret came in unnoticed");
    }

    let fields = ["Vars", "Path", "EnvVarFile"].map(|name| (name.to_owned(), "{{user `s`}}".to_owned()));
    let with_fields = renderer.render_with(text, &BTreeMap::from(fields));
    bounded(text, &with_fields);
}

fn bounded(text: &str, rendered: &Result<Rendered, RenderError>) {
    match rendered {
        Ok(rendered) => {
            let most = limits::BYTES as usize + text.len();
            assert!(
                rendered.text.len() <= most,
                "{} bytes of {}",
                rendered.text.len(),
                text.len()
            );
        }
        Err(error) => place(text, error),
    }
}

fn place(text: &str, error: &RenderError) {
    assert!(!error.message.is_empty());
    if let Some(at) = error.at {
        places::span(text, at);
    }
}
