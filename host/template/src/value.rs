//! Values that know where they were written.
//!
//! The tree every template becomes, whatever its syntax. A value keeps its span and whether it is sensitive, unknown
//! or deferred, so that a problem found long after parsing still points at the right line.

use std::{ops::Range, sync::Arc};

use serde_json::{Map, Value as Json};

/// A named text, such as a template or a variable file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As the user knows it, such as `template.json` or `<stdin>`.
    pub name: String,
    /// All of it.
    pub text: Arc<str>,
}

impl Source {
    /// A named text.
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }
}

/// A range of bytes in a [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From the first byte to one past the last.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

impl From<Span> for miette::SourceSpan {
    fn from(span: Span) -> Self {
        (span.start, span.end.saturating_sub(span.start)).into()
    }
}

/// A value of a template.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// Where it was written.
    pub span: Span,
    /// What is special about it.
    pub marks: Marks,
}

/// What a value can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as exact as it was written.
    Number(serde_json::Number),
    /// Text, before or after interpolation.
    String(String),
    /// In order.
    Array(Vec<Value>),
    /// In the order written; keys are unique.
    Object(Vec<Member>),
}

/// What a reader must know about a value beyond its content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Holds the value of a sensitive variable.
    pub sensitive: bool,
    /// Cannot be known yet, and nothing stands in for it.
    pub unknown: bool,
    /// Holds template text that is rendered when its step runs, because it uses `{{build "Key"}}`.
    pub deferred: bool,
}

/// One key of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name.
    pub key: String,
    /// Where the name was written, quotes included.
    pub key_span: Span,
    /// Its value.
    pub value: Value,
}

impl Value {
    /// An unmarked value.
    pub fn new(kind: Kind, span: Span) -> Self {
        Self {
            kind,
            span,
            marks: Marks::default(),
        }
    }

    /// As plain JSON: spans and marks are lost.
    pub fn to_json(&self) -> Json {
        match &self.kind {
            Kind::Null => Json::Null,
            Kind::Bool(value) => Json::Bool(*value),
            Kind::Number(value) => Json::Number(value.clone()),
            Kind::String(value) => Json::String(value.clone()),
            Kind::Array(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Kind::Object(members) => Json::Object(
                members
                    .iter()
                    .map(|member| (member.key.clone(), member.value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// The value at a JSON pointer (RFC 6901); the empty pointer is the value itself.
    pub fn at(&self, pointer: &str) -> Option<&Self> {
        let (found, rest) = self.nearest(pointer);
        rest.is_empty().then_some(found)
    }

    /// The deepest value on the way to a JSON pointer, for problems of values that were not written themselves.
    pub fn closest(&self, pointer: &str) -> &Self {
        self.nearest(pointer).0
    }

    fn nearest<'p>(&self, pointer: &'p str) -> (&Self, &'p str) {
        let mut value = self;
        let mut rest = pointer;
        while let Some(stripped) = rest.strip_prefix('/') {
            let token = stripped.split('/').next().unwrap_or_default();
            let Some(child) = value.child(&token.replace("~1", "/").replace("~0", "~")) else {
                break;
            };
            value = child;
            rest = stripped.get(token.len()..).unwrap_or_default();
        }
        (value, rest)
    }

    fn child(&self, token: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Object(_) => self.get(token),
            Kind::Array(items) => items.get(token.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.members()
            .iter()
            .find(|member| member.key == key)
            .map(|member| &member.value)
    }

    /// The keys of an object; none of anything else.
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            Kind::Object(members) => members,
            _ => &[],
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, in the words of JSON.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::Array(_) => "an array",
            Kind::Object(_) => "an object",
        }
    }
}

/// The JSON pointer of `key` below `pointer`.
pub fn pointer_child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}
