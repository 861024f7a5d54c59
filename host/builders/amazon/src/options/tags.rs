//! Tags, and texts that are expanded while the build runs.

use kilnbox_engine::Problem;

use super::given::{Given, child};

/// Characters of a tag's key: EC2, `Tag`.
const LONGEST_KEY: usize = 128;

/// A text with values of the build, such as `{{.SourceAMI}}` or `{{.SourceAMITags.Name}}`. The engine expands it by its
/// place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// JSON pointer among the options, such as `/tags/Name` or `/tag/0/value`.
    pub(crate) at: String,
    /// As the user wrote it.
    pub(crate) text: String,
}

/// One tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Used once per resource.
    pub(crate) key: String,
    /// May be empty.
    pub(crate) value: Template,
}

impl Template {
    /// None where it is empty.
    pub(super) fn read(given: &Given<'_>, name: &str) -> Option<Self> {
        let text = given.text(name)?;
        Some(Self {
            at: given.at(name),
            text,
        })
    }
}

/// The map `plural` and the list `singular` of `key` and `value`, which goes before it.
pub(super) fn read(given: &Given<'_>, plural: &str, singular: &str, problems: &mut Vec<Problem>) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    let mut found: Vec<(String, Tag)> = given
        .pairs(plural)
        .into_iter()
        .map(|(key, text)| {
            let at = child(&given.at(plural), &key);
            let value = Template { at: at.clone(), text };
            (at, Tag { key, value })
        })
        .collect();
    found.extend(given.objects(singular).into_iter().map(|tag| {
        let value = Template {
            at: tag.at("value"),
            text: tag.text("value").unwrap_or_default(),
        };
        let key = tag.text("key").unwrap_or_default();
        (tag.at("key"), Tag { key, value })
    }));
    for (at, tag) in found {
        if let Some(why) = refusal(&tag.key) {
            problems.push(Problem::error(at, why));
        }
        match tags.iter_mut().find(|known| known.key == tag.key) {
            Some(known) => *known = tag,
            None => tags.push(tag),
        }
    }
    tags
}

fn refusal(key: &str) -> Option<String> {
    if key.is_empty() {
        return Some("the key of a tag must not be empty".to_owned());
    }
    if key.chars().count() > LONGEST_KEY {
        return Some(format!("the key of a tag has at most {LONGEST_KEY} characters"));
    }
    key.starts_with("aws:")
        .then(|| format!("`{key}` is not for you to set: keys that begin with `aws:` are AWS's own"))
}
