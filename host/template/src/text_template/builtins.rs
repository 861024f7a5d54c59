//! Go's predefined functions. `and` and `or` are in [`super::eval`]: they do not look at all their arguments.

use super::{Budget, Value, compare, escape, printf};
use crate::RenderError;

/// Their names.
pub(crate) const NAMES: &[&str] = &[
    "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "print", "printf", "println", "html", "js",
    "urlquery", "index", "slice", "len", "call",
];

type Answer = Result<Value, RenderError>;

/// Calls one; `None` if it is none of them.
pub(super) fn call(name: &str, args: &[Value], budget: &mut Budget) -> Option<Answer> {
    Some(match name {
        "not" => one(name, args).map(|value| Value::Bool(!value.truth())),
        "eq" => compare::any_equal(args).map(Value::Bool),
        "ne" => two(name, args)
            .and_then(|(a, b)| compare::equal(a, b))
            .map(|equal| Value::Bool(!equal)),
        "lt" | "le" | "gt" | "ge" => two(name, args)
            .and_then(|(a, b)| compare::order(a, b))
            .map(|order| {
                Value::Bool(match name {
                    "lt" => order.is_lt(),
                    "le" => order.is_le(),
                    "gt" => order.is_gt(),
                    _ => order.is_ge(),
                })
            }),
        "print" => text(printf::print(args), budget),
        "println" => text(printf::println(args), budget),
        "printf" => format(args, budget),
        "html" => text(escape::html(&escape::joined(args)), budget),
        "js" => text(escape::js(&escape::joined(args)), budget),
        "urlquery" => text(escape::query(&escape::joined(args)), budget),
        "index" => index(args),
        "slice" => slice(args, budget),
        "len" => one(name, args).and_then(length),
        "call" => Err(
            RenderError::new("`call` needs a function as a value, and templates have none")
                .hint("write the function's name first: `{{upper \"text\"}}`"),
        ),
        _ => return None,
    })
}

/// The arguments were paid for as reading; a result is a few times as long at most.
fn text(text: String, budget: &mut Budget) -> Answer {
    budget.produce(text.len())?;
    Ok(Value::text(text))
}

fn format(args: &[Value], budget: &mut Budget) -> Answer {
    match args.split_first() {
        Some((Value::Text(format), args)) => printf::printf(format, args, budget).map(Value::text),
        Some((other, _)) => Err(wrong_type("string", other)),
        None => Err(wrong_count("printf", "at least 1", 0)),
    }
}

/// Go's words for a wrong number of arguments.
pub(crate) fn wrong_count(name: &str, wanted: &str, got: usize) -> RenderError {
    RenderError::new(format!(
        "wrong number of args for {name}: want {wanted} got {got}"
    ))
}

/// Go's words for an argument of a wrong type.
pub(crate) fn wrong_type(wanted: &str, got: &Value) -> RenderError {
    match got {
        Value::Nil => RenderError::new(format!("invalid value; expected {wanted}")),
        other => RenderError::new(format!(
            "wrong type for value; expected {wanted}; got {}",
            other.type_name()
        )),
    }
}

fn one<'a>(name: &str, args: &'a [Value]) -> Result<&'a Value, RenderError> {
    match args {
        [only] => Ok(only),
        _ => Err(wrong_count(name, "1", args.len())),
    }
}

fn two<'a>(name: &str, args: &'a [Value]) -> Result<(&'a Value, &'a Value), RenderError> {
    match args {
        [first, second] => Ok((first, second)),
        _ => Err(wrong_count(name, "2", args.len())),
    }
}

fn length(value: &Value) -> Answer {
    let length = match value {
        Value::Text(text) => text.len(),
        Value::Map(entries) => entries.len(),
        other => return Err(RenderError::new(format!("len of type {}", other.type_name()))),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn index(args: &[Value]) -> Answer {
    let Some((item, keys)) = args.split_first() else {
        return Err(wrong_count("index", "at least 1", 0));
    };
    keys.iter().try_fold(item.clone(), |item, key| match &item {
        Value::Map(entries) => match key {
            // As Go's zero value of a map's items: tags are maps of texts.
            Value::Text(key) => Ok(entries.get(key.as_ref()).cloned().unwrap_or_else(|| {
                let texts = entries.values().all(|value| matches!(value, Value::Text(_)));
                if texts { Value::text("") } else { Value::Nil }
            })),
            other => Err(wrong_type("string", other)),
        },
        Value::Text(text) => position(key, text.len()).and_then(|at| {
            text.as_bytes()
                .get(at)
                .map(|byte| Value::Int(i64::from(*byte)))
                .ok_or_else(|| RenderError::new(format!("index out of range: {at}")))
        }),
        Value::Nil => Err(RenderError::new("index of untyped nil")),
        other => Err(RenderError::new(format!(
            "can't index item of type {}",
            other.type_name()
        ))),
    })
}

/// An index up to and with `length`.
fn position(key: &Value, length: usize) -> Result<usize, RenderError> {
    let Value::Int(key) = key else {
        return Err(RenderError::new(format!(
            "cannot index slice/array with type {}",
            key.type_name()
        )));
    };
    usize::try_from(*key)
        .ok()
        .filter(|at| *at <= length)
        .ok_or_else(|| RenderError::new(format!("index out of range: {key}")))
}

/// Bytes of a text; a letter that is cut becomes U+FFFD.
fn slice(args: &[Value], budget: &mut Budget) -> Answer {
    let Some((item, bounds)) = args.split_first() else {
        return Err(wrong_count("slice", "at least 1", 0));
    };
    let whole = match item {
        _ if bounds.len() > 3 => {
            return Err(RenderError::new(format!(
                "too many slice indexes: {}",
                bounds.len()
            )));
        }
        Value::Text(_) if bounds.len() == 3 => {
            return Err(RenderError::new("cannot 3-index slice a string"));
        }
        Value::Text(whole) => whole,
        Value::Nil => return Err(RenderError::new("slice of untyped nil")),
        other => {
            return Err(RenderError::new(format!(
                "can't slice item of type {}",
                other.type_name()
            )));
        }
    };
    let bounds: Vec<usize> = bounds
        .iter()
        .map(|bound| position(bound, whole.len()))
        .collect::<Result<_, _>>()?;
    let start = bounds.first().copied().unwrap_or(0);
    let end = bounds.get(1).copied().unwrap_or(whole.len());
    let Some(bytes) = whole.as_bytes().get(start..end) else {
        return Err(RenderError::new(format!("invalid slice index: {start} > {end}")));
    };
    text(String::from_utf8_lossy(bytes).into_owned(), budget)
}
