//! Expands the `{{ }}` of option values.
//!
//! A text without `{{` is returned untouched and never parsed. What `{{user}}` brings in is itself template text, as
//! in Packer; data of a step and values of a build never are. A text that asks for `{{build "Key"}}` before the build
//! runs stays as it is and is marked deferred.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use crate::{
    Diagnostic, Diagnostics, Inputs, Kind, Marks, Member, RenderError, Value,
    allowance::Allowance,
    did_you_mean,
    functions::{Around, BEFORE_THE_BUILD, Frame, HARMLESS, KNOWN},
    pointer_child,
    text_template::{self, Budget, Value as Data},
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
    /// What all texts may take together before the build runs.
    pub(crate) allowance: Arc<Allowance>,
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

impl Renderer {
    pub(crate) fn new(
        inputs: Inputs,
        variables: BTreeMap<String, String>,
        sensitive: BTreeSet<String>,
    ) -> Self {
        Self::with_purpose(inputs, Purpose::Options { variables, sensitive }, Arc::default())
    }

    pub(crate) fn with_purpose(inputs: Inputs, purpose: Purpose, allowance: Arc<Allowance>) -> Self {
        Self {
            world: Arc::new(World {
                inputs,
                purpose,
                build: None,
                generated: None,
                allowance,
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
        let runs = self.world.generated.is_some();
        let mut budget = if runs {
            Budget::default()
        } else {
            self.world.allowance.budget(text)
        };
        let rendered = self.expand(text, &mut Around::default(), &mut budget);
        if !runs {
            self.world.allowance.take(text, &budget);
        }
        rendered
    }

    /// Expands a text that may use fields such as `{{.Vars}}`. `data` are values, never parsed as templates; what stands
    /// in a name behind its first dot is a field of a field, such as `{{.SourceAMITags.Name}}`.
    pub fn render_with(&self, text: &str, data: &BTreeMap<String, String>) -> Result<Rendered, RenderError> {
        let mut around = Around {
            data: fields(data),
            chain: Vec::new(),
        };
        self.expand(text, &mut around, &mut Budget::default())
    }

    /// Whether a text that a step is to render itself asks for `{{build "Key"}}`. A text that is wrong asks for nothing.
    pub fn waits_for_build(&self, text: &str) -> bool {
        let parses = |names: &[&'static str]| text_template::parse(text, names).is_ok();
        text.contains("{{") && parses(&KNOWN) && !parses(&BEFORE_THE_BUILD)
    }

    /// Whether a text could be expanded, without doing it: syntax and names of functions.
    pub fn check(&self, text: &str) -> Result<(), RenderError> {
        if text.contains("{{") {
            text_template::parse(text, &KNOWN).map(|_| ())
        } else {
            Ok(())
        }
    }

    /// The same for a text that a stranger wrote: it may use its data, and ask for nothing of the user's.
    pub fn check_foreign(&self, text: &str) -> Result<(), RenderError> {
        text_template::parse(text, &HARMLESS).map(|_| ())
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
                        let key = if at.is_empty() || !member.key.contains("{{") {
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
                    Diagnostic::error(problems.inside(span, error.at), error.message)
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

    /// Expands a text, which is part of another one if there is something around it.
    pub(crate) fn expand(
        &self,
        text: &str,
        around: &mut Around,
        budget: &mut Budget,
    ) -> Result<Rendered, RenderError> {
        if !text.contains("{{") {
            return Ok(Rendered {
                text: text.to_owned(),
                ..Rendered::default()
            });
        }
        budget.read(text.len())?;
        let program = text_template::parse(text, &KNOWN)?;
        let data = around.data.clone();
        let mut frame = Frame::new(self, around);
        let outcome = text_template::run(&program, data, &mut frame, budget);
        let told = frame.told();
        let marks = Marks {
            sensitive: told.sensitive,
            unknown: false,
            deferred: told.deferred,
        };
        let text = if told.deferred {
            // Whatever came of it: the values it asked for are not there yet.
            text.to_owned()
        } else {
            outcome?
        };
        Ok(Rendered {
            text,
            marks,
            undefined: told.undefined,
        })
    }
}

fn fields(data: &BTreeMap<String, String>) -> Data {
    let mut fields = BTreeMap::new();
    let mut inner: BTreeMap<&str, BTreeMap<String, Data>> = BTreeMap::new();
    for (name, value) in data {
        let value = Data::text(value.as_str());
        match name.split_once('.') {
            Some((outer, rest)) => drop(inner.entry(outer).or_default().insert(rest.to_owned(), value)),
            None => drop(fields.insert(name.clone(), value)),
        }
    }
    let inner = inner
        .into_iter()
        .map(|(name, values)| (name.to_owned(), Data::Map(Arc::new(values))));
    fields.extend(inner);
    Data::Map(Arc::new(fields))
}
