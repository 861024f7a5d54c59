//! An object whose known keys are taken out one by one; what is left are the options of a component.

use crate::{Kind, Member, Span, Value};

pub(super) struct Block {
    pub(super) span: Span,
    pub(super) members: Vec<Member>,
}

impl Block {
    /// The members of an object; none of anything else.
    pub(super) fn new(value: Value) -> Self {
        Self {
            span: value.span,
            members: match value.kind {
                Kind::Object(members) => members,
                _ => Vec::new(),
            },
        }
    }

    /// The value of a key, which is no longer in the block; `null` is no value.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        let value = self.members.remove(self.position(key)?).value;
        Some(value).filter(|value| value.kind != Kind::Null)
    }

    /// Whether [`Block::take`] would take this member for that key.
    pub(super) fn is_taken(&self, member: &Member, key: &str) -> bool {
        self.position(key)
            .and_then(|at| self.members.get(at))
            .is_some_and(|taken| taken.key == member.key)
    }

    /// The key as it is spelled; otherwise the first that differs by case alone.
    fn position(&self, key: &str) -> Option<usize> {
        let exact = self.members.iter().position(|member| member.key == key);
        exact.or_else(|| {
            self.members
                .iter()
                .position(|member| member.key.eq_ignore_ascii_case(key))
        })
    }

    pub(super) fn rest(self) -> Value {
        Value::new(Kind::Object(self.members), self.span)
    }
}
