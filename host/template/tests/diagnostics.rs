//! What a user reads when a template is wrong: whole reports, as the terminal shows them.

#![expect(clippy::expect_used, reason = "what a test cannot set up fails the test")]

use std::sync::Arc;

use kilnbox_template::{Diagnostics, Inputs, Source, Template, Variables};
use miette::{GraphicalReportHandler, GraphicalTheme};

fn show(problems: &Diagnostics) -> String {
    let mut shown = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(110)
        .render_report(&mut shown, problems)
        .expect("writing to a string");
    shown
}

fn wrong(text: &str) -> String {
    show(&Template::parse(Source::new("template.json", text)).expect_err("a template with a problem"))
}

fn unresolved(text: &str, given: &Variables) -> String {
    let template = Template::parse(Source::new("template.json", text)).expect("a template that parses");
    let inputs = Inputs {
        env: Arc::new(|_| None),
        now: "2024-03-07T09:05:02Z".parse().expect("a time"),
        working_dir: "/work".into(),
        template_dir: None,
        secrets: None,
    };
    show(
        &template
            .resolve(&inputs, given)
            .expect_err("variables with a problem"),
    )
}

#[test]
fn broken_json() {
    insta::assert_snapshot!(wrong(
        "{\n  \"builders\": [\n    { \"type\": \"null\", }\n  ]\n}\n"
    ));
}

#[test]
fn unfinished_json() {
    insta::assert_snapshot!(wrong("{\n  \"builders\": [\n"));
}

#[test]
fn comments_are_no_json() {
    insta::assert_snapshot!(wrong("{\n  // mine\n  \"builders\": []\n}\n"));
}

#[test]
fn empty_file() {
    insta::assert_snapshot!(wrong(""));
}

#[test]
fn nothing_but_a_word() {
    insta::assert_snapshot!(wrong("\"builders\""));
}

#[test]
fn unknown_key_with_suggestion() {
    insta::assert_snapshot!(wrong(
        "{\n  \"builders\": [{\"type\": \"null\"}],\n  \"provisoners\": []\n}\n"
    ));
}

#[test]
fn every_problem_is_told_at_once() {
    insta::assert_snapshot!(wrong(
        r#"{
  "min_packer_version": "1.99.0",
  "_comment": 5,
  "variables": { "count": 1 },
  "sensitive-variables": ["cuont"],
  "builders": [
    { "type": "null", "ssh_host": "a", "ssh_host": "b" },
    { "type": "null" },
    { "name": "nameless" }
  ],
  "provisioners": [
    { "type": "shell", "only": ["null"], "except": ["nul"] },
    { "inline": ["true"] },
    { "type": "shell", "override": { "nulll": {} } },
    "shell"
  ],
  "post-processors": [
    [["manifest"]],
    { "type": "manifest", "only": "null" }
  ]
}
"#
    ));
}

#[test]
fn no_builders() {
    insta::assert_snapshot!(wrong("{\n  \"provisioners\": []\n}\n"));
}

#[test]
fn variables_that_have_no_value() {
    insta::assert_snapshot!(unresolved(
        r#"{
  "variables": {
    "token": null,
    "greeting": "hello {{user `nmae`}}",
    "name": "kiln",
    "a": "{{user `b`}}",
    "b": "{{user `a`}}",
    "where": "{{vault `secret` `key`}}",
    "bad": "{{uper `x`}}"
  },
  "builders": [{ "type": "null" }]
}
"#,
        &Variables::default()
    ));
}

#[test]
fn variable_file_with_a_number() {
    let file = Source::new("vars.json", "{\n  \"count\": 5\n}\n");
    let given = Variables {
        files: vec![file],
        given: Vec::new(),
    };
    insta::assert_snapshot!(unresolved("{\"builders\": [{\"type\": \"null\"}]}", &given));
}

/// What programs write is often one line, of any length.
#[test]
fn a_long_line_is_shown_in_part() {
    let filler = "é".repeat(100_000);
    insta::assert_snapshot!(wrong(&format!(
        r#"{{"description": "{filler}", "provisoners": [], "builders": [{{"type": "null"}}], "_c": "{filler}"}}"#
    )));
}

#[test]
fn a_long_value_is_underlined_in_part() {
    let names = vec!["null"; 10_000];
    let names = serde_json::to_string(&names).expect("JSON");
    insta::assert_snapshot!(wrong(&format!(
        "{{\n  \"builders\": [{{\"type\": \"null\"}}],\n  \"comments\": {{\"a\": {names}}}\n}}\n"
    )));
}

#[test]
fn a_long_line_beside_the_place_is_left_out() {
    let filler = "x".repeat(100_000);
    insta::assert_snapshot!(wrong(&format!(
        "{{\n  \"builders\": [{{\"type\": \"null\"}}],\n  \"provisoners\": [],\n  \"description\": \"{filler}\"\n}}\n"
    )));
}
