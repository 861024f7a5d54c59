//! Filters of what is looked up: the source image, the network, the security groups.

use kilnbox_engine::Problem;

use super::given::Given;

/// `filters`: by the name that the `Describe…` call has for it, each with the values of which one must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// In the order of the template; values were split at commas.
    pub(crate) filters: Vec<(String, Vec<String>)>,
}

impl Filter {
    /// None where there are no filters: all that there is would match.
    pub(super) fn read(given: &Given<'_>) -> Option<Self> {
        let filters: Vec<_> = given
            .pairs("filters")
            .into_iter()
            .map(|(name, values)| {
                let values = values.split(',').map(|value| value.trim().to_owned()).collect();
                (name, values)
            })
            .collect();
        (!filters.is_empty()).then_some(Self { filters })
    }
}

/// Where the instance's image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `source_ami`.
    Id(String),
    /// `source_ami_filter`.
    Filter(SourceFilter),
}

impl Source {
    pub(super) fn read(given: &Given<'_>, problems: &mut Vec<Problem>) -> Self {
        let image_id = given.text("source_ami");
        let Some(inside) = given.object("source_ami_filter") else {
            if image_id.is_none() {
                let problem = Problem::error("", "`source_ami` or `source_ami_filter` must be set");
                problems.push(problem.hint("name the image that the instance starts from"));
            }
            return Self::Id(image_id.unwrap_or_default());
        };
        let owners = inside.list("owners");
        if owners.is_empty() && image_id.is_none() {
            let problem = Problem::error(
                inside.here(),
                "`owners` of `source_ami_filter` must be set: anybody can name an image like the one you look for",
            );
            problems.push(problem.hint("list account numbers, `self`, or an alias such as `amazon`"));
        }
        Self::Filter(SourceFilter {
            filter: Filter::read(&inside).unwrap_or_default(),
            image_id,
            owners,
            most_recent: inside.flag("most_recent"),
            include_deprecated: inside.flag("include_deprecated"),
        })
    }
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

impl SubnetFilter {
    pub(super) fn read(given: &Given<'_>) -> Option<Self> {
        let given = given.object("subnet_filter")?;
        Some(Self {
            filter: Filter::read(&given)?,
            most_free: given.flag("most_free"),
            random: given.flag("random"),
        })
    }
}
