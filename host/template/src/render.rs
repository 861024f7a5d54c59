//! Expands the `{{ }}` of option values: Go's text/template over `gtmpl`.
//!
//! A text without `{{` is returned untouched and never parsed. What `{{user}}` brings in is itself template text, as
//! in Packer; data of a step and values of a build never are. A text that asks for `{{build "Key"}}` before the build
//! runs stays as it is and is marked deferred.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use gtmpl::{Context, Template as GoTemplate, error::ParseError};
use gtmpl_value::Value as GoValue;
use uuid::Uuid;

use crate::{
    Diagnostic, Diagnostics, Inputs, Kind, Marks, Member, Value, did_you_mean,
    functions::{self, Frame, NAMES},
    pointer_child,
    variables::Pending,
};

/// Expands template text. Cheap to clone; each copy knows one build, or none.
#[derive(Clone)]
pub struct Renderer {
    pub(crate) world: Arc<World>,
}

/// What functions answer from.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) inputs: Inputs,
    pub(crate) purpose: Purpose,
    pub(crate) build: Option<BuildFacts>,
    /// The build's values; none before it runs.
    pub(crate) generated: Option<BTreeMap<String, String>>,
}

/// What is being expanded.
#[derive(Clone)]
pub(crate) enum Purpose {
    /// Variables themselves: `env` answers, `user` may find a variable not rendered yet.
    Variables(Arc<Pending>),
    /// Options: variables are known.
    Options {
        variables: BTreeMap<String, String>,
        sensitive: BTreeSet<String>,
    },
}

#[derive(Clone)]
pub(crate) struct BuildFacts {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) clean: Arc<dyn Fn(&str) -> String + Send + Sync>,
}

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the variables: some are secret.
        f.debug_struct("Renderer")
            .field("build", &self.world.build.as_ref().map(|build| &build.name))
            .finish_non_exhaustive()
    }
}

/// A text after expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The result; the text as written where `marks.deferred`.
    pub text: String,
    /// Whether a sensitive variable is in it, and whether it waits for the build.
    pub marks: Marks,
    /// Variables that are not defined: empty text stands for them, as in Packer.
    pub undefined: Vec<String>,
}

/// Why a text could not be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// The variable that does not exist, if that is the reason.
    pub undefined: Option<String>,
}

impl RenderError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            undefined: None,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub(crate) fn undefined(name: &str) -> Self {
        Self {
            undefined: Some(name.to_owned()),
            ..Self::new(format!("test: variable `{name}` not set"))
        }
    }
}

impl Renderer {
    pub(crate) fn new(
        inputs: Inputs,
        variables: BTreeMap<String, String>,
        sensitive: BTreeSet<String>,
    ) -> Self {
        Self::with_purpose(inputs, Purpose::Options { variables, sensitive })
    }

    pub(crate) fn with_purpose(inputs: Inputs, purpose: Purpose) -> Self {
        Self {
            world: Arc::new(World {
                inputs,
                purpose,
                build: None,
                generated: None,
            }),
        }
    }

    /// The same for one build: `build_name`, `build_type`, and `clean_resource_name` as its builder does it.
    #[must_use]
    pub fn for_build(
        &self,
        name: impl Into<String>,
        kind: impl Into<String>,
        clean: Arc<dyn Fn(&str) -> String + Send + Sync>,
    ) -> Self {
        let build = BuildFacts {
            name: name.into(),
            kind: kind.into(),
            clean,
        };
        Self {
            world: Arc::new(World {
                build: Some(build),
                ..World::clone(&self.world)
            }),
        }
    }

    /// The same for a build that runs: `{{build "Key"}}` now answers.
    #[must_use]
    pub fn with_generated(&self, generated: BTreeMap<String, String>) -> Self {
        Self {
            world: Arc::new(World {
                generated: Some(generated),
                ..World::clone(&self.world)
            }),
        }
    }

    /// Expands a text.
    pub fn render_text(&self, text: &str) -> Result<Rendered, RenderError> {
        self.render_frame(text, GoValue::Nil, 0)
    }

    /// Expands a text that may use fields such as `{{.Vars}}`. `data` are values, never parsed as templates.
    pub fn render_with(&self, text: &str, data: &BTreeMap<String, String>) -> Result<Rendered, RenderError> {
        let fields = data
            .iter()
            .map(|(key, value)| (key.clone(), GoValue::String(value.clone())))
            .collect();
        self.render_frame(text, GoValue::Map(fields), 0)
    }

    /// Whether a text could be expanded, without doing it: syntax and names of functions.
    pub fn check(&self, text: &str) -> Result<(), RenderError> {
        if text.contains("{{") {
            parse(text).map(|_| ())
        } else {
            Ok(())
        }
    }

    /// Expands all strings of an object of options, recursively and with the keys of nested objects, but for those at
    /// the JSON pointers that `skip` names. Problems are added; what could not be expanded stays as it is.
    pub fn render_value(
        &self,
        options: &Value,
        skip: &dyn Fn(&str) -> bool,
        problems: &mut Diagnostics,
    ) -> Value {
        self.walk(options, "", skip, problems)
    }

    fn walk(
        &self,
        value: &Value,
        at: &str,
        skip: &dyn Fn(&str) -> bool,
        problems: &mut Diagnostics,
    ) -> Value {
        let mut marks = value.marks;
        let kind = match &value.kind {
            Kind::String(text) if text.contains("{{") && !skip(at) => {
                let rendered = self.render_at(text, value.span, problems);
                marks = rendered.marks;
                Kind::String(rendered.text)
            }
            Kind::Array(items) => Kind::Array(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.walk(item, &format!("{at}/{index}"), skip, problems))
                    .collect(),
            ),
            Kind::Object(members) => Kind::Object(
                members
                    .iter()
                    .map(|member| {
                        let below = pointer_child(at, &member.key);
                        let key = if at.is_empty() || skip(&below) || !member.key.contains("{{") {
                            member.key.clone()
                        } else {
                            self.render_at(&member.key, member.key_span, problems).text
                        };
                        let value = self.walk(&member.value, &below, skip, problems);
                        Member {
                            key,
                            key_span: member.key_span,
                            value,
                        }
                    })
                    .collect(),
            ),
            other => other.clone(),
        };
        Value {
            kind,
            span: value.span,
            marks,
        }
    }

    /// Expands a text and reports what is wrong with it at its place.
    pub fn render_at(&self, text: &str, span: crate::Span, problems: &mut Diagnostics) -> Rendered {
        match self.render_text(text) {
            Ok(rendered) => {
                for name in &rendered.undefined {
                    problems.push(
                        Diagnostic::warning(
                            span,
                            format!("variable `{name}` is not defined; it is empty here"),
                        )
                        .label("used here")
                        .maybe_hint(self.suggest(name)),
                    );
                }
                rendered
            }
            Err(error) => {
                problems.push(
                    Diagnostic::error(span, error.message)
                        .label("in this text")
                        .maybe_hint(error.hint),
                );
                Rendered {
                    text: text.to_owned(),
                    ..Rendered::default()
                }
            }
        }
    }

    fn suggest(&self, name: &str) -> Option<String> {
        match &self.world.purpose {
            Purpose::Options { variables, .. } => did_you_mean(name, variables.keys().map(String::as_str)),
            Purpose::Variables(_) => None,
        }
        .or_else(|| Some(format!("declare `{name}` in `variables`, or give it with `-var`")))
    }

    pub(crate) fn render_frame(
        &self,
        text: &str,
        dot: GoValue,
        depth: usize,
    ) -> Result<Rendered, RenderError> {
        if !text.contains("{{") {
            return Ok(Rendered {
                text: text.to_owned(),
                ..Rendered::default()
            });
        }
        let template = parse(text)?;
        let (outcome, told) = functions::within(Frame::new(self.clone(), dot.clone(), depth), || {
            guarded(|| {
                template
                    .render(&Context::from(dot))
                    .map_err(|error| failed(&error.to_string()))
            })
        });
        let marks = Marks {
            sensitive: told.sensitive,
            unknown: false,
            deferred: told.deferred,
        };
        if told.deferred {
            // Whatever came of it: the values it asked for are not there yet.
            return Ok(Rendered {
                text: text.to_owned(),
                marks,
                undefined: told.undefined,
            });
        }
        match outcome {
            Some(Ok(text)) => Ok(Rendered {
                text,
                marks,
                undefined: told.undefined,
            }),
            Some(Err(error)) => Err(told.error.unwrap_or(error)),
            None => Err(RenderError::new("the template text cannot be expanded")),
        }
    }
}

fn parse(text: &str) -> Result<GoTemplate, RenderError> {
    // A name nobody can guess, so that no text calls itself: gtmpl would follow it until the stack ends.
    let name = Uuid::new_v4().to_string();
    let mut template = GoTemplate::with_name(&name);
    template.add_funcs(functions::ALL);
    let parsed = guarded(|| {
        template.parse(keep_raw(text)).map_err(|error| match error {
            ParseError::WithContext(_, message) => message,
            other => other.to_string(),
        })
    });
    match parsed {
        Some(Ok(())) => {}
        Some(Err(message)) => return Err(broken(text, &message)),
        None => return Err(broken(text, "malformed text in quotes")),
    }
    if template.tree_set.len() > 1 {
        return Err(RenderError::new(
            "`define` and `block` are not supported in template text",
        ));
    }
    Ok(template)
}

/// gtmpl reads backslashes in raw strings as escapes, Go does not: they are doubled before gtmpl sees them.
fn keep_raw(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut action = false;
    let mut quote = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        kept.push(letter);
        match (quote, letter) {
            (None, '{') if !action && letters.peek() == Some(&'{') => action = true,
            (None, '}') if letters.peek() == Some(&'}') => action = false,
            (None, '`' | '"') if action => quote = Some(letter),
            (Some('`'), '\\') => kept.push('\\'),
            (Some('"'), '\\') => kept.extend(letters.next()),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
    }
    kept
}

/// gtmpl cuts strings by bytes in some places; a text that makes it panic is an error of that text alone.
fn guarded<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}

fn broken(text: &str, message: &str) -> RenderError {
    let error = RenderError::new(format!("template text: {message}"));
    let unknown = message
        .strip_prefix("function ")
        .and_then(|rest| rest.strip_suffix(" not defined"));
    match unknown.map(|name| name.trim_matches(['"', '`'])) {
        Some(name) => {
            let hint = did_you_mean(name, NAMES.iter().copied());
            let error = RenderError::new(format!("function \"{name}\" not defined"));
            match hint {
                Some(hint) => error.hint(hint),
                None => error.hint("to write `{{` itself, use `{{`{{`}}`"),
            }
        }
        None if text.matches("{{").count() > text.matches("}}").count() => {
            error.hint("a `{{` is not closed by `}}`")
        }
        None => error,
    }
}

fn failed(message: &str) -> RenderError {
    match message {
        "only maps and objects have fields" => {
            RenderError::new("fields such as `{{.Name}}` have no value here")
                .hint("only options that a step renders itself, such as `execute_command`, know fields")
        }
        other => RenderError::new(other),
    }
}
