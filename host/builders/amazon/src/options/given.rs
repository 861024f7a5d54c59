//! Reads the options of a template, each by its name.
//!
//! The engine has brought them into the schema's types. What is empty is what is not there, as everywhere in Packer: a
//! template turns an option off by an empty variable.

use kilnbox_ssh::asks_for_something;
use serde_json::{Map, Value as Json};

/// An object of options, and where it is.
#[derive(Clone, Debug)]
pub(super) struct Given<'a> {
    members: Option<&'a Map<String, Json>>,
    at: String,
}

impl<'a> Given<'a> {
    /// All options of a builder.
    pub(super) fn all(options: &'a Json) -> Self {
        Self {
            members: options.as_object(),
            at: String::new(),
        }
    }

    /// JSON pointer of the object itself.
    pub(super) fn here(&self) -> &str {
        &self.at
    }

    /// JSON pointer of an option.
    pub(super) fn at(&self, name: &str) -> String {
        child(&self.at, name)
    }

    /// The option, where it says something.
    pub(super) fn get(&self, name: &str) -> Option<&'a Json> {
        self.members?.get(name).filter(|value| asks_for_something(value))
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.trilean(name).unwrap_or(false)
    }

    /// True, false or neither.
    pub(super) fn trilean(&self, name: &str) -> Option<bool> {
        self.members?.get(name)?.as_bool()
    }

    /// None for 0, as in Packer.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_f64()
    }

    /// A whole number; what is larger than the type was refused by the schema.
    pub(super) fn count<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        T::try_from(self.get(name)?.as_i64()?).ok()
    }

    /// Without white space around the items, and without empty ones: both come of `"a, b,"`.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let items = self.get(name).and_then(Json::as_array);
        let texts = items.into_iter().flatten().filter_map(Json::as_str);
        texts
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect()
    }

    /// A map in the order of the template. Values may be empty.
    pub(super) fn pairs(&self, name: &str) -> Vec<(String, String)> {
        let members = self.members.and_then(|members| members.get(name)?.as_object());
        let pairs = members.into_iter().flatten();
        pairs
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect()
    }

    /// The options inside an option, where one of them says something.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Some(Self {
            members: Some(self.get(name)?.as_object()?),
            at: self.at(name),
        })
    }

    /// The options inside each item of an option.
    pub(super) fn objects(&self, name: &str) -> Vec<Self> {
        let items = self.members.and_then(|members| members.get(name)?.as_array());
        let items = items.into_iter().flatten().enumerate();
        items
            .map(|(index, item)| Self {
                members: item.as_object(),
                at: format!("{}/{index}", self.at(name)),
            })
            .collect()
    }
}

/// JSON pointer of a member.
pub(super) fn child(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}
