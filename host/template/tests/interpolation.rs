//! Variables and functions, from a template's text to what an option becomes.

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
fn functions() {
    let renderer = renderer();
    for (text, expected) in [
        ("plain", "plain"),
        ("a } b {", "a } b {"),
        ("{{user `name`}}", "Kiln"),
        ("{{ user \"name\" }}", "Kiln"),
        ("{{user `missing`}}!", "!"),
        ("{{user `loop`}}", ""),
        ("{{isotime}}", "2024-03-07T09:05:02Z"),
        ("{{isotime \"20060102-150405\"}}", "20240307-090502"),
        ("{{isotime `Jan 2`}}", "Mar 7"),
        ("{{strftime \"%Y/%m/%d\"}}", "2024/03/07"),
        ("{{timestamp}}", "1709802302"),
        ("{{build_name}} {{build_type}}", "first null"),
        ("{{template_dir}} {{pwd}}", "/templates /work"),
        ("{{upper `abc`}} {{lower `ABC`}}", "ABC abc"),
        ("{{user `name` | lower | printf \"%s-%s\" `x` | len}}", "6"),
        ("{{split (user `csv`) \",\" 1}}", "b"),
        (
            "{{replace `a` `b` 1 `aaa`}} {{replace `a` `b` -1 `aaa`}}",
            "baa bbb",
        ),
        ("{{user `name` | replace_all `i` `1`}}", "K1ln"),
        ("{{packer_version}}", "1.16.0"),
        (
            "{{clean_resource_name `a b`}} {{clean_ami_name `a b`}} {{clean_image_name `a b`}}",
            "a-b a-b a-b",
        ),
        ("{{if eq build_type `null`}}yes{{else}}no{{end}}", "yes"),
        ("{{with user `name`}}[{{.}}]{{end}}", "[Kiln]"),
        ("{{`{{literal}}`}}", "{{literal}}"),
        ("{{`a\\nb`}} {{\"a\\nb\"}}", "a\\nb a\nb"),
        ("{{/* nothing */}}x", "x"),
        ("{{\"µ\" | upper}}é", "Μé"),
    ] {
        let rendered = renderer.render_text(text).map(|rendered| rendered.text);
        assert_eq!(rendered.as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn errors_name_the_reason() {
    let renderer = renderer();
    for (text, expected) in [
        ("{{uper `x`}}", "function \"uper\" not defined"),
        ("{{env `HOME`}}", "env vars are not allowed here"),
        ("{{isotime `a` `b`}}", "too many values, 1 needed: [a b]"),
        (
            "{{split `a` `,` 3}}",
            "the substring 3 was unavailable using the separator value, ,, only 1 values were found",
        ),
        (
            "{{sed `a` `b`}}",
            "template function `sed` is deprecated use `replace` or `replace_all` instead",
        ),
        (
            "{{user `field`}}",
            "fields such as `{{.Vars}}` have no value here",
        ),
        (
            "{{consul_key `a`}}",
            "template function `consul_key` is not supported",
        ),
        (
            "{{define `a`}}{{template `a`}}{{end}}{{template `a`}}",
            "template text is nested more than 200 deep",
        ),
    ] {
        let error = renderer.render_text(text).expect_err(text);
        assert_eq!(error.message, expected, "{text}");
    }
    for broken in [
        "{{user `name`",
        "{{",
        "{{\"\\é\"}}",
        "{{end}}",
        "{{if}}x{{end}}",
        "{{template ``}}",
        "{{\"\\",
    ] {
        assert!(renderer.render_text(broken).is_err(), "{broken}");
    }
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
fn later_sources_of_variables_win() {
    let given = Variables {
        files: vec![
            Source::new("1", r#"{"b": "file1", "c": "file1"}"#),
            Source::new("2", r#"{"c": "file2"}"#),
        ],
        given: vec![
            ("d".to_owned(), "first".to_owned()),
            ("d".to_owned(), "{{user `a`}}=last".to_owned()),
            ("undeclared".to_owned(), "x".to_owned()),
        ],
    };
    let resolved = resolve(
        r#"{ "a": "default", "b": "default", "c": null, "d": "default" }"#,
        &given,
    );
    let expected = [
        ("a", "default"),
        ("b", "file1"),
        ("c", "file2"),
        ("d", "default=last"),
        ("undeclared", "x"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(resolved.variables, BTreeMap::from(expected));
}

#[test]
fn variables_use_one_another_in_any_order() {
    let resolved = resolve(
        r#"{ "a": "{{user `b`}}!", "b": "{{user `c`}}", "c": "{{env `HOME`}}", "d": "{{ .Vars }} {{user `c`}}" }"#,
        &Variables::default(),
    );
    assert_eq!(resolved.variables["a"], "/home/kiln!");
    assert_eq!(resolved.variables["d"], "{{ .Vars }} /home/kiln");
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

#[test]
fn keys_are_taken_whatever_their_case() {
    let text = r#"{"Builders": [{"Type": "null", "Name": "a"}], "PROVISIONERS": [{"TYPE": "shell", "Only": ["a"]}],
                   "push": {}, "description": "d", "_note": "n"}"#;
    let template = Template::parse(Source::new("template.json", text)).expect("a template that parses");
    assert_eq!(template.builders[0].raw_name(), "a");
    assert!(template.provisioners[0].scope.includes("a"));
    assert!(!template.provisioners[0].scope.includes("b"));
}

#[test]
fn uuids_differ_and_begin_with_the_time() {
    let renderer = renderer();
    let one = renderer.render_text("{{uuid}}").expect("a uuid").text;
    let two = renderer.render_text("{{uuid}}").expect("a uuid").text;
    assert_ne!(one, two);
    assert!(one.starts_with("65e9833e-"), "{one}");
    assert_eq!(one.len(), 36);
}
