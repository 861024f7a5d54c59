//! Functions of text alone.

use super::{Answer, Args};
use crate::{
    RenderError,
    text_template::{Budget, Value},
};

/// Go turns letter by letter: `ß`, whose capital would be two, stays as it is.
pub(super) fn upper(args: &Args<'_>, budget: &mut Budget) -> Answer {
    let [text] = args.texts()?;
    let capital = |letter: char| {
        let mut capitals = letter.to_uppercase();
        match (capitals.next(), capitals.next()) {
            (Some(capital), None) => capital,
            _ => letter,
        }
    };
    made(text.chars().map(capital).collect(), budget)
}

pub(super) fn lower(args: &Args<'_>, budget: &mut Budget) -> Answer {
    let [text] = args.texts()?;
    let small = |letter: char| letter.to_lowercase().next().unwrap_or(letter);
    made(text.chars().map(small).collect(), budget)
}

fn made(text: String, budget: &mut Budget) -> Answer {
    budget.produce(text.len())?;
    Ok(Value::text(text))
}

/// The part at an index. Go's `Split` by nothing yields the letters, without the empty ends that Rust adds.
pub(super) fn split(args: &Args<'_>) -> Answer {
    args.counted(3)?;
    let (whole, separator, index) = (args.text(0)?, args.text(1)?, args.number(2)?);
    let found = usize::try_from(index).ok().and_then(|index| {
        if separator.is_empty() {
            let (at, letter) = whole.char_indices().nth(index)?;
            whole.get(at..at + letter.len_utf8())
        } else {
            whole.split(separator).nth(index)
        }
    });
    found.map(Value::text).ok_or_else(|| {
        let parts = if separator.is_empty() {
            whole.chars().count()
        } else {
            whole.split(separator).count()
        };
        RenderError::new(format!(
            "the substring {index} was unavailable using the separator value, {separator}, only {parts} values were \
             found"
        ))
        .hint("the first part has the number 0")
    })
}

pub(super) fn replace(args: &Args<'_>, budget: &mut Budget) -> Answer {
    args.counted(4)?;
    let (old, new, source) = (args.text(0)?, args.text(1)?, args.text(3)?);
    // Go: below zero means all of them.
    let times = usize::try_from(args.number(2)?).unwrap_or(usize::MAX);
    replaced(old, new, times, source, budget)
}

pub(super) fn replace_all(args: &Args<'_>, budget: &mut Budget) -> Answer {
    let [old, new, source] = args.texts()?;
    replaced(old, new, usize::MAX, source, budget)
}

fn replaced(old: &str, new: &str, times: usize, source: &str, budget: &mut Budget) -> Answer {
    // Paid before it is made: a letter may become a megabyte, a million times.
    let found = source.matches(old).take(times).count();
    budget.produce(source.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(Value::text(source.replacen(old, new, times)))
}

pub(super) fn sed() -> RenderError {
    RenderError::new("template function `sed` is deprecated use `replace` or `replace_all` instead")
        .hint("write `{{replace_all \"old\" \"new\" text}}`")
}
