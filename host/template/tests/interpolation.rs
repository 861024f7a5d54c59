//! What no table can hold: which text is expanded where, what is marked, and what is never parsed.

#![expect(clippy::expect_used, reason = "what a test cannot set up fails the test")]

use std::{collections::BTreeMap, sync::Arc};

use kilnbox_template::{Diagnostics, Inputs, Renderer, Resolved, Source, Template, Variables};

fn inputs() -> Inputs {
    Inputs {
        env: Arc::new(|name| (name == "HOME").then(|| "/home/kiln".to_owned())),
        now: "2024-03-07T09:05:02Z".parse().expect("a time"),
        working_dir: "/work".into(),
        template_dir: Some("/templates".into()),
        secrets: None,
    }
}

fn resolve(variables: &str, given: &Variables) -> Resolved {
    let text = format!(r#"{{ "variables": {variables}, "builders": [{{"type": "null"}}] }}"#);
    let template = Template::parse(Source::new("template.json", text)).expect("a template that parses");
    template
        .resolve(&inputs(), given)
        .expect("variables that resolve")
}

fn renderer() -> Renderer {
    let resolved = resolve(
        r#"{ "name": "Kiln", "csv": "a,b,c", "field": "run {{.Vars}} now", "loop": "{{env `NOT_SET`}}" }"#,
        &Variables::default(),
    );
    resolved
        .renderer
        .for_build("first", "null", Arc::new(|name: &str| name.replace(' ', "-")))
}

#[test]
fn data_is_never_parsed() {
    let renderer = renderer();
    let hostile = "{{user `name`}} {{.Path}} {{`";
    let data = BTreeMap::from([
        ("Vars".to_owned(), hostile.to_owned()),
        ("Path".to_owned(), "/tmp/x".to_owned()),
    ]);
    for (text, expected) in [
        ("{{.Vars}}{{.Path}}", format!("{hostile}/tmp/x")),
        ("{{user `field`}} {{.Path}}", format!("run {hostile} now /tmp/x")),
        ("{{.Missing}}", "<no value>".to_owned()),
    ] {
        let rendered = renderer.render_with(text, &data).map(|rendered| rendered.text);
        assert_eq!(rendered, Ok(expected), "{text}");
    }
    let generated = BTreeMap::from([("ID".to_owned(), hostile.to_owned())]);
    let running = renderer.with_generated(generated);
    assert_eq!(
        running
            .render_text("{{build `ID`}}")
            .map(|rendered| rendered.text)
            .as_deref(),
        Ok(hostile)
    );
    assert_eq!(
        running
            .render_text("{{build `Port`}}")
            .map_err(|error| error.message)
            .err()
            .as_deref(),
        Some("loaded data, but couldnt find Port in it.")
    );
}

#[test]
fn build_values_wait() {
    let rendered = renderer()
        .render_text("id {{build `ID` | upper}} {{user `name`}}")
        .expect("deferred text");
    assert!(rendered.marks.deferred);
    assert_eq!(rendered.text, "id {{build `ID` | upper}} {{user `name`}}");
}

#[test]
fn sensitive_values_are_tracked() {
    let text = r#"{
        "variables": { "password": "", "open": "x" }, "sensitive-variables": ["password"],
        "builders": [{"type": "null"}]
    }"#;
    let template = Template::parse(Source::new("template.json", text)).expect("a template that parses");
    let given = Variables {
        files: Vec::new(),
        given: vec![("password".to_owned(), "hunter2".to_owned())],
    };
    let resolved = template
        .resolve(&inputs(), &given)
        .expect("variables that resolve");
    assert_eq!(resolved.secrets, ["hunter2"]);
    for (text, sensitive) in [("a {{user `password`}}", true), ("a {{user `open`}}", false)] {
        let rendered = resolved.renderer.render_text(text).expect("text that renders");
        assert_eq!(rendered.marks.sensitive, sensitive, "{text}");
    }
    assert!(!format!("{:?}", resolved.renderer).contains("hunter2"));
}

#[test]
fn options_are_rendered_but_for_their_top_level_keys() {
    let text = r#"{ "variables": {"k": "key"}, "builders": [{
        "type": "null", "{{user `k`}}": {"{{user `k`}}": ["{{user `k`}}", 1]}, "skipped": "{{.Vars}}"
    }] }"#;
    let source = Source::new("template.json", text);
    let template = Template::parse(source.clone()).expect("a template that parses");
    let resolved = template
        .resolve(&inputs(), &Variables::default())
        .expect("variables that resolve");
    let mut problems = Diagnostics::new(&source);
    let options = &resolved.template.builders[0].options;
    let rendered = resolved
        .renderer
        .render_value(options, &|at| at == "/skipped", &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(
        rendered.to_json(),
        serde_json::json!({"{{user `k`}}": {"key": ["key", 1]}, "skipped": "{{.Vars}}"})
    );
    assert_eq!(
        rendered.at("/{{user `k`}}/key/1").map(|value| value.to_json()),
        Some(1.into())
    );
}
