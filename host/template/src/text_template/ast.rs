//! What a text means: nodes, pipelines, terms, each with its place in the text.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Span, text_template::Value};

/// A text that is understood.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    pub(super) nodes: Vec<Node>,
    /// What `define` and `block` name.
    pub(super) templates: BTreeMap<String, Vec<Node>>,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Text(String),
    /// Prints, unless it sets a variable.
    Action(Pipeline),
    Branch(Box<Branch>),
    Template {
        name: String,
        data: Option<Pipeline>,
        at: Span,
    },
    Break,
    Continue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    If,
    With,
    Range,
}

#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) word: Word,
    pub(super) pipeline: Pipeline,
    pub(super) then: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(super) struct Pipeline {
    /// Variables it sets: one, or two of a `range`.
    pub(super) sets: Vec<String>,
    /// Whether they exist already: `=` rather than `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
    pub(super) at: Span,
}

#[derive(Clone, Debug)]
pub(super) struct Command {
    /// A function and its arguments, or one value.
    pub(super) terms: Vec<Term>,
    pub(super) at: Span,
}

#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) kind: TermKind,
    /// `.A.B` after it.
    pub(super) fields: Vec<String>,
    pub(super) at: Span,
}

#[derive(Clone, Debug)]
pub(super) enum TermKind {
    Dot,
    Nil,
    Literal(Value),
    Variable(Arc<str>),
    Function(Arc<str>),
    Pipeline(Box<Pipeline>),
}
