//! What a user reads of every error in the tables: whole reports, with line, column, source line and hint.

use kilnbox_template::{Diagnostic, Diagnostics, Source, Template, Variables};
use miette::{GraphicalReportHandler, GraphicalTheme};
use serde_json::json;

use crate::{
    tables::{TemplateCase, TextCase, inputs, table},
    texts::for_case,
};

#[test]
fn errors_of_text() {
    for name in ["interpolation", "functions"] {
        insta::assert_snapshot!(name, shown(table(name).cases.iter().filter_map(text_report)));
    }
}

#[test]
fn errors_of_templates() {
    for name in [
        "top-level-keys",
        "builders",
        "provisioners",
        "post-processors",
        "variables",
    ] {
        let table = table::<TemplateCase>(name);
        let reports = table
            .cases
            .iter()
            .filter(|case| !case.errors.is_empty())
            .map(|case| {
                let source = Source::new("template.json", case.text(&table.base, true));
                let problems = Template::parse(source)
                    .and_then(|template| template.resolve(&inputs(), &case.variables()))
                    .expect_err("an error");
                report(&problems)
            });
        insta::assert_snapshot!(name, shown(reports));
    }
}

/// The text as the option of a builder, where it is on a line of its own.
fn text_report(case: &TextCase) -> Option<String> {
    case.error.as_ref()?;
    let template = json!({ "builders": [{ "type": "null", "option": case.text }] });
    let text = serde_json::to_string_pretty(&template).expect("JSON");
    let source = Source::new("template.json", text);
    let resolved = Template::parse(source.clone())
        .and_then(|template| template.resolve(&inputs(), &Variables::default()))
        .expect("a template");
    let option = resolved.template.builders.first()?.options.get("option")?;
    let mut problems = Diagnostics::new(&source);
    let renderer = for_case(&resolved.renderer, case);
    match &case.data {
        None => {
            renderer.render_at(option.as_str()?, option.span, &mut problems);
        }
        Some(data) => {
            let error = renderer
                .render_with(option.as_str()?, data)
                .expect_err("an error");
            let place = problems.inside(option.span, error.at);
            problems.push(Diagnostic::error(place, error.message).maybe_hint(error.hint));
        }
    }
    Some(report(&problems))
}

fn report(problems: &Diagnostics) -> String {
    let mut shown = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(110)
        .render_report(&mut shown, problems)
        .expect("writing to a string");
    shown
}

fn shown(reports: impl Iterator<Item = String>) -> String {
    reports.collect::<Vec<_>>().join("\n---\n\n")
}
