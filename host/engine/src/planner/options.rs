//! One component's options: from what the user wrote to JSON that fits the component's schema.
//!
//! Interpolate, bring into the schema's types, validate, fill in defaults; what was wrong points at the option in the
//! template. Builders, provisioners and post-processors all come through here.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::{ValidationError, error::ValidationErrorKind};
use kilnbox_template::{
    Diagnostic, Diagnostics, Kind, Renderer, Text, Value, did_you_mean, is_outdated, pointer_child,
};
use serde_json::Value as Json;

use crate::{
    Problem,
    planner::{
        schema::{Marked, Schema},
        words,
    },
    text,
};

/// Options that are ready.
#[derive(Debug)]
pub(crate) struct Ready {
    /// With defaults.
    pub(crate) json: Json,
    /// After interpolation, for the places.
    pub(crate) value: Value,
    /// Strings with a `format` that the user wrote.
    pub(crate) written: Vec<Marked>,
    /// Those and the ones that the schema's defaults brought.
    pub(crate) marked: Vec<Marked>,
    /// Texts that wait for the build, by JSON pointer.
    pub(crate) deferred: BTreeMap<String, String>,
}

/// Makes options ready. Problems are added; what comes back is only to be used if there are no errors among them.
/// `section` is the key of the template that the component stands under.
pub(crate) fn prepare(
    section: &str,
    component: &Text,
    options: &Value,
    rules: &Schema<'_>,
    renderer: &Renderer,
    problems: &mut Diagnostics,
) -> Ready {
    let known = known_options(section, component, options, rules, problems);
    let marks = rules.marked(&known.to_json());
    let runtime: BTreeSet<String> = ["runtime-template", "output-template"]
        .into_iter()
        .flat_map(|format| pointers(&marks, format))
        .collect();
    let value = renderer.render_value(&known, &|at| runtime.contains(at), problems);
    for at in &runtime {
        if let Some(text) = known.at(at)
            && let Err(error) = renderer.check(text.as_str().unwrap_or_default())
        {
            problems.push(
                Diagnostic::error(problems.inside(text.span, error.at), error.message)
                    .label("in this text")
                    .maybe_hint(error.hint),
            );
        }
    }
    let mut json = rules.coerce(value.to_json());
    validate(component, &value, rules, &json, problems);
    let deferred = deferred(&value, &json, problems);
    let written = rules.marked(&json);
    if let Json::Object(options) = &mut json {
        rules.fill_defaults(options);
    }
    let marked = rules.marked(&json);
    Ready {
        json,
        value,
        written,
        marked,
        deferred,
    }
}

/// The problems a component itself found, at their places.
pub(crate) fn report(
    component: &Text,
    value: &Value,
    found: Vec<Problem>,
    problems: &mut Diagnostics,
) -> bool {
    let mut errors = false;
    for problem in found {
        let place = place(component, value, &problem.at);
        // The component's own words.
        let problem = Problem {
            message: text::clean(&problem.message).into_owned(),
            hint: problem.hint.map(|hint| text::clean(&hint).into_owned()),
            ..problem
        };
        let diagnostic = if problem.warning {
            Diagnostic::warning(place, problem.message)
        } else {
            errors = true;
            Diagnostic::error(place, problem.message)
        };
        problems.push(diagnostic.maybe_hint(problem.hint));
    }
    errors
}

/// The span of an option; of the component's type, where the problem is the whole.
pub(crate) fn place(component: &Text, value: &Value, at: &str) -> kilnbox_template::Span {
    let found = value.closest(at);
    if std::ptr::eq(found, value) {
        component.span
    } else {
        found.span
    }
}

pub(crate) fn pointers(marked: &[Marked], format: &str) -> BTreeSet<String> {
    marked
        .iter()
        .filter(|mark| mark.format == format)
        .map(|mark| mark.at.clone())
        .collect()
}

/// The options the schema knows, by its spelling: names are taken whatever their case and `null` means unset, as in
/// Packer. `packer_*` is tolerated and dropped.
fn known_options(
    section: &str,
    component: &Text,
    options: &Value,
    rules: &Schema<'_>,
    problems: &mut Diagnostics,
) -> Value {
    let names = rules.names();
    let mut members = Vec::new();
    for member in options.members() {
        if member.key.starts_with("packer_") || matches!(member.value.kind, Kind::Null) {
            continue;
        }
        let mut member = member.clone();
        if !names.contains(&member.key.as_str()) {
            let like = names.iter().find(|name| name.eq_ignore_ascii_case(&member.key));
            match like.filter(|name| options.get(name).is_none()) {
                Some(name) => member.key = (*name).to_owned(),
                None if rules.open() => {}
                None => {
                    let outdated =
                        is_outdated(section, &component.value, &member.key, &member.value.to_json());
                    let unknown = if outdated {
                        let message = format!("Deprecated configuration key: '{}'", member.key);
                        Diagnostic::error(member.key_span, message)
                            .hint("call `kilnbox fix`, which brings it up to date")
                    } else {
                        Diagnostic::error(member.key_span, format!("unknown option `{}`", member.key))
                            .maybe_hint(did_you_mean(&member.key, names.iter().copied()))
                    };
                    problems.push(unknown.label(format!("not an option of `{}`", component.value)));
                    continue;
                }
            }
        }
        members.push(member);
    }
    Value {
        kind: Kind::Object(members),
        ..options.clone()
    }
}

fn validate(component: &Text, value: &Value, rules: &Schema<'_>, json: &Json, problems: &mut Diagnostics) {
    let validator = match rules.validator() {
        Ok(validator) => validator,
        Err(error) => {
            let message = format!(
                "the options of `{}` are described wrongly: {error}",
                component.value
            );
            problems.push(
                Diagnostic::error(component.span, message).hint("this is for the author of the component"),
            );
            return;
        }
    };
    for error in validator.iter_errors(json) {
        for problem in violations(rules, &error) {
            let place = place(component, value, &problem.at);
            problems.push(Diagnostic::error(place, problem.message).maybe_hint(problem.hint));
        }
    }
}

/// The words for a violation. Values are left out: they may be secret.
fn violations(rules: &Schema<'_>, error: &ValidationError<'_>) -> Vec<Problem> {
    let at = error.instance_path().as_str();
    let what = subject(at);
    let one = |message: String| vec![Problem::error(at, message)];
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            one(match at {
                "" => format!("`{name}` must be set"),
                _ => format!("{what} needs `{name}`"),
            })
        }
        // At the top these are reported with their key's place before, see `known_options`.
        ValidationErrorKind::AdditionalProperties { .. }
        | ValidationErrorKind::UnevaluatedProperties { .. }
            if at.is_empty() =>
        {
            Vec::new()
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|key| Problem::error(pointer_child(at, key), format!("unknown option `{key}`")))
            .collect(),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            match inside_one(context, at) {
                Some(errors) => errors.iter().flat_map(|error| violations(rules, error)).collect(),
                None => vec![unaccepted(rules, error)],
            }
        }
        ValidationErrorKind::Type { .. }
        | ValidationErrorKind::Enum { .. }
        | ValidationErrorKind::Constant { .. } => {
            vec![unaccepted(rules, error)]
        }
        ValidationErrorKind::Minimum { .. }
        | ValidationErrorKind::Maximum { .. }
        | ValidationErrorKind::Pattern { .. } => {
            let bounds = around(rules, error).and_then(words::bounds);
            one(match bounds {
                Some(bounds) => format!("{what} must {bounds}"),
                None => format!("{what}: {}", error.masked()),
            })
        }
        _ => one(format!("{what}: {}", error.masked())),
    }
}

/// Of several shapes, the mistakes in the only one that the value has: a list with a wrong item, say.
fn inside_one<'c, 'e>(
    context: &'c [Vec<ValidationError<'e>>],
    at: &str,
) -> Option<&'c [ValidationError<'e>]> {
    let mut shapes = context.iter().filter(|errors| {
        errors
            .iter()
            .all(|error| error.instance_path().as_str().len() > at.len())
    });
    shapes
        .next()
        .filter(|_| shapes.next().is_none())
        .map(Vec::as_slice)
}

/// A value of another kind than is wanted: what is, and what it is instead, unless it is one of the same kind.
fn unaccepted(rules: &Schema<'_>, error: &ValidationError<'_>) -> Problem {
    let at = error.instance_path().as_str();
    let Some(schema) = around(rules, error) else {
        return Problem::error(at, format!("{} has a value that is not accepted", subject(at)));
    };
    let known = words::values(rules, schema);
    let mut names: Vec<&str> = known.iter().filter_map(|(value, _)| value.as_str()).collect();
    names.sort_unstable();
    let written = error.instance().as_str();
    let near = written.and_then(|written| did_you_mean(written, names.iter().copied()));
    let wanted = words::wanted(rules, schema);
    let wanted = match known.len() {
        0 => format!("{wanted}, not {}", kind_of(error.instance())),
        // As Packer says it.
        several if several > 1 && several == names.len() => format!("one of: {}", names.join(", ")),
        _ => wanted,
    };
    Problem {
        hint: near,
        ..Problem::error(at, format!("{} must be {wanted}", subject(at)))
    }
}

/// The schema that a keyword stands in which does not hold.
fn around<'s>(rules: &Schema<'s>, error: &ValidationError<'_>) -> Option<&'s Json> {
    let (around, _) = error.schema_path().as_str().rsplit_once('/')?;
    rules.at(around)
}

/// What a JSON pointer names, for a sentence: an option, one of its items, or a member of it.
fn subject(at: &str) -> String {
    let names: Vec<&str> = at.split('/').skip(1).collect();
    match names.as_slice() {
        [] => "the options".to_owned(),
        [option] => format!("`{option}`"),
        [option, .., item] if item.parse::<usize>().is_ok() => format!("each of `{option}`"),
        [option, .., member] => format!("`{member}` of `{option}`"),
    }
}

fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// Where the deferred texts are after coercion, which may have made a list of one.
fn deferred(value: &Value, json: &Json, problems: &mut Diagnostics) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect_deferred(value, String::new(), &mut |at, text, span| {
        let first = format!("{at}/0");
        if json.pointer(&at).is_some_and(|kept| kept.as_str() == Some(text)) {
            found.insert(at, text.to_owned());
        } else if json
            .pointer(&first)
            .is_some_and(|kept| kept.as_str() == Some(text))
        {
            found.insert(first, text.to_owned());
        } else {
            problems.push(
                Diagnostic::error(
                    span,
                    "`{{build}}` is not possible here: the value is needed before the build runs",
                )
                .label("uses a value of the build"),
            );
        }
    });
    found
}

fn collect_deferred(value: &Value, at: String, visit: &mut dyn FnMut(String, &str, kilnbox_template::Span)) {
    match &value.kind {
        Kind::String(text) if value.marks.deferred => visit(at, text, value.span),
        Kind::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_deferred(item, format!("{at}/{index}"), visit);
            }
        }
        Kind::Object(members) => {
            for member in members {
                collect_deferred(&member.value, pointer_child(&at, &member.key), visit);
            }
        }
        _ => {}
    }
}
