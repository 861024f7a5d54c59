//! Editing of blocks in the text they were written in.

use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode};

/// The blocks of a template that are objects; others have nothing to fix.
#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) builders: Vec<Block>,
    pub(super) provisioners: Vec<Block>,
    /// Those of all chains.
    pub(super) post_processors: Vec<Block>,
}

impl Blocks {
    pub(super) fn of(root: &CstRootNode) -> Self {
        let root = root.object_value();
        let list = |name: &str| {
            let array = root.as_ref().and_then(|root| root.array_value(name));
            array.map_or_else(Vec::new, |array| objects(&array))
        };
        Self {
            builders: list("builders"),
            provisioners: list("provisioners"),
            post_processors: list("post-processors"),
        }
    }

    /// The builders of these types, as they are called now.
    pub(super) fn builders(&self, kinds: &[&str]) -> impl Iterator<Item = &Block> {
        self.builders.iter().filter(move |block| block.is(kinds))
    }

    /// The provisioners of a type.
    pub(super) fn provisioners(&self, kind: &str) -> impl Iterator<Item = &Block> {
        self.provisioners.iter().filter(move |block| block.is(&[kind]))
    }

    /// The post-processors of a type.
    pub(super) fn post_processors(&self, kind: &str) -> impl Iterator<Item = &Block> {
        self.post_processors.iter().filter(move |block| block.is(&[kind]))
    }
}

fn objects(array: &CstArray) -> Vec<Block> {
    let mut found = Vec::new();
    for element in array.elements() {
        if let Some(object) = element.as_object() {
            found.push(Block(object));
        } else if let Some(chain) = element.as_array() {
            found.extend(
                chain
                    .elements()
                    .iter()
                    .filter_map(|link| link.as_object().map(Block)),
            );
        }
    }
    found
}

/// An object: a block of a template, or an option that is one.
#[derive(Debug)]
pub(super) struct Block(CstObject);

impl Block {
    fn is(&self, kinds: &[&str]) -> bool {
        self.text("type")
            .is_some_and(|kind| kinds.contains(&kind.as_str()))
    }

    /// Whether `type` begins so.
    pub(super) fn is_of_family(&self, prefix: &str) -> bool {
        self.text("type").is_some_and(|kind| kind.starts_with(prefix))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.get(key).is_some()
    }

    pub(super) fn value(&self, key: &str) -> Option<CstNode> {
        self.0.get(key)?.value()
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        text(&self.value(key)?)
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        Some(self.value(key)?.as_boolean_lit()?.value())
    }

    /// A number as it is written.
    pub(super) fn number(&self, key: &str) -> Option<String> {
        Some(self.value(key)?.as_number_lit()?.to_string())
    }

    pub(super) fn object(&self, key: &str) -> Option<Self> {
        self.0.object_value(key).map(Self)
    }

    pub(super) fn array(&self, key: &str) -> Option<CstArray> {
        self.0.array_value(key)
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.0
            .properties()
            .iter()
            .filter_map(CstObjectProp::decoded_name)
            .collect()
    }

    pub(super) fn remove(&self, key: &str) {
        if let Some(property) = self.0.get(key) {
            property.remove();
        }
    }

    /// Sets an option where it is written, or as the last one.
    pub(super) fn set(&self, key: &str, value: impl Into<CstInputValue>) {
        match self.0.get(key) {
            Some(property) => property.set_value(value.into()),
            None => drop(self.0.append(key, value.into())),
        }
    }

    /// Renames an option where it stands. One that has the new name already goes.
    pub(super) fn rename(&self, key: &str, to: &str) {
        let Some(property) = self.0.get(key) else { return };
        self.remove(to);
        let Some(name) = property.name().and_then(|name| name.as_string_lit()) else {
            return;
        };
        // Names of options need no escapes.
        name.set_raw_value(format!("\"{to}\""));
    }

    /// Renames an option, unless one has the new name already: then that one counts, and the old one goes.
    pub(super) fn rename_unless_there(&self, key: &str, to: &str) {
        if self.has(to) {
            self.remove(key);
        } else {
            self.rename(key, to);
        }
    }

    /// Moves options, as they are written, into a value of their own.
    pub(super) fn take(&self, keys: &[&str]) -> Vec<(String, CstInputValue)> {
        let mut taken = Vec::new();
        for key in keys {
            if let Some(value) = self.value(key) {
                taken.push(((*key).to_owned(), as_input(&value)));
                self.remove(key);
            }
        }
        taken
    }
}

/// The text of a string.
pub(super) fn text(value: &CstNode) -> Option<String> {
    value.as_string_lit()?.decoded_value().ok()
}

/// A value as one that can be put elsewhere.
pub(super) fn as_input(value: &CstNode) -> CstInputValue {
    if let Some(text) = text(value) {
        CstInputValue::String(text)
    } else if let Some(flag) = value.as_boolean_lit() {
        CstInputValue::Bool(flag.value())
    } else if let Some(array) = value.as_array() {
        CstInputValue::Array(array.elements().iter().map(as_input).collect())
    } else if let Some(object) = value.as_object() {
        let members = object
            .properties()
            .into_iter()
            .filter_map(|property| Some((property.decoded_name()?, as_input(&property.value()?))));
        CstInputValue::Object(members.collect())
    } else if let Some(number) = value.as_number_lit() {
        CstInputValue::Number(number.to_string())
    } else {
        CstInputValue::Null
    }
}

/// Replaces the text of a string, if it changed.
pub(super) fn rewrite(value: &CstNode, change: impl Fn(&str) -> String) {
    let (Some(literal), Some(old)) = (value.as_string_lit(), text(value)) else {
        return;
    };
    let new = change(&old);
    if new != old {
        literal.replace_with(CstInputValue::String(new));
    }
}
