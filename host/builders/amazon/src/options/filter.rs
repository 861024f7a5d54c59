//! Filters of what is looked up: the source image, the network, the security groups.

/// `filters`: by the name that the `Describe…` call has for it, each with the values of which one must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// In the order of the template; values were split at commas.
    pub(crate) filters: Vec<(String, Vec<String>)>,
}

/// Where the instance's image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `source_ami`.
    Id(String),
    /// `source_ami_filter`.
    Filter(SourceFilter),
}

/// `source_ami_filter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceFilter {
    /// Of `DescribeImages`.
    pub(crate) filter: Filter,
    /// `source_ami`, where the template has both: the filter must find this one (`ImageIds`).
    pub(crate) image_id: Option<String>,
    /// Accounts, `self`, or aliases such as `amazon`; at least one, unless `image_id` is given.
    pub(crate) owners: Vec<String>,
    /// Whether the newest of several is taken.
    pub(crate) most_recent: bool,
    /// Whether images count that are called old.
    pub(crate) include_deprecated: bool,
}

/// `subnet_filter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubnetFilter {
    /// Of `DescribeSubnets`.
    pub(crate) filter: Filter,
    /// Whether the one with the most free addresses is taken; goes before `random`.
    pub(crate) most_free: bool,
    /// Whether any one of several is taken.
    pub(crate) random: bool,
}
