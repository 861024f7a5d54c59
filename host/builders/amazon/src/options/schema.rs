//! The JSON Schema of the options. The engine coerces and validates by it, and the reference is made of it.
//!
//! It says no more than what holds for one option by itself; what depends on several is checked by [`super::Config`].
//! `null` stands where an empty text means that nothing is set, rather than false or an unknown word. A `default` is
//! there only where no other option asks whether this one was written.

mod access;
mod image;
mod instance;
mod network;
mod volumes;

use serde_json::{Map, Value as Json, json};

use super::not_built::NOT_BUILT;

/// Options by name, in the order of the reference.
type Properties = Vec<(&'static str, Json)>;

const ABOUT: &str = "Makes an AMI: launches an EC2 instance from a source image, runs the steps on it, stops it and makes \
    the image of its volumes. Credentials and the region come from the template, or from where AWS's own tools look \
    for them. Whatever was made for the build is removed after it; if the program was killed, `kilnbox gc` does it.";

/// The options of the builder, and of its communicator.
pub(crate) fn schema() -> Json {
    let own = [
        image::properties(),
        instance::properties(),
        network::properties(),
        volumes::properties(),
        access::properties(),
    ];
    let mut properties: Map<String, Json> = own
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    for name in NOT_BUILT {
        properties.insert(
            (*name).to_owned(),
            json!({ "description": "Not built yet, and refused." }),
        );
    }
    for (name, schema) in kilnbox_ssh::instance_schema_properties() {
        properties.insert(name, schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "description": ABOUT,
        "examples": [{
            "type": "amazon-ebs",
            "region": "eu-central-1",
            "ami_name": "web-{{timestamp}}",
            "instance_type": "t3.micro",
            "source_ami_filter": {
                "filters": { "name": "debian-13-amd64-*", "virtualization-type": "hvm" },
                "owners": ["136693071363"],
                "most_recent": true,
            },
            "ssh_username": "admin",
            "tags": { "Base": "{{.SourceAMIName}}" },
        }],
        "required": ["ami_name"],
        "properties": properties,
    })
}

fn text(about: &str) -> Json {
    json!({ "type": "string", "description": about })
}

fn secret(about: &str) -> Json {
    json!({ "type": "string", "format": "secret", "description": about })
}

/// Expanded while the build runs.
fn template(about: &str) -> Json {
    json!({ "type": "string", "format": "runtime-template", "description": about })
}

fn flag(about: &str) -> Json {
    json!({ "type": "boolean", "default": false, "description": about })
}

/// True, false, or neither, which leaves the decision to somebody else.
fn trilean(about: &str) -> Json {
    json!({ "type": ["null", "boolean"], "description": about })
}

fn list(about: &str) -> Json {
    json!({ "type": "array", "items": { "type": "string" }, "description": about })
}

fn map(about: &str) -> Json {
    json!({ "type": "object", "additionalProperties": { "type": "string" }, "description": about })
}

/// A whole number; 0 is none.
fn count(most: i32, about: &str) -> Json {
    json!({ "type": "integer", "minimum": 0, "maximum": most, "description": about })
}

fn choice(about: &str, values: &[(&str, &str)]) -> Json {
    let mut branches: Vec<Json> = values
        .iter()
        .map(|(value, about)| json!({ "type": "string", "const": value, "description": about }))
        .collect();
    branches.push(json!({ "type": "null" }));
    json!({ "description": about, "oneOf": branches })
}

fn with_default(mut schema: Json, default: impl Into<Json>) -> Json {
    if let Json::Object(members) = &mut schema {
        members.insert("default".to_owned(), default.into());
    }
    schema
}

fn deprecated(mut schema: Json) -> Json {
    if let Json::Object(members) = &mut schema {
        members.insert("deprecated".to_owned(), Json::Bool(true));
    }
    schema
}

/// A map of tags.
fn tags(about: &str) -> Json {
    json!({
        "type": "object",
        "additionalProperties": { "type": "string", "format": "runtime-template" },
        "description": about,
    })
}

/// The same as a list, as HCL's blocks come.
fn tag(map: &str) -> Json {
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["key", "value"],
            "properties": {
                "key": { "type": "string" },
                "value": { "type": "string", "format": "runtime-template" },
            },
        },
        "description": format!("`{map}` as a list of objects, each with `key` and `value`. Goes before it."),
    })
}

/// An object with members of its own. They are told in the description: the reference has no page for them.
fn object(about: &str, members: Properties) -> Json {
    let mut description = format!("{about}\n");
    for (name, member) in &members {
        let about = member
            .get("description")
            .and_then(Json::as_str)
            .unwrap_or_default();
        description.push_str(&format!("\n- `{name}`: {about}"));
    }
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": members_of(members),
        "description": description,
    })
}

/// A list of such objects.
fn objects(about: &str, members: Properties) -> Json {
    let mut item = object(about, members);
    let description = item.as_object_mut().and_then(|item| item.remove("description"));
    json!({ "type": "array", "items": item, "description": description })
}

fn members_of(members: Properties) -> Map<String, Json> {
    members
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

/// What a `Describe…` call is asked for.
fn filters(call: &str) -> (&'static str, Json) {
    let about = format!("values by filter, as `{call}` names them; several values with commas between.");
    ("filters", map(&about))
}
