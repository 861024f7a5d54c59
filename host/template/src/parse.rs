//! A tree of values to a [`Template`]: shapes, names and references are checked here.
//!
//! Keys that Packer itself reads are matched whatever their case, as Packer does. A block that is wrong is reported
//! and left out, and the reading goes on, so that all problems are told at once.

use crate::{
    BuilderBlock, Diagnostic, Diagnostics, Kind, Member, PACKER_VERSION, PostProcessorBlock,
    ProvisionerBlock, Scope, Source, Span, Template, Text, Value, VariableBlock, did_you_mean,
};

/// `comments` is accepted as Packer does; `push` is a legacy block without effect.
const TOP_LEVEL: &[&str] = &[
    "min_packer_version",
    "description",
    "variables",
    "sensitive-variables",
    "builders",
    "provisioners",
    "error-cleanup-provisioner",
    "post-processors",
    "push",
    "comments",
];

/// Reads the root of a template. `problems` are those of the text itself.
pub(crate) fn template(source: Source, root: &Value, problems: Diagnostics) -> Result<Template, Diagnostics> {
    let mut reader = Reader {
        problems,
        builders: Vec::new(),
    };
    if !matches!(root.kind, Kind::Object(_)) {
        reader.wrong_type(root, "the template", "an object");
        return Err(reader.problems);
    }
    let mut root = Block::new(root);
    reader.root_keys(&root);
    reader.version(root.take("min_packer_version"));
    let description = root
        .take("description")
        .and_then(|value| reader.text(value, "description"));
    let sensitive = reader.words(root.take("sensitive-variables"), "sensitive-variables");
    let variables = reader.variables(root.take("variables"), &sensitive);
    let builders = reader.builders(root.span, root.take("builders"));
    reader.builders = builders
        .iter()
        .map(|builder| builder.raw_name().to_owned())
        .collect();
    let provisioners = reader
        .array(root.take("provisioners"), "provisioners")
        .iter()
        .enumerate()
        .filter_map(|(at, value)| reader.provisioner(value, &format!("provisioner {}", at + 1)))
        .collect();
    let error_cleanup = root
        .take("error-cleanup-provisioner")
        .and_then(|value| reader.provisioner(&value, "error-cleanup-provisioner"));
    let chains = reader
        .array(root.take("post-processors"), "post-processors")
        .iter()
        .enumerate()
        .map(|(at, value)| reader.chain(value, at + 1))
        .collect();
    let template = Template {
        source,
        description: description.map(|text| text.value),
        variables,
        sensitive,
        builders,
        provisioners,
        error_cleanup,
        chains,
    };
    reader.problems.or(template)
}

/// An object whose known keys are taken out one by one.
struct Block {
    span: Span,
    members: Vec<Member>,
}

impl Block {
    fn new(value: &Value) -> Self {
        Self {
            span: value.span,
            members: value.members().to_vec(),
        }
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        let at = self
            .members
            .iter()
            .position(|member| member.key.eq_ignore_ascii_case(key))?;
        Some(self.members.remove(at).value)
    }

    fn rest(self) -> Value {
        Value::new(Kind::Object(self.members), self.span)
    }
}

struct Reader {
    problems: Diagnostics,
    builders: Vec<String>,
}

impl Reader {
    fn wrong_type(&mut self, value: &Value, what: &str, expected: &str) {
        self.problems.push(
            Diagnostic::error(
                value.span,
                format!("{what} must be {expected}, not {}", value.type_name()),
            )
            .label(format!("expected {expected}")),
        );
    }

    fn root_keys(&mut self, root: &Block) {
        for member in &root.members {
            if member.key.starts_with('_') {
                if member.value.as_str().is_none() {
                    self.problems.push(
                        Diagnostic::error(
                            member.value.span,
                            format!(
                                "Failed to cast root level comment value in comment \"{}\" to string.",
                                member.key
                            ),
                        )
                        .hint("a key that begins with `_` is a comment and holds a string"),
                    );
                }
            } else if !TOP_LEVEL
                .iter()
                .any(|known| known.eq_ignore_ascii_case(&member.key))
            {
                self.problems.push(
                    Diagnostic::error(
                        member.key_span,
                        format!("Unknown root level key in template: '{}'", member.key),
                    )
                    .label("not a key of a template")
                    .hint(
                        did_you_mean(&member.key, TOP_LEVEL.iter().copied())
                            .unwrap_or_else(|| "a comment's key begins with `_`".to_owned()),
                    ),
                );
            }
        }
    }

    fn version(&mut self, value: Option<Value>) {
        let Some(value) = value else { return };
        let Some(text) = self.text(value, "min_packer_version") else {
            return;
        };
        match (version(&text.value), version(PACKER_VERSION)) {
            (Some(wanted), Some(have)) if wanted <= have => {}
            (Some(_), _) => self.problems.push(
                Diagnostic::error(
                    text.span,
                    format!(
                        "This template requires Packer version {} or higher; using {PACKER_VERSION}",
                        text.value
                    ),
                )
                .hint(format!("Kilnbox offers the behaviour of Packer {PACKER_VERSION}")),
            ),
            (None, _) => self.problems.push(
                Diagnostic::error(
                    text.span,
                    format!("min_version is invalid: Malformed version: {}", text.value),
                )
                .hint(format!("a version is written like `{PACKER_VERSION}`")),
            ),
        }
    }

    fn variables(&mut self, declared: Option<Value>, sensitive: &[Text]) -> Vec<VariableBlock> {
        let mut variables: Vec<VariableBlock> = Vec::new();
        if let Some(declared) = declared {
            if !matches!(declared.kind, Kind::Object(_)) {
                self.wrong_type(&declared, "variables", "an object");
            }
            for Member { key, key_span, value } in declared.members() {
                let default = match &value.kind {
                    Kind::Null => None,
                    Kind::String(text) => Some(Text {
                        value: text.clone(),
                        span: value.span,
                    }),
                    _ => {
                        self.problems.push(
                            Diagnostic::error(
                                value.span,
                                format!(
                                    "variable {key}: 'Default' expected type string, got {}",
                                    value.type_name()
                                ),
                            )
                            .label("not a string")
                            .hint("write the default in quotes, or `null` for a required variable"),
                        );
                        continue;
                    }
                };
                let name = Text {
                    value: key.clone(),
                    span: *key_span,
                };
                variables.push(VariableBlock {
                    name,
                    default,
                    sensitive: false,
                });
            }
        }
        for variable in &mut variables {
            variable.sensitive = sensitive.iter().any(|name| name.value == variable.name.value);
        }
        variables
    }

    fn builders(&mut self, root: Span, value: Option<Value>) -> Vec<BuilderBlock> {
        let none = value
            .as_ref()
            .is_none_or(|value| matches!(&value.kind, Kind::Array(items) if items.is_empty()));
        if none {
            let place = value.map_or(Span::new(root.start, root.start + 1), |value| value.span);
            self.problems.push(
                Diagnostic::error(place, "at least one builder must be defined")
                    .hint("add `\"builders\": [{ \"type\": \"rootfs\" }]`"),
            );
            return Vec::new();
        }
        let mut builders: Vec<BuilderBlock> = Vec::new();
        for (at, value) in self.array(value, "builders").iter().enumerate() {
            let what = format!("builder {}", at + 1);
            let Some(mut block) = self.block(value, &what) else {
                continue;
            };
            let kind = self.kind(&mut block, &format!("{what}: missing 'type'"));
            let name = block.take("name").and_then(|name| self.text(name, "name"));
            let Some(kind) = kind else { continue };
            let builder = BuilderBlock {
                kind,
                name,
                options: block.rest(),
            };
            if builders
                .iter()
                .any(|known| known.raw_name() == builder.raw_name())
            {
                let place = builder.name.as_ref().unwrap_or(&builder.kind).span;
                self.problems.push(
                    Diagnostic::error(
                        place,
                        format!(
                            "{what}: builder with name '{}' already exists",
                            builder.raw_name()
                        ),
                    )
                    .hint("give each builder of the same type its own `name`"),
                );
            }
            builders.push(builder);
        }
        builders
    }

    fn provisioner(&mut self, value: &Value, what: &str) -> Option<ProvisionerBlock> {
        let mut block = self.block(value, what)?;
        let kind = self.kind(&mut block, &format!("{what}: Provisioner missing 'type'"));
        let scope = self.scope(&mut block, what);
        let overrides = self.overrides(block.take("override"), what);
        let pause_before = block.take("pause_before");
        let timeout = block.take("timeout");
        let max_retries = block.take("max_retries");
        Some(ProvisionerBlock {
            kind: kind?,
            scope,
            overrides,
            pause_before,
            timeout,
            max_retries,
            options: block.rest(),
        })
    }

    fn overrides(&mut self, value: Option<Value>, what: &str) -> Vec<(Text, Value)> {
        let Some(value) = value else { return Vec::new() };
        if !matches!(value.kind, Kind::Object(_)) {
            self.wrong_type(&value, "override", "an object");
        }
        let mut overrides = Vec::new();
        for Member { key, key_span, value } in value.members() {
            if !self.builders.contains(key) {
                self.problems.push(
                    Diagnostic::error(*key_span, format!("{what}: override '{key}' doesn't exist"))
                        .label("no builder has this name")
                        .maybe_hint(did_you_mean(key, self.builders.iter().map(String::as_str))),
                );
            }
            if matches!(value.kind, Kind::Object(_)) {
                overrides.push((
                    Text {
                        value: key.clone(),
                        span: *key_span,
                    },
                    value.clone(),
                ));
            } else {
                self.wrong_type(value, &format!("override '{key}'"), "an object");
            }
        }
        overrides
    }

    fn chain(&mut self, value: &Value, at: usize) -> Vec<PostProcessorBlock> {
        let Kind::Array(links) = &value.kind else {
            return self
                .post_processor(value, &format!("post-processor {at}"))
                .into_iter()
                .collect();
        };
        let mut chain = Vec::new();
        for (link, value) in links.iter().enumerate() {
            let what = format!("post-processor {at}.{}", link + 1);
            if matches!(value.kind, Kind::Array(_)) {
                self.problems.push(
                    Diagnostic::error(
                        value.span,
                        format!("{what}: sequence not allowed to be nested in a sequence"),
                    )
                    .hint("write the links of a chain in one array"),
                );
            } else {
                chain.extend(self.post_processor(value, &what));
            }
        }
        chain
    }

    fn post_processor(&mut self, value: &Value, what: &str) -> Option<PostProcessorBlock> {
        if let Some(kind) = value.as_str() {
            return Some(PostProcessorBlock {
                kind: Text {
                    value: kind.to_owned(),
                    span: value.span,
                },
                name: None,
                scope: Scope::default(),
                keep_input: None,
                options: Value::new(Kind::Object(Vec::new()), value.span),
            });
        }
        let mut block = self.block(value, what)?;
        let kind = self.kind(&mut block, &format!("{what}: missing 'type'"));
        let name = block.take("name").and_then(|name| self.text(name, "name"));
        let scope = self.scope(&mut block, what);
        let keep_input = block.take("keep_input_artifact");
        Some(PostProcessorBlock {
            kind: kind?,
            name,
            scope,
            keep_input,
            options: block.rest(),
        })
    }

    fn scope(&mut self, block: &mut Block, what: &str) -> Scope {
        let only = block.take("only");
        let except = block.take("except");
        if let (Some(_), Some(except)) = (&only, &except) {
            self.problems.push(
                Diagnostic::error(
                    except.span,
                    format!("{what}: only one of 'only' or 'except' may be specified"),
                )
                .hint("remove one of the two"),
            );
        }
        let scope = Scope {
            only: self.words(only, "only"),
            except: self.words(except, "except"),
        };
        for (key, names) in [("only", &scope.only), ("except", &scope.except)] {
            for name in names.iter().filter(|name| !self.builders.contains(&name.value)) {
                self.problems.push(
                    Diagnostic::error(
                        name.span,
                        format!("{what}: '{key}' specified builder '{}' not found", name.value),
                    )
                    .label("no builder has this name")
                    .maybe_hint(did_you_mean(
                        &name.value,
                        self.builders.iter().map(String::as_str),
                    )),
                );
            }
        }
        scope
    }

    fn kind(&mut self, block: &mut Block, missing: &str) -> Option<Text> {
        match block.take("type") {
            Some(value) => self.text(value, "type"),
            None => {
                self.problems.push(
                    Diagnostic::error(Span::new(block.span.start, block.span.start + 1), missing)
                        .label("this block")
                        .maybe_hint(
                            did_you_mean("type", block.members.iter().map(|member| member.key.as_str()))
                                .map(|_| "the key is `type`".to_owned()),
                        ),
                );
                None
            }
        }
    }

    fn block(&mut self, value: &Value, what: &str) -> Option<Block> {
        if matches!(value.kind, Kind::Object(_)) {
            return Some(Block::new(value));
        }
        self.wrong_type(value, what, "an object");
        None
    }

    fn array(&mut self, value: Option<Value>, what: &str) -> Vec<Value> {
        match value {
            None => Vec::new(),
            Some(Value {
                kind: Kind::Array(items),
                ..
            }) => items,
            Some(other) => {
                self.wrong_type(&other, what, "an array");
                Vec::new()
            }
        }
    }

    fn words(&mut self, value: Option<Value>, what: &str) -> Vec<Text> {
        let items = self.array(value, what);
        items
            .into_iter()
            .filter_map(|item| self.text(item, &format!("each of `{what}`")))
            .collect()
    }

    fn text(&mut self, value: Value, what: &str) -> Option<Text> {
        match value.kind {
            Kind::String(text) => Some(Text {
                value: text,
                span: value.span,
            }),
            _ => {
                self.wrong_type(&value, what, "a string");
                None
            }
        }
    }
}

/// Up to three numbers; a missing one is 0, what follows `-` or `+` does not count.
fn version(text: &str) -> Option<[u64; 3]> {
    let core = text.trim().trim_start_matches('v').split(['-', '+']).next()?;
    let mut numbers = core.split('.').map(str::parse::<u64>);
    let mut version = [0; 3];
    for part in &mut version {
        if let Some(number) = numbers.next() {
            *part = number.ok()?;
        }
    }
    (numbers.next().is_none() && !core.is_empty()).then_some(version)
}
