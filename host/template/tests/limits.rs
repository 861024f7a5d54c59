//! Templates that are large, and templates that are built to explode: the first are read, the second refused.
//!
//! The limits are in `src/limits.rs`. No time is asserted; a limit that does not hold makes these tests run for minutes
//! or end the process.

#![expect(clippy::expect_used, reason = "what a test cannot set up fails the test")]

use std::fmt::Write as _;

use kilnbox_template::{Diagnostics, Inputs, Resolved, Source, Template, Variables, limits};
use serde_json::{Map, Value as Json, json};

fn resolve(text: String) -> Result<Resolved, Diagnostics> {
    Template::parse(Source::new("template.json", text))?.resolve(&Inputs::default(), &Variables::default())
}

/// Expands every option of every provisioner, as a plan does.
fn expand(resolved: &Resolved) -> Diagnostics {
    let mut problems = Diagnostics::new(&resolved.template.source);
    for step in &resolved.template.provisioners {
        resolved
            .renderer
            .render_value(&step.options, &|_| false, &mut problems);
    }
    problems
}

fn template(variables: Json, provisioners: Json) -> String {
    json!({ "variables": variables, "builders": [{ "type": "null" }], "provisioners": provisioners })
        .to_string()
}

fn first_error(outcome: Result<Resolved, Diagnostics>) -> String {
    let problems = match outcome {
        Ok(resolved) => expand(&resolved),
        Err(problems) => problems,
    };
    let error = problems.iter().next().expect("a problem");
    error.message.clone()
}

#[test]
fn two_thousand_provisioners_in_five_megabytes() {
    let filler = "x".repeat(2_400);
    let step = |at: usize| json!({ "type": "shell", "inline": [format!("echo {{{{user `v{}`}}}} {filler}", at % 100)] });
    let variables: Map<String, Json> = (0..100)
        .map(|at| (format!("v{at}"), format!("value {at}").into()))
        .collect();
    let text = template(variables.into(), (0..2_000).map(step).collect());
    assert!(text.len() > 4_800_000, "{} bytes", text.len());
    let resolved = resolve(text).expect("a template");
    assert_eq!(resolved.template.provisioners.len(), 2_000);
    assert!(expand(&resolved).is_empty());
    let last = resolved.template.provisioners.last().expect("a provisioner");
    let mut problems = Diagnostics::new(&resolved.template.source);
    let options = resolved
        .renderer
        .render_value(&last.options, &|_| false, &mut problems);
    let inline = options.at("/inline/0").and_then(|line| line.as_str());
    assert!(inline.is_some_and(|line| line.starts_with("echo value 99 xxx")));
}

#[test]
fn many_keys_and_names_are_told_apart() {
    let mut text = String::from("{\"variables\": {");
    for at in 0..100_000 {
        let _ = write!(text, "\"v{at}\": \"\",");
    }
    text.push_str("\"last\": \"\"}, \"builders\": [");
    for at in 0..20_000 {
        let _ = write!(text, "{{\"type\": \"null\", \"name\": \"b{at}\"}},");
    }
    text.push_str("{\"type\": \"null\"}]}");
    let resolved = resolve(text).expect("a template");
    assert_eq!(resolved.variables.len(), 100_001);
    assert_eq!(resolved.template.builders.len(), 20_001);
}

#[test]
fn texts_that_repeat_themselves() {
    for (text, expected) in [
        ("{{range 1000000}}x{{end}}".to_owned(), "takes more than"),
        (
            "{{range 9000}}{{range 9000}}{{range 9000}}{{end}}{{end}}{{end}}".to_owned(),
            "takes more than",
        ),
        // Each calls the next one twice, sixty deep.
        (doubling_templates(), "takes more than"),
        (
            "{{block `a` .}}{{template `a`}}{{end}}".to_owned(),
            "nested more than",
        ),
        // A hundred variables' worth of doubling.
        (
            "{{$x := `xx`}}{{range 100}}{{$x = print $x $x}}{{end}}".to_owned(),
            "produces more than",
        ),
        (
            "{{$x := `<<`}}{{range 100}}{{$x = html $x $x}}{{end}}".to_owned(),
            "produces more than",
        ),
        (
            "{{range 90000}}{{printf `%99999d` 1}}{{end}}".to_owned(),
            "produces more than",
        ),
        (
            format!(
                "{{{{printf `{}` (printf `%999999d` 1)}}}}",
                "%[1]s".repeat(10_000)
            ),
            "produces more than",
        ),
        // Nothing comes of it, but a long text is searched each time.
        (
            "{{$x := printf `%999999d` 1}}{{range 90000}}{{$y := split $x `1` 0}}{{end}}".to_owned(),
            "takes more than",
        ),
        (
            "{{$x := printf `%999999d` 1}}{{range 90000}}{{if eq $x `1`}}{{end}}{{end}}".to_owned(),
            "takes more than",
        ),
    ] {
        let shown = text.get(..60).unwrap_or(&text).to_owned();
        let error = first_error(resolve(template(
            json!({}),
            json!([{ "type": "shell", "inline": [text] }]),
        )));
        assert!(error.contains(expected), "{shown}: {error}");
    }
}

fn doubling_templates() -> String {
    let mut text = String::new();
    for at in 0..60 {
        let next = at + 1;
        let _ = write!(
            text,
            "{{{{define `t{at}`}}}}{{{{template `t{next}`}}}}{{{{template `t{next}`}}}}{{{{end}}}}"
        );
    }
    text + "{{define `t60`}}{{end}}{{template `t0`}}"
}

#[test]
fn texts_that_are_nested_deeply() {
    for text in [
        format!("{{{{{}1{}}}}}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("{}{}", "{{if true}}".repeat(10_000), "{{end}}".repeat(10_000)),
        format!("{}{{{{end}}}}", "{{if false}}{{else if true}}".repeat(10_000)),
        format!("{}{{{{end}}}}", "{{range 1}}{{with 1}}".repeat(10_000)),
        "{{block `a` 1}}".repeat(10_000),
    ] {
        let error = first_error(resolve(template(
            json!({}),
            json!([{ "type": "shell", "inline": [text] }]),
        )));
        assert_eq!(error, "template text is nested more than 100 deep");
    }
}

#[test]
fn texts_of_too_many_pieces() {
    let text = "{{1}}".repeat(limits::PIECES);
    let error = first_error(resolve(template(
        json!({}),
        json!([{ "type": "shell", "inline": [text] }]),
    )));
    assert!(error.contains("pieces"), "{error}");
}

#[test]
fn many_texts_together() {
    let inline: Vec<&str> = vec!["{{range 90000}}{{end}}"; 100_000];
    let error = first_error(resolve(template(
        json!({}),
        json!([{ "type": "shell", "inline": inline }]),
    )));
    assert_eq!(error, "the texts of this template take too much together");

    let variables = json!({ "big": "{{printf `%999999d` 1}}" });
    let inline: Vec<&str> = vec!["{{user `big`}}"; 10_000];
    let error = first_error(resolve(template(
        variables,
        json!([{ "type": "shell", "inline": inline }]),
    )));
    assert_eq!(error, "the texts of this template take too much together");
}

#[test]
fn variables_that_bring_in_one_another() {
    let doubling: Map<String, Json> = (0..60)
        .map(|at| {
            (
                format!("v{at:02}"),
                format!("{{{{user `v{:02}`}}}}{{{{user `v{:02}`}}}}", at + 1, at + 1).into(),
            )
        })
        .chain([("v60".to_owned(), "x".repeat(100).into())])
        .collect();
    let error = first_error(resolve(template(doubling.into(), json!([]))));
    assert!(error.contains("produces more than"), "{error}");

    let chain: Map<String, Json> = (0..150)
        .map(|at| {
            (
                format!("v{at:03}"),
                format!("{{{{user `v{:03}`}}}}", at + 1).into(),
            )
        })
        .chain([("v150".to_owned(), "x".into())])
        .collect();
    let error = first_error(resolve(template(chain.into(), json!([]))));
    assert!(
        error.contains("more than 100 variables use one another"),
        "{error}"
    );

    // Values that are template text, brought in by options.
    let late: Map<String, Json> = (0..300)
        .map(|at| {
            (
                format!("v{at:03}"),
                format!("{{{{`{{{{user \"v{:03}\"}}}}`}}}}", at + 1).into(),
            )
        })
        .collect();
    let error = first_error(resolve(template(
        late.into(),
        json!([{ "type": "shell", "inline": ["{{user `v000`}}"] }]),
    )));
    assert!(
        error.contains("more than 100 variables use one another"),
        "{error}"
    );
    let nested = json!({ "a": "{{`{{user \"b\"}}{{user \"b\"}}`}}", "b": "{{`{{user \"a\"}}`}}" });
    let error = first_error(resolve(template(
        nested,
        json!([{ "type": "shell", "inline": ["{{user `a`}}"] }]),
    )));
    assert_eq!(error, "variable `a` brings in itself");
}

#[test]
fn json_that_is_nested_deeply() {
    let text = format!("{{\"builders\": {}{}}}", "[".repeat(400_000), "]".repeat(400_000));
    let error = first_error(resolve(text));
    assert!(error.contains("nesting depth"), "{error}");
}

#[test]
fn json_of_too_many_values() {
    let text = format!("{{\"builders\": [{}0]}}", "0,".repeat(4_000_000));
    assert_eq!(
        first_error(resolve(text)),
        "Error parsing JSON: more than 500000 values"
    );
    let quoted = json!({ "builders": [{ "type": "null", "text": "\",".repeat(600_000) }] }).to_string();
    assert!(resolve(quoted).is_ok(), "commas in a string are no values");
}

#[test]
fn problems_without_end() {
    let steps: Vec<Json> = (0..20_000)
        .map(|at| json!({ "only": [format!("b{at}")] }))
        .collect();
    let problems = resolve(template(json!({}), steps.into())).expect_err("problems");
    assert_eq!(problems.iter().count(), limits::PROBLEMS + 1);
}
