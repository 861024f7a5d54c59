//! A template: reading, `kilnbox fmt` and `kilnbox fix`.
//!
//! The first part of the input is the template, the second one a file of variables.

use kilnbox_template::{Inputs, Resolved, Source, Template, Value, Variables, fix, format};

use crate::{parts, places};

/// See the module.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (template, variables) = parts::two(text);
    let source = Source::new("template.json", template);
    formatting(&source);
    fixing(&source);
    reading(&source, variables);
}

/// What is formatted is JSON for others, too; only white space changes, and a second time nothing.
fn formatting(source: &Source) {
    match format(source) {
        Ok(once) => {
            let read = serde_json::from_str::<serde::de::IgnoredAny>(&source.text);
            assert!(read.is_ok(), "is no JSON: {}", read.unwrap_err());
            assert_eq!(
                squeezed(&once),
                squeezed(&source.text),
                "more than white space changed"
            );
            let twice = format(&Source::new("once.json", once.as_str())).expect("what was formatted is JSON");
            assert_eq!(once, twice, "a second time changes something");
        }
        Err(problems) => places::problems(source, &problems),
    }
}

/// What is fixed is still JSON, and there is nothing left to fix: but for one fixer, which takes one level of
/// PowerShell's escapes (backticks) away each time, as Packer's does.
fn fixing(source: &Source) {
    match fix(source) {
        Ok(once) => {
            format(&once).expect("what was fixed is JSON");
            let twice = fix(&once).expect("what was fixed can be fixed");
            if !source.text.contains('`') {
                assert_eq!(once.text, twice.text, "a second time changes something");
            }
        }
        Err(problems) => places::problems(source, &problems),
    }
}

/// Every text of a template has its place, and every option can be expanded or has a problem at its place.
fn reading(source: &Source, variables: &str) {
    let template = match Template::parse(source.clone()) {
        Ok(template) => template,
        Err(problems) => {
            assert!(problems.has_errors(), "refused without a reason");
            places::problems(source, &problems);
            return;
        }
    };
    let given = Variables {
        files: if variables.is_empty() {
            Vec::new()
        } else {
            vec![Source::new("variables.json", variables)]
        },
        given: Vec::new(),
    };
    match template.resolve(&Inputs::default(), &given) {
        Ok(resolved) => expanding(source, &resolved),
        // With a file of variables, a place may be one of that file.
        Err(problems) if variables.is_empty() => places::problems(source, &problems),
        Err(problems) => assert!(problems.has_errors(), "refused without a reason"),
    }
}

fn expanding(source: &Source, resolved: &Resolved) {
    let template = &resolved.template;
    let steps = template.provisioners.iter().chain(&template.error_cleanup);
    let blocks = (template
        .builders
        .iter()
        .map(|block| (&block.kind, &block.options)))
    .chain(steps.map(|block| (&block.kind, &block.options)))
    .chain(
        template
            .chains
            .iter()
            .flatten()
            .map(|block| (&block.kind, &block.options)),
    );
    let mut problems = kilnbox_template::Diagnostics::new(source);
    for (kind, options) in blocks {
        places::span(&source.text, kind.span);
        let before = shape(options);
        let expanded = resolved.renderer.render_value(options, &|_| false, &mut problems);
        assert_eq!(before, shape(&expanded), "expanding changed more than texts");
    }
    places::problems(source, &problems);
}

/// How many values there are, which expanding must not change.
fn shape(value: &Value) -> usize {
    let below: usize = match &value.kind {
        kilnbox_template::Kind::Array(items) => items.iter().map(shape).sum(),
        kilnbox_template::Kind::Object(members) => members.iter().map(|member| shape(&member.value)).sum(),
        _ => 0,
    };
    below + 1
}

/// The text without white space outside of strings.
fn squeezed(text: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let keep = |c: &char| {
        let kept = inside || !c.is_ascii_whitespace();
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = inside,
            '"' => inside = !inside,
            _ => {}
        }
        kept
    };
    text.chars().filter(keep).collect()
}
