//! Tags, and texts that are expanded while the build runs.

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
