//! Reads values by type and takes note of those that have another.

use std::collections::BTreeSet;

use crate::{Diagnostic, Diagnostics, Kind, Text, Value, did_you_mean};

pub(super) struct Reader {
    pub(super) problems: Diagnostics,
    /// The builders' names, once they are read.
    pub(super) builders: BTreeSet<String>,
}

impl Reader {
    pub(super) fn new(problems: Diagnostics) -> Self {
        Self {
            problems,
            builders: BTreeSet::new(),
        }
    }

    /// The builder that may have been meant; not looked for once nobody would see it.
    pub(super) fn builder_like(&self, name: &str) -> Option<String> {
        if self.problems.is_full() {
            return None;
        }
        did_you_mean(name, self.builders.iter().map(String::as_str))
    }

    pub(super) fn wrong_type(&mut self, value: &Value, what: &str, expected: &str) {
        self.problems.push(
            Diagnostic::error(
                value.span,
                format!("{what} must be {expected}, not {}", value.type_name()),
            )
            .label(format!("expected {expected}")),
        );
    }

    pub(super) fn text(&mut self, value: Value, what: &str) -> Option<Text> {
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

    /// A text, for which Packer takes a number or a boolean too, where it decodes weakly.
    pub(super) fn weak_text(&mut self, value: Value, what: &str) -> Option<Text> {
        let text = match &value.kind {
            Kind::Number(number) => number.to_string(),
            Kind::Bool(value) => u8::from(*value).to_string(),
            _ => return self.text(value, what),
        };
        Some(Text {
            value: text,
            span: value.span,
        })
    }

    pub(super) fn array(&mut self, value: Option<Value>, what: &str) -> Vec<Value> {
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

    pub(super) fn words(&mut self, value: Option<Value>, what: &str) -> Vec<Text> {
        self.array(value, what)
            .into_iter()
            .filter_map(|item| self.text(item, &format!("each of `{what}`")))
            .collect()
    }

    /// Words, of which a single one needs no array, where Packer decodes weakly.
    pub(super) fn weak_words(&mut self, value: Option<Value>, what: &str) -> Vec<Text> {
        let items = match value {
            None => Vec::new(),
            Some(Value {
                kind: Kind::Array(items),
                ..
            }) => items,
            Some(other) => vec![other],
        };
        items
            .into_iter()
            .filter_map(|item| self.weak_text(item, &format!("each of `{what}`")))
            .collect()
    }
}
