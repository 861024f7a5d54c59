//! A tree of values to a [`Template`]: shapes, names and references are checked here.
//!
//! Keys that Packer itself reads are matched whatever their case, and `null` means that a key is not there, as in
//! Packer. A block that is wrong is reported and left out, and the reading goes on, so that all problems are told at
//! once. The root is read here, `builders` and the like in [`blocks`].

mod block;
mod blocks;
mod reader;
mod version;

use std::collections::HashSet;

use block::Block;
use reader::Reader;

use crate::{
    Diagnostic, Diagnostics, Kind, Member, PACKER_VERSION, Source, Template, Text, Value, VariableBlock,
    did_you_mean,
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
pub(crate) fn template(source: Source, root: Value, problems: Diagnostics) -> Result<Template, Diagnostics> {
    let mut reader = Reader::new(problems);
    if !matches!(root.kind, Kind::Object(_)) {
        reader.wrong_type(&root, "the template", "an object");
        return Err(reader.problems);
    }
    let mut root = Block::new(root);
    reader.root_keys(&root);
    reader.version(root.take("min_packer_version"));
    let description = root
        .take("description")
        .and_then(|value| reader.text(value, "description"));
    reader.ignored(&mut root);
    let sensitive = reader.words(root.take("sensitive-variables"), "sensitive-variables");
    let variables = reader.variables(root.take("variables"), &sensitive);
    let builders = reader.builders(root.span, root.take("builders"));
    let provisioners = reader
        .array(root.take("provisioners"), "provisioners")
        .into_iter()
        .enumerate()
        .filter_map(|(at, value)| reader.provisioner(value, &format!("provisioner {}", at + 1)))
        .collect();
    let error_cleanup = root
        .take("error-cleanup-provisioner")
        .and_then(|value| reader.provisioner(value, "error-cleanup-provisioner"));
    let chains = reader
        .array(root.take("post-processors"), "post-processors")
        .into_iter()
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

impl Reader {
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
                continue;
            }
            let known = TOP_LEVEL
                .iter()
                .find(|known| known.eq_ignore_ascii_case(&member.key));
            let hint = match known {
                Some(known) if root.is_taken(member, known) => continue,
                Some(known) => {
                    format!("`{known}` is written twice, in different cases; remove one of the two")
                }
                None => did_you_mean(&member.key, TOP_LEVEL.iter().copied())
                    .unwrap_or_else(|| "a comment's key begins with `_`".to_owned()),
            };
            self.problems.push(
                Diagnostic::error(
                    member.key_span,
                    format!("Unknown root level key in template: '{}'", member.key),
                )
                .label("not a key of a template")
                .hint(hint),
            );
        }
    }

    /// Keys without effect must still have the right shape, as in Packer.
    fn ignored(&mut self, root: &mut Block) {
        if let Some(push) = root.take("push")
            && !matches!(push.kind, Kind::Object(_))
        {
            self.wrong_type(&push, "push", "an object");
        }
        for comment in self.array(root.take("comments"), "comments") {
            if !matches!(comment.kind, Kind::Object(_)) {
                self.wrong_type(&comment, "each of `comments`", "an object");
            }
        }
    }

    fn version(&mut self, value: Option<Value>) {
        let text = value.and_then(|value| self.text(value, "min_packer_version"));
        // Packer takes an empty one for none.
        let Some(text) = text.filter(|text| !text.value.is_empty()) else {
            return;
        };
        match version::at_least(PACKER_VERSION, &text.value) {
            Some(true) => {}
            Some(false) => self.problems.push(
                Diagnostic::error(
                    text.span,
                    format!(
                        "This template requires Packer version {} or higher; using {PACKER_VERSION}",
                        text.value
                    ),
                )
                .hint(format!("Kilnbox offers the behaviour of Packer {PACKER_VERSION}")),
            ),
            None => self.problems.push(
                Diagnostic::error(
                    text.span,
                    format!("min_version is invalid: Malformed version: {}", text.value),
                )
                .hint(format!("a version is written like `{PACKER_VERSION}`")),
            ),
        }
    }

    fn variables(&mut self, declared: Option<Value>, sensitive: &[Text]) -> Vec<VariableBlock> {
        let Some(declared) = declared else {
            return Vec::new();
        };
        if !matches!(declared.kind, Kind::Object(_)) {
            self.wrong_type(&declared, "variables", "an object");
        }
        let sensitive: HashSet<&str> = sensitive.iter().map(|name| name.value.as_str()).collect();
        declared
            .members()
            .iter()
            .filter_map(|member| self.variable(member, &sensitive))
            .collect()
    }

    fn variable(&mut self, member: &Member, sensitive: &HashSet<&str>) -> Option<VariableBlock> {
        let Member { key, key_span, value } = member;
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
                return None;
            }
        };
        Some(VariableBlock {
            name: Text {
                value: key.clone(),
                span: *key_span,
            },
            default,
            sensitive: sensitive.contains(key.as_str()),
        })
    }
}
