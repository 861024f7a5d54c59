//! The arguments of a call, taken by type, with Go's words for what does not fit.

use crate::{
    RenderError,
    text_template::{Value, wrong_count, wrong_type},
};

/// A function's name and what it is called with.
pub(super) struct Args<'a> {
    pub(super) name: &'a str,
    pub(super) list: &'a [Value],
}

impl<'a> Args<'a> {
    pub(super) fn none(&self) -> Result<(), RenderError> {
        self.texts::<0>().map(|_| ())
    }

    /// Exactly this many texts.
    pub(super) fn texts<const N: usize>(&self) -> Result<[&'a str; N], RenderError> {
        self.counted(N)?;
        let mut texts = [""; N];
        for (at, text) in texts.iter_mut().enumerate() {
            *text = self.text(at)?;
        }
        Ok(texts)
    }

    pub(super) fn counted(&self, wanted: usize) -> Result<(), RenderError> {
        if self.list.len() == wanted {
            return Ok(());
        }
        Err(wrong_count(self.name, &wanted.to_string(), self.list.len()))
    }

    pub(super) fn text(&self, at: usize) -> Result<&'a str, RenderError> {
        match self.list.get(at) {
            Some(Value::Text(text)) => Ok(text),
            other => Err(wrong_type("string", other.unwrap_or(&Value::Nil))),
        }
    }

    pub(super) fn number(&self, at: usize) -> Result<i64, RenderError> {
        match self.list.get(at) {
            Some(Value::Int(number)) => Ok(*number),
            other => Err(wrong_type("int", other.unwrap_or(&Value::Nil))),
        }
    }
}
