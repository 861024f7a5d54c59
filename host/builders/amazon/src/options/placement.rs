//! Which hardware the instance runs on.

use kilnbox_engine::Problem;

use super::given::Given;

/// Which reserved capacity the instance uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CapacityReservation {
    /// `none`, the default.
    None,
    /// `open`: any that fits.
    Open,
    /// `capacity_reservation_id`.
    Id(String),
    /// `capacity_reservation_group_arn`.
    Group(String),
}

/// `placement`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Placement {
    /// ARN of the group of hosts.
    pub(crate) host_resource_group_arn: Option<String>,
    /// A dedicated host.
    pub(crate) host_id: Option<String>,
    /// None is AWS's default, shared hardware.
    pub(crate) tenancy: Option<Tenancy>,
}

/// Who else uses the hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tenancy {
    /// Anybody.
    Default,
    /// The account alone.
    Dedicated,
    /// The account alone, on a host that it rents.
    Host,
}

impl CapacityReservation {
    pub(super) fn read(given: &Given<'_>, problems: &mut Vec<Problem>) -> Self {
        let names = [
            "capacity_reservation_preference",
            "capacity_reservation_id",
            "capacity_reservation_group_arn",
        ];
        let mut written = names.into_iter().filter(|name| given.text(name).is_some());
        if let (Some(first), Some(second)) = (written.next(), written.next()) {
            let message = format!("only one of `{first}` and `{second}` can be set");
            problems.push(Problem::error(given.at(second), message));
        }
        if let Some(id) = given.text("capacity_reservation_id") {
            Self::Id(id)
        } else if let Some(group) = given.text("capacity_reservation_group_arn") {
            Self::Group(group)
        } else if given.text("capacity_reservation_preference").as_deref() == Some("open") {
            Self::Open
        } else {
            Self::None
        }
    }
}

impl Placement {
    pub(super) fn read(given: &Given<'_>, problems: &mut Vec<Problem>) -> Self {
        let inside = given.object("placement");
        let member = |name: &str| inside.as_ref().and_then(|inside| inside.text(name));
        let (new, old) = (member("tenancy"), given.text("tenancy"));
        if new.is_some() && old.is_some() {
            let message = "only one of `tenancy` and `tenancy` of `placement` can be set";
            let problem = Problem::error(given.at("tenancy"), message);
            problems.push(problem.hint("leave this one out: it is the old name"));
        }
        let tenancy = new.or(old).and_then(|tenancy| match tenancy.as_str() {
            "default" => Some(Tenancy::Default),
            "dedicated" => Some(Tenancy::Dedicated),
            "host" => Some(Tenancy::Host),
            _ => None,
        });
        let placement = Self {
            host_resource_group_arn: member("host_resource_group_arn"),
            host_id: member("host_id"),
            tenancy,
        };
        let Some(inside) = &inside else { return placement };
        if placement.host_id.is_some() && placement.host_resource_group_arn.is_some() {
            problems.push(Problem::error(
                inside.at("host_id"),
                "only one of `host_id` and `host_resource_group_arn` can be set",
            ));
        }
        let host = ["host_id", "host_resource_group_arn"]
            .into_iter()
            .find(|name| member(name).is_some());
        if let (Some(name), Some(Tenancy::Default | Tenancy::Dedicated)) = (host, tenancy) {
            let problem = Problem::error(inside.at(name), format!("`{name}` needs the tenancy `host`"));
            problems.push(problem.hint("set `tenancy` to `host`, or leave it out"));
        }
        placement
    }
}
