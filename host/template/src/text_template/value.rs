//! The values template text works with.
//!
//! Of Go's types, those that data of Packer, literals and functions can have. Texts are shared, not copied: a variable
//! used a thousand times is there once.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use super::float;

/// A value of template text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Value {
    /// `nil`, and a field that does not exist.
    #[default]
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    /// Keys in order, as `range` visits them.
    Map(Arc<BTreeMap<String, Value>>),
}

impl Value {
    /// A text.
    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Whether `if` takes it for true: what is empty or zero is false.
    pub(crate) fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
        }
    }

    /// Its type as Go names it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Map(_) => "map[string]interface {}",
        }
    }

    /// As `%v` shows it.
    pub(crate) fn show(&self) -> String {
        match self {
            Self::Nil => "<nil>".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => float::shortest(*value),
            Self::Text(text) => text.to_string(),
            Self::Map(entries) => {
                let mut shown = "map[".to_owned();
                for (at, (key, value)) in entries.iter().enumerate() {
                    let space = if at == 0 { "" } else { " " };
                    let _ = write!(shown, "{space}{key}:{}", value.show());
                }
                shown + "]"
            }
        }
    }

    /// How many bytes a function reads when it takes this.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Map(entries) => entries
                .iter()
                .map(|(key, value)| key.len() + value.weight() + 1)
                .sum(),
            _ => 8,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
