//! Cases of a whole template.

use kilnbox_template::{Diagnostic, Diagnostics, PostProcessorBlock, Resolved, Severity, Source, Template};
use serde_json::{Value as Json, json};

use crate::tables::{Table, TemplateCase, inputs, same};

pub(crate) fn template_case(table: &Table<TemplateCase>, case: &TemplateCase) -> Result<(), String> {
    let text = case.text(&table.base, false);
    let outcome = Template::parse(Source::new("template.json", text.as_str()))
        .and_then(|template| template.resolve(&inputs(), &case.variables()));
    match outcome {
        Ok(resolved) if case.errors.is_empty() => case
            .sees
            .iter()
            .try_for_each(|(fact, expected)| same(fact, &seen(&resolved, fact, expected), expected)),
        Ok(_) => Err("it was accepted".to_owned()),
        Err(problems) => {
            let texts: Vec<&str> = case
                .files
                .iter()
                .map(String::as_str)
                .chain([text.as_str()])
                .collect();
            same_errors(&problems, &texts, &case.errors)
        }
    }
}

/// One fact of a template.
fn seen(resolved: &Resolved, fact: &str, expected: &Json) -> Json {
    let template = &resolved.template;
    let builds = || template.builders.iter().map(|builder| builder.raw_name());
    match fact {
        "description" => json!(template.description),
        "builds" => builds().collect(),
        "names" => template
            .builders
            .iter()
            .map(|builder| resolved.renderer.render_text(builder.raw_name()))
            .map(|name| name.map_or(Json::Null, |name| name.text.into()))
            .collect(),
        "options" => template
            .builders
            .iter()
            .map(|builder| builder.options.to_json())
            .collect(),
        "provisioners" => template
            .provisioners
            .iter()
            .map(|step| {
                let included: Vec<&str> = builds().filter(|build| step.scope.includes(build)).collect();
                json!([step.kind.value, included])
            })
            .collect(),
        "step_options" => template
            .provisioners
            .iter()
            .map(|step| {
                let options = builds().map(|build| (build.to_owned(), step.options_for(build).to_json()));
                Json::Object(options.collect())
            })
            .collect(),
        "cleanup" => json!(template.error_cleanup.as_ref().map(|step| &step.kind.value)),
        "chains" => chains(template, |link| json!(link.name())),
        "chain_options" => chains(template, |link| link.options.to_json()),
        "chain_builds" => chains(template, |link| {
            builds().filter(|build| link.scope.includes(build)).collect()
        }),
        "variables" => json!(resolved.variables),
        "secrets" => json!(resolved.secrets),
        // Names of variables: they are shown again only if their values are equal.
        "same" => {
            let names: Vec<&str> = expected
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            let values: Vec<_> = names.iter().map(|name| resolved.variables.get(*name)).collect();
            let equal = values.windows(2).all(|pair| pair.first() == pair.last());
            if equal { json!(names) } else { json!(values) }
        }
        other => json!(format!("there is no fact called `{other}`")),
    }
}

fn chains(template: &Template, show: impl Fn(&PostProcessorBlock) -> Json) -> Json {
    template
        .chains
        .iter()
        .map(|chain| chain.iter().map(&show).collect::<Json>())
        .collect()
}

fn same_errors(
    problems: &Diagnostics,
    texts: &[&str],
    expected: &[Vec<Option<String>>],
) -> Result<(), String> {
    let errors: Vec<&Diagnostic> = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .collect();
    let shown = || format!("got {errors:#?}");
    if errors.len() != expected.len() {
        return Err(shown());
    }
    for (error, expected) in errors.iter().zip(expected) {
        let part = |at: usize| expected.get(at).and_then(Option::as_deref);
        let pointed = |text: &&str| {
            let span = error.span.unwrap_or_default();
            part(1).is_none_or(|part| text.get(span.start..span.end) == Some(part))
        };
        let same = part(0) == Some(error.message.as_str())
            && texts.iter().any(pointed)
            && part(2).is_none_or(|hint| error.hint.as_deref() == Some(hint));
        if !same {
            return Err(shown());
        }
    }
    Ok(())
}
