//! What holds for spot instances alone.

use kilnbox_engine::Problem;

use super::{RunConfig, given::Given};

/// Whether a spot instance is asked for: a price of 0 is none, as in Packer.
pub(super) fn wanted(given: &Given<'_>) -> bool {
    let price = given.text("spot_price");
    price.is_some_and(|price| price != "0") || !given.list("spot_instance_types").is_empty()
}

/// Checks what depends on the kind of instance.
pub(super) fn check(given: &Given<'_>, run: &RunConfig, problems: &mut Vec<Problem>) {
    match (&run.instance_type, run.spot_instance_types.is_empty()) {
        (None, true) => {
            let problem = Problem::error("", "`instance_type` or `spot_instance_types` must be set");
            problems.push(problem.hint("such as `t3.micro`"));
        }
        (Some(_), false) => {
            let message = "only one of `instance_type` and `spot_instance_types` can be set";
            problems.push(Problem::error(given.at("spot_instance_types"), message));
        }
        _ => {}
    }
    if let Some(price) = &run.spot_price
        && !price
            .parse::<f64>()
            .is_ok_and(|price| price.is_finite() && price >= 0.0)
    {
        let problem = Problem::error(given.at("spot_price"), format!("`{price}` is not a price"));
        problems.push(problem.hint("write dollars for an hour, such as `0.05`, or `auto`"));
    }
    if run.spot {
        return;
    }
    let tags = [
        ("spot_tags", "spot_tag", &run.spot_tags),
        ("fleet_tags", "fleet_tag", &run.fleet_tags),
    ];
    for (map, list, _) in tags.into_iter().filter(|(.., tags)| !tags.is_empty()) {
        let name = if given.pairs(map).is_empty() { list } else { map };
        let problem = Problem::error(
            given.at(name),
            format!("`{name}` needs a spot instance: there is no request that it could be of"),
        );
        problems.push(problem.hint("set `spot_price` or `spot_instance_types`"));
    }
}
