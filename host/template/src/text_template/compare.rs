//! `eq` and its kin. Go compares values of one kind alone: `1` and `"1"` are an error, not different.

use std::cmp::Ordering;

use super::Value;
use crate::RenderError;

/// Whether the first argument equals any other.
pub(super) fn any_equal(args: &[Value]) -> Result<bool, RenderError> {
    let Some((first, others)) = args.split_first() else {
        return Err(super::builtins::wrong_count("eq", "at least 1", 0));
    };
    if others.is_empty() {
        return Err(RenderError::new("missing argument for comparison"));
    }
    for other in others {
        if equal(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether both are the same.
pub(super) fn equal(a: &Value, b: &Value) -> Result<bool, RenderError> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Int(a), Value::Int(b)) => Ok(a == b),
        #[expect(clippy::float_cmp, reason = "as Go compares them")]
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Text(a), Value::Text(b)) => Ok(a == b),
        (Value::Map(_), _) => Err(not_comparable(a)),
        (_, Value::Map(_)) => Err(not_comparable(b)),
        (Value::Nil, other) | (other, Value::Nil) => Ok(*other == Value::Nil),
        _ => Err(incompatible(a, b)),
    }
}

/// Which of both comes first.
pub(super) fn order(a: &Value, b: &Value) -> Result<Ordering, RenderError> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a
            .partial_cmp(b)
            .ok_or_else(|| RenderError::new("invalid type for comparison")),
        (Value::Text(a), Value::Text(b)) => Ok(a.cmp(b)),
        (Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::Bool(_), _)
            if std::mem::discriminant(a) != std::mem::discriminant(b) =>
        {
            Err(incompatible(a, b))
        }
        _ => Err(RenderError::new("invalid type for comparison")),
    }
}

fn incompatible(a: &Value, b: &Value) -> RenderError {
    let error = RenderError::new(format!(
        "incompatible types for comparison: {} and {}",
        a.type_name(),
        b.type_name()
    ));
    match (a, b) {
        (Value::Text(_), _) | (_, Value::Text(_)) => {
            error.hint("variables are texts: write numbers in quotes to compare with them")
        }
        _ => error,
    }
}

fn not_comparable(value: &Value) -> RenderError {
    RenderError::new(format!("non-comparable type {}", value.type_name()))
}
