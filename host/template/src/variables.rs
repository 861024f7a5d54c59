//! Variables: where their values come from, and what they are after interpolation.
//!
//! Default, then variable files, then `-var`; the last one wins. A value may itself use `{{env}}`, `{{user}}` and the
//! other functions. Packer repeats passes until nothing changes; here a variable is rendered when another one asks
//! for it, which finds the same values in one pass and tells a circle from a missing name.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use crate::{
    Diagnostic, Diagnostics, Inputs, Kind, Renderer, Source, Span, Template, Variables, did_you_mean, json,
    render::{Purpose, RenderError},
};

const REQUIRED: &str = "Please make sure that the variable you're referencing has been defined; Packer treats all \
                        variables used to interpolate other user variables as required.";

/// Variables that use variables; Packer gives up after as many passes.
const MAX_CHAIN: usize = 100;

/// A template with known variables.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The template.
    pub template: Template,
    /// Expands option values; [`Renderer::for_build`] gives it a build.
    pub renderer: Renderer,
    /// The variables, sorted by name.
    pub variables: BTreeMap<String, String>,
    /// Values of sensitive variables that are not empty: never to be shown.
    pub secrets: Vec<String>,
}

/// See [`Template::resolve`].
pub(crate) fn resolve(
    template: Template,
    inputs: &Inputs,
    given: &Variables,
) -> Result<Resolved, Diagnostics> {
    let mut problems = Diagnostics::new(&template.source);
    let raw = collect(&template, given, &mut problems);
    let required = template
        .variables
        .iter()
        .filter(|variable| !raw.contains_key(&variable.name.value));
    for variable in required {
        let name = &variable.name.value;
        problems.push(
            Diagnostic::error(variable.name.span, format!("required variable not set: {name}"))
                .label("has no default")
                .hint(format!("give it with `-var '{name}=…'` or in a `-var-file`")),
        );
    }
    let pending = Arc::new(Pending {
        inputs: inputs.clone(),
        raw,
    });
    let mut variables = BTreeMap::new();
    for (name, raw) in &pending.raw {
        match pending.render(name) {
            Ok(value) => {
                variables.insert(name.clone(), value);
            }
            Err(error) => problems.push(refuse(&template, name, raw, &error, &pending)),
        }
    }
    let sensitive: Vec<&str> = template
        .sensitive
        .iter()
        .map(|name| name.value.as_str())
        .collect();
    let secrets: Vec<String> = sensitive
        .iter()
        .filter_map(|name| variables.get(*name))
        .filter(|value| !value.is_empty())
        .cloned()
        .collect();
    let renderer = Renderer::new(
        inputs.clone(),
        variables.clone(),
        sensitive.into_iter().map(str::to_owned).collect(),
    );
    problems.or(()).map(|()| Resolved {
        template,
        renderer,
        variables,
        secrets,
    })
}

/// A value before interpolation, with its place where that is in the template.
struct Raw {
    text: String,
    span: Option<Span>,
}

fn collect(template: &Template, given: &Variables, problems: &mut Diagnostics) -> BTreeMap<String, Raw> {
    let mut raw = BTreeMap::new();
    for variable in &template.variables {
        if let Some(default) = &variable.default {
            let value = Raw {
                text: default.value.clone(),
                span: Some(default.span),
            };
            raw.insert(variable.name.value.clone(), value);
        }
    }
    for file in &given.files {
        for (name, text) in read_file(file, problems) {
            raw.insert(name, Raw { text, span: None });
        }
    }
    for (name, text) in &given.given {
        raw.insert(
            name.clone(),
            Raw {
                text: text.clone(),
                span: None,
            },
        );
    }
    raw
}

fn read_file(file: &Source, problems: &mut Diagnostics) -> Vec<(String, String)> {
    let (root, mut found) = json::read(file);
    let mut values = Vec::new();
    if let Some(root) = root {
        if !matches!(root.kind, Kind::Object(_)) {
            found.push(Diagnostic::error(
                root.span,
                format!("a variable file must be an object, not {}", root.type_name()),
            ));
        }
        for member in root.members() {
            match member.value.as_str() {
                Some(text) => values.push((member.key.clone(), text.to_owned())),
                None => found.push(
                    Diagnostic::error(
                        member.value.span,
                        format!(
                            "variable `{}` must be a string, not {}",
                            member.key,
                            member.value.type_name()
                        ),
                    )
                    .label("not a string")
                    .hint("write the value in quotes"),
                ),
            }
        }
    }
    problems.append(found);
    values
}

fn refuse(template: &Template, name: &str, raw: &Raw, error: &RenderError, pending: &Pending) -> Diagnostic {
    let sensitive = template.sensitive.iter().any(|sensitive| sensitive.value == name);
    let shown = if sensitive { "<sensitive>" } else { &raw.text };
    let mut message = format!("Failed to interpolate \"{name}\": \"{shown}\"; error: {error}");
    let mut hint = error.hint.clone();
    if let Some(missing) = &error.undefined {
        message = format!("{message}: {REQUIRED}");
        hint = did_you_mean(missing, pending.raw.keys().map(String::as_str)).or_else(|| {
            Some(format!(
                "declare `{missing}` in `variables`, or give it with `-var`"
            ))
        });
    }
    let span = raw.span.or_else(|| {
        template
            .variables
            .iter()
            .find(|variable| variable.name.value == name)
            .map(|variable| variable.name.span)
    });
    Diagnostic {
        span,
        ..Diagnostic::anywhere(message)
    }
    .maybe_hint(hint)
}

/// Variables that are rendered when they are asked for.
pub(crate) struct Pending {
    inputs: Inputs,
    raw: BTreeMap<String, Raw>,
}

thread_local! {
    /// The variables being rendered, outermost first: one that is asked for again is part of a circle.
    static CHAIN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Pending {
    /// The value of a variable, or why it has none.
    pub(crate) fn render(self: &Arc<Self>, name: &str) -> Result<String, RenderError> {
        let Some(raw) = self.raw.get(name) else {
            return Err(RenderError::undefined(name));
        };
        let circle = CHAIN.with_borrow(|chain| chain.iter().any(|asked| asked == name));
        if circle {
            let chain = CHAIN.with_borrow(|chain| chain.join("` -> `"));
            return Err(RenderError::new(format!("`{chain}` -> `{name}` is a circle")));
        }
        if CHAIN.with_borrow(Vec::len) >= MAX_CHAIN {
            return Err(RenderError::new(format!(
                "more than {MAX_CHAIN} variables use one another"
            )));
        }
        CHAIN.with_borrow_mut(|chain| chain.push(name.to_owned()));
        let purpose = Purpose::Variables(Arc::clone(self));
        let rendered =
            Renderer::with_purpose(self.inputs.clone(), purpose).render_text(&protect_fields(&raw.text));
        CHAIN.with_borrow_mut(Vec::pop);
        rendered.map(|rendered| rendered.text)
    }
}

/// Leaves `{{ .Vars }}` and the like for the option the variable is used in, as Packer does: such an action becomes
/// one that prints itself.
fn protect_fields(text: &str) -> String {
    let mut protected = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let (before, action) = rest.split_at(open);
        protected.push_str(before);
        let inner = action.get(2..).unwrap_or_default();
        let Some(close) = inner.find("}}").filter(|_| inner.trim_start().starts_with('.')) else {
            protected.push_str("{{");
            rest = inner;
            continue;
        };
        let (field, after) = action.split_at(close + 4);
        protected.push_str("{{`");
        protected.push_str(field);
        protected.push_str("`}}");
        rest = after;
    }
    protected.push_str(rest);
    protected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_left_for_the_option() {
        assert_eq!(
            protect_fields("a {{ .Vars }} {{user `x`}}"),
            "a {{`{{ .Vars }}`}} {{user `x`}}"
        );
        assert_eq!(protect_fields("{{.Path}"), "{{.Path}");
        assert_eq!(protect_fields("plain"), "plain");
    }
}
