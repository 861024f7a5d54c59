//! Variables: where their values come from, and what they are after interpolation.
//!
//! Default, then variable files, then `-var`; the last one wins. A value may itself use `{{env}}`, `{{user}}` and the
//! other functions. Packer repeats passes until nothing changes; here a variable is rendered when another one asks
//! for it, which finds the same values in one pass and tells a circle from a missing name.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Diagnostic, Diagnostics, Inputs, Kind, Marks, RenderError, Rendered, Renderer, Source, Span, Template,
    Variables,
    allowance::Allowance,
    did_you_mean,
    functions::Around,
    json::{self, Repeats},
    limits,
    render::Purpose,
    text_template::{Budget, Value as Data},
};

const REQUIRED: &str = "Please make sure that the variable you're referencing has been defined; Packer treats all \
                        variables used to interpolate other user variables as required.";

/// A template with known variables.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The template.
    pub template: Template,
    /// Expands option values; [`Renderer::for_build`] gives it a build.
    pub renderer: Renderer,
    /// The variables, sorted by name.
    pub variables: BTreeMap<String, String>,
    /// Values of sensitive variables, and whatever was fetched as a secret, if not empty: never to be shown.
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
        sensitive: template.sensitive.iter().map(|name| name.value.clone()).collect(),
        allowance: Arc::default(),
        known: Mutex::default(),
        secrets: Mutex::default(),
    });
    let mut variables = BTreeMap::new();
    let mut sensitive = pending.sensitive.clone();
    for (name, raw) in &pending.raw {
        if problems.is_full() {
            break;
        }
        let mut budget = pending.allowance.budget(&raw.text);
        let rendered = pending.render(name, &mut Vec::new(), &mut budget);
        pending.allowance.take(&raw.text, &budget);
        match rendered {
            Ok(rendered) => {
                if rendered.marks.sensitive {
                    sensitive.insert(name.clone());
                }
                variables.insert(name.clone(), rendered.text);
            }
            Err(error) => {
                let problem = refuse(&template, name, raw, &error, &pending, &problems);
                problems.push(problem);
            }
        }
    }
    let mut secrets: Vec<String> = template
        .sensitive
        .iter()
        .filter_map(|name| variables.get(&name.value))
        .cloned()
        .collect();
    secrets.append(&mut locked(&pending.secrets));
    secrets.retain(|secret| !secret.is_empty());
    // A secret that was changed on the way, such as by `upper`, is no longer found by its own text.
    for value in sensitive.iter().filter_map(|name| variables.get(name)) {
        if !value.is_empty() && !secrets.iter().any(|secret| value.contains(secret.as_str())) {
            secrets.push(value.clone());
        }
    }
    let renderer = Renderer::new(inputs.clone(), variables.clone(), sensitive);
    problems.or(()).map(|()| Resolved {
        template,
        renderer,
        variables,
        secrets,
    })
}

/// See [`Template::written_secrets`]. What is expanded is no secret before it is, and what is overridden is none: a default
/// such as `changeme` or `none` would be covered in every text.
pub(crate) fn written_secrets(template: &Template, given: &Variables) -> Vec<String> {
    let mut unheard = Diagnostics::new(&template.source);
    let defaults = template.variables.iter().filter_map(|variable| {
        let default = variable.default.as_ref()?;
        Some((variable.name.value.clone(), default.value.clone()))
    });
    let written: BTreeMap<String, String> = defaults
        .chain(given.files.iter().flat_map(|file| read_file(file, &mut unheard)))
        .chain(given.given.iter().cloned())
        .filter(|(name, _)| template.sensitive.iter().any(|known| known.value == *name))
        .collect();
    written
        .into_values()
        .filter(|text| !text.is_empty() && !text.contains("{{"))
        .collect()
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
    let (root, mut found) = json::read(file, Repeats::LastWins);
    let mut values = Vec::new();
    if let Some(root) = root {
        if !matches!(root.kind, Kind::Object(_)) {
            found.push(Diagnostic::error(
                root.span,
                format!("a variable file must be an object, not {}", root.type_name()),
            ));
        }
        for member in root.members() {
            match &member.value.kind {
                Kind::String(text) => values.push((member.key.clone(), text.clone())),
                // As Packer, whose JSON reader takes it for the empty text.
                Kind::Null => values.push((member.key.clone(), String::new())),
                _ => found.push(
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

fn refuse(
    template: &Template,
    name: &str,
    raw: &Raw,
    error: &RenderError,
    pending: &Pending,
    problems: &Diagnostics,
) -> Diagnostic {
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
    let span = match raw.span {
        Some(span) => Some(problems.inside(span, error.at.map(|at| protect_fields(&raw.text).original(at)))),
        None => template
            .variables
            .iter()
            .find(|variable| variable.name.value == name)
            .map(|variable| variable.name.span),
    };
    Diagnostic {
        span,
        ..Diagnostic::anywhere(message)
    }
    .maybe_hint(hint)
}

/// Variables that are rendered when they are asked for, each once.
pub(crate) struct Pending {
    inputs: Inputs,
    raw: BTreeMap<String, Raw>,
    sensitive: BTreeSet<String>,
    allowance: Arc<Allowance>,
    /// Those that are rendered.
    known: Mutex<BTreeMap<String, Rendered>>,
    /// What was fetched from elsewhere.
    secrets: Mutex<Vec<String>>,
}

/// Nothing panics while it holds one of these; if something did, what is in it is still whole.
fn locked<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pending {
    /// The value of a variable, or why it has none. `chain` are the variables that ask for it, outermost first.
    pub(crate) fn render(
        self: &Arc<Self>,
        name: &str,
        chain: &mut Vec<String>,
        budget: &mut Budget,
    ) -> Result<Rendered, RenderError> {
        let Some(raw) = self.raw.get(name) else {
            return Err(RenderError::undefined(name));
        };
        if !raw.text.contains("{{") {
            return Ok(Rendered {
                text: raw.text.clone(),
                marks: Marks {
                    sensitive: self.sensitive.contains(name),
                    ..Marks::default()
                },
                undefined: Vec::new(),
            });
        }
        if let Some(known) = locked(&self.known).get(name) {
            return Ok(known.clone());
        }
        if chain.iter().any(|asked| asked == name) {
            let chain = chain.join("` -> `");
            return Err(RenderError::new(format!("`{chain}` -> `{name}` is a circle")));
        }
        if chain.len() >= limits::CHAIN {
            return Err(RenderError::long_chain());
        }
        budget.enter()?;
        let mut around = Around {
            data: Data::Nil,
            chain: std::mem::take(chain),
        };
        around.chain.push(name.to_owned());
        let purpose = Purpose::Variables(Arc::clone(self));
        let rendered = Renderer::with_purpose(self.inputs.clone(), purpose, Arc::clone(&self.allowance))
            .expand(&protect_fields(&raw.text).text, &mut around, budget);
        *chain = around.chain;
        chain.pop();
        budget.leave();
        // A place in this variable's text means nothing to the variable that asked for it.
        let mut rendered = rendered.map_err(|error| {
            if chain.is_empty() {
                error
            } else {
                error.elsewhere()
            }
        })?;
        rendered.marks.sensitive |= self.sensitive.contains(name);
        locked(&self.known).insert(name.to_owned(), rendered.clone());
        Ok(rendered)
    }

    /// How long a variable is: its value, or its text as long as that is not known.
    pub(crate) fn length_of(&self, name: &str) -> usize {
        let known = locked(&self.known).get(name).map(|known| known.text.len());
        known
            .or_else(|| self.raw.get(name).map(|raw| raw.text.len()))
            .unwrap_or(0)
    }

    /// Takes note of a value that must never be shown.
    pub(crate) fn keep_secret(&self, value: &str) {
        locked(&self.secrets).push(value.to_owned());
    }
}

/// See [`protect_fields`].
struct Protected {
    text: String,
    /// Where it has bytes that the written text has not.
    added: Vec<Span>,
}

impl Protected {
    /// A place in the protected text as one in the written text.
    fn original(&self, at: Span) -> Span {
        let shift = |place: usize| {
            let added = self.added.iter().take_while(|added| added.end <= place);
            place - added.map(|added| added.end - added.start).sum::<usize>()
        };
        Span::new(shift(at.start), shift(at.end))
    }
}

/// Leaves `{{ .Vars }}` and the like for the option the variable is used in, as Packer does: such an action becomes
/// one that prints itself.
fn protect_fields(text: &str) -> Protected {
    let mut protected = Protected {
        text: String::with_capacity(text.len()),
        added: Vec::new(),
    };
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let (before, action) = rest.split_at(open);
        protected.text.push_str(before);
        let inner = action.get(2..).unwrap_or_default();
        let close = inner.find("}}").filter(|close| {
            inner.trim_start().starts_with('.')
                && !inner.get(..*close).is_some_and(|field| field.contains('`'))
        });
        let Some(close) = close else {
            protected.text.push_str("{{");
            rest = inner;
            continue;
        };
        let (field, after) = action.split_at(close + 4);
        for part in ["{{`", field, "`}}"] {
            let start = protected.text.len();
            protected.text.push_str(part);
            if part.len() != field.len() || part != field {
                protected.added.push(Span::new(start, protected.text.len()));
            }
        }
        rest = after;
    }
    protected.text.push_str(rest);
    protected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_before_they_are_expanded() {
        let text = r#"{"variables": {"a": "one", "b": "{{env `B`}}", "c": "open"}, "sensitive-variables": ["a", "b"],
            "builders": [{"type": "null"}]}"#;
        let given = Variables {
            files: vec![Source::new("v.json", r#"{"a": "two", "b": "four", "c": "open"}"#)],
            given: vec![
                ("a".to_owned(), "three".to_owned()),
                ("d".to_owned(), "open".to_owned()),
            ],
        };
        let template = Template::parse(Source::new("t.json", text)).unwrap();
        assert_eq!(template.written_secrets(&given), ["three", "four"]);
        assert_eq!(template.written_secrets(&Variables::default()), ["one"]);
    }

    #[test]
    fn fields_are_left_for_the_option() {
        for (written, expected) in [
            ("a {{ .Vars }} {{user `x`}}", "a {{`{{ .Vars }}`}} {{user `x`}}"),
            ("{{.Path}", "{{.Path}"),
            ("plain", "plain"),
        ] {
            assert_eq!(protect_fields(written).text, expected);
        }
    }

    #[test]
    fn places_are_those_of_the_written_text() {
        let written = "a {{ .Vars }} {{user `x`}}";
        let protected = protect_fields(written);
        let at = protected.text.find("user").expect("the call");
        let place = protected.original(Span::new(at, at + 4));
        assert_eq!(written.get(place.start..place.end), Some("user"));
    }
}
