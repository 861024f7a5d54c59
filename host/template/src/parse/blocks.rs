//! `builders`, `provisioners` and `post-processors`: who they are, which builds they belong to, and their options.

use super::{Block, Reader};
use crate::{
    BuilderBlock, Diagnostic, Kind, Member, PostProcessorBlock, ProvisionerBlock, Scope, Span, Text, Value,
    did_you_mean,
};

impl Reader {
    pub(super) fn builders(&mut self, root: Span, value: Option<Value>) -> Vec<BuilderBlock> {
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
        for (at, value) in self.array(value, "builders").into_iter().enumerate() {
            let what = format!("builder {}", at + 1);
            let Some(mut block) = self.block(value, &what) else {
                continue;
            };
            let kind = self.kind(&mut block, Self::weak_text, &format!("{what}: missing 'type'"));
            let name = block
                .take("name")
                .and_then(|name| self.weak_text(name, "name"))
                .filter(|name| !name.value.is_empty());
            let Some(kind) = kind else { continue };
            let builder = BuilderBlock {
                kind,
                name,
                options: block.rest(),
            };
            if !self.builders.insert(builder.raw_name().to_owned()) {
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

    pub(super) fn provisioner(&mut self, value: Value, what: &str) -> Option<ProvisionerBlock> {
        let mut block = self.block(value, what)?;
        let missing = format!("{what}: Provisioner missing 'type'");
        let kind = self.kind(&mut block, Self::weak_text, &missing);
        let scope = Scope {
            only: self.weak_words(block.take("only"), "only"),
            except: self.weak_words(block.take("except"), "except"),
        };
        self.check_scope(&scope, what);
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
        let empty = matches!(&value.kind, Kind::Array(items) if items.is_empty());
        if !matches!(value.kind, Kind::Object(_)) && !empty {
            self.wrong_type(&value, "override", "an object");
        }
        let mut overrides = Vec::new();
        for Member { key, key_span, value } in Block::new(value).members {
            if !self.builders.contains(&key) {
                self.problems.push(
                    Diagnostic::error(key_span, format!("{what}: override '{key}' doesn't exist"))
                        .label("no builder has this name")
                        .maybe_hint(self.builder_like(&key)),
                );
            }
            if value.kind == Kind::Null {
                continue;
            }
            if matches!(value.kind, Kind::Object(_)) {
                overrides.push((
                    Text {
                        value: key,
                        span: key_span,
                    },
                    value,
                ));
            } else {
                self.wrong_type(&value, &format!("override '{key}'"), "an object");
            }
        }
        overrides
    }

    pub(super) fn chain(&mut self, value: Value, at: usize) -> Vec<PostProcessorBlock> {
        let Kind::Array(links) = value.kind else {
            return self
                .post_processor(value, &format!("post-processor {at}"))
                .into_iter()
                .collect();
        };
        let mut chain = Vec::new();
        for (link, value) in links.into_iter().enumerate() {
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

    fn post_processor(&mut self, value: Value, what: &str) -> Option<PostProcessorBlock> {
        if let Some(kind) = value.as_str().filter(|kind| !kind.is_empty()) {
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
        let kind = self.kind(&mut block, Self::text, &format!("{what}: type is required"));
        let name = block
            .take("name")
            .and_then(|name| self.text(name, "name"))
            .filter(|name| !name.value.is_empty());
        let scope = Scope {
            only: self.words(block.take("only"), "only"),
            except: self.words(block.take("except"), "except"),
        };
        self.check_scope(&scope, what);
        let keep_input = block.take("keep_input_artifact");
        Some(PostProcessorBlock {
            kind: kind?,
            name,
            scope,
            keep_input,
            options: block.rest(),
        })
    }

    fn check_scope(&mut self, scope: &Scope, what: &str) {
        if let (Some(_), Some(except)) = (scope.only.first(), scope.except.first()) {
            self.problems.push(
                Diagnostic::error(
                    except.span,
                    format!("{what}: only one of 'only' or 'except' may be specified"),
                )
                .hint("remove one of the two"),
            );
        }
        for (key, names) in [("only", &scope.only), ("except", &scope.except)] {
            for name in names.iter().filter(|name| !self.builders.contains(&name.value)) {
                self.problems.push(
                    Diagnostic::error(
                        name.span,
                        format!("{what}: '{key}' specified builder '{}' not found", name.value),
                    )
                    .label("no builder has this name")
                    .maybe_hint(self.builder_like(&name.value)),
                );
            }
        }
    }

    /// The type of a block, which must have one.
    fn kind(
        &mut self,
        block: &mut Block,
        read: fn(&mut Self, Value, &str) -> Option<Text>,
        missing: &str,
    ) -> Option<Text> {
        if let Some(value) = block.take("type") {
            let kind = read(self, value, "type")?;
            if !kind.value.is_empty() {
                return Some(kind);
            }
        }
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

    fn block(&mut self, value: Value, what: &str) -> Option<Block> {
        if matches!(value.kind, Kind::Object(_)) {
            return Some(Block::new(value));
        }
        self.wrong_type(&value, what, "an object");
        None
    }
}
