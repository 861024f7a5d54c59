//! The schema: what the reference prints of it, and that nothing in it is overlooked.

use kilnbox_engine::options_in_words;
use serde_json::Value as Json;

use super::super::{not_built::NOT_BUILT, schema};

#[test]
fn the_options_in_words() {
    let communicator = kilnbox_ssh::instance_schema_properties();
    let options: Vec<String> = options_in_words(&schema())
        .into_iter()
        .filter(|option| !communicator.contains_key(&option.name))
        .map(|option| format!("{}: {option}", option.name))
        .collect();
    insta::assert_snapshot!(options.join("\n"));
}

#[test]
fn every_option_is_described() {
    fn walk(at: &str, schema: &Json, bare: &mut Vec<String>) {
        let described = schema["description"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        if !described {
            bare.push(at.to_owned());
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            walk(&format!("{at}/{name}"), member, bare);
        }
    }
    let mut bare = Vec::new();
    walk("", &schema(), &mut bare);
    assert_eq!(bare, [""; 0]);
}

#[test]
fn the_communicator_of_instances_is_in_the_schema() {
    let schema = schema();
    for (name, shared) in kilnbox_ssh::instance_schema_properties() {
        assert_eq!(schema["properties"][&name], shared, "{name}");
    }
}

#[test]
fn what_is_not_built_says_so() {
    let schema = schema();
    for name in NOT_BUILT {
        assert_eq!(
            schema["properties"][name]["description"],
            "Not built yet, and refused."
        );
    }
}

#[test]
fn tags_and_the_description_are_expanded_late() {
    let schema = schema();
    for name in [
        "tags",
        "snapshot_tags",
        "run_tags",
        "run_volume_tags",
        "spot_tags",
        "fleet_tags",
    ] {
        let map = &schema["properties"][name]["additionalProperties"]["format"];
        let single = name.trim_end_matches('s');
        let list = &schema["properties"][single]["items"]["properties"]["value"]["format"];
        assert_eq!(
            (map, list),
            (&"runtime-template".into(), &"runtime-template".into()),
            "{name}"
        );
    }
    assert_eq!(
        schema["properties"]["ami_description"]["format"],
        "runtime-template"
    );
}
