//! The options of a `rootfs` build: their schema, and their checked form.

use std::{collections::BTreeMap, path::PathBuf, sync::LazyLock};

use kilnbox_engine::{Options, Problem};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::{Images, image::Labels};

/// JSON Schema of the options.
pub(crate) static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    let list = |text: &str| json!({ "type": "array", "items": { "type": "string" }, "description": text });
    let text = |text: &str| json!({ "type": "string", "description": text });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "description": "Makes a root file system in a container on this machine, without a daemon, and writes it as an \
            image. `docs/rootfs.md` says what is isolated from this machine.",
        "examples": [{ "type": "rootfs", "output": "web.tar", "tag": "web:1.0" }],
        "properties": {
            "from": { "type": "string", "default": "host", "description":
                "What to start from: `host`, a copy-on-write view of this machine; a directory; a tar archive, plain or \
                 with gzip or zstd; an OCI layout; an OCI archive; or an image of a registry with its host, such as \
                 `docker.io/library/debian:12`." },
            "output": text("The file to write; `<build name>.tar` by default. Folders on the way are made. One that \
                exists is an error, unless `-force` is given."),
            "format": { "default": "oci-archive", "description": "What to write.", "oneOf": [
                { "type": "string", "const": "oci-archive", "description": "The archive of an image, for `podman load` and `skopeo`." },
                { "type": "string", "const": "tar", "description": "The whole root as one plain archive." },
            ] },
            "base_layers": { "description": "Whether the base is in the archive of an image. `omit` by default for `host`, \
                `include` for all else.", "oneOf": [
                { "type": "string", "const": "include", "description": "The image is complete." },
                { "type": "string", "const": "omit", "description": "It holds what the steps changed, no more." },
            ] },
            "tag": text("Name of the image in its archive, such as `base:1.0`."),
            "cmd": list("Arguments the image runs with, unless others are given."),
            "entrypoint": list("Program the image runs, with its first arguments."),
            "env": {
                "description": "Variables the image runs with, by name, or each as `NAME=value`.",
                "oneOf": [
                    { "type": "object", "additionalProperties": { "type": "string" } },
                    { "type": "array", "items": { "type": "string", "pattern": "^[^=]+=" } },
                ],
            },
            "user": text("Account the image runs as; root where there is none."),
            "labels": { "type": "object", "additionalProperties": { "type": "string" },
                "description": "Labels of the image." },
            "network": { "default": "none", "description": "What the steps reach.", "oneOf": [
                { "type": "string", "const": "none", "description": "Nothing but themselves." },
                { "type": "string", "const": "host", "description": "All that this machine reaches." },
            ] },
            "hostname": { "type": "string", "default": "kilnbox", "pattern": "^[A-Za-z0-9-]{1,63}$",
                "description": "Name of the machine inside the container." },
        },
    })
});

#[derive(Debug, Deserialize)]
struct Raw {
    from: Option<String>,
    output: Option<PathBuf>,
    format: Option<Format>,
    tag: Option<String>,
    cmd: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    env: Option<Env>,
    user: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    network: Option<String>,
    base_layers: Option<String>,
    hostname: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Env {
    List(Vec<String>),
    Map(BTreeMap<String, String>),
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    OciArchive,
    Tar,
}

/// What to start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A view of this machine.
    Host,
    /// A directory, an archive or a layout.
    Path(PathBuf),
    /// An image of a registry, by its name.
    Image(String),
}

/// Options that were checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) build_name: String,
    pub(crate) from: Origin,
    /// As the user wrote it, for messages.
    pub(crate) from_written: String,
    pub(crate) output: PathBuf,
    pub(crate) force: bool,
    pub(crate) format: Format,
    pub(crate) labels: Labels,
    pub(crate) host_network: bool,
    pub(crate) include_base: bool,
    pub(crate) hostname: String,
}

impl Config {
    pub(crate) fn parse(options: &Options, images: Option<&dyn Images>) -> Result<Self, Vec<Problem>> {
        let raw: Raw = serde_json::from_value(options.json.clone())
            .map_err(|error| vec![Problem::error("", error.to_string())])?;
        let mut problems = Vec::new();
        let from_written = raw.from.unwrap_or_else(|| "host".to_owned());
        let from = match from_written.as_str() {
            "host" => Origin::Host,
            written => match find(options, written) {
                path if path.exists() => Origin::Path(path),
                _ if images.is_some_and(|images| images.are_named(written)) => {
                    Origin::Image(written.to_owned())
                }
                path => {
                    let problem = Problem::error("/from", format!("`{written}` does not exist"));
                    problems.push(problem.hint(
                        "give `host`, a directory, a tar archive, an OCI layout, an OCI archive, or an image with its \
                         registry's host, such as `docker.io/library/debian:12`",
                    ));
                    Origin::Path(path)
                }
            },
        };
        let output = raw
            .output
            .unwrap_or_else(|| PathBuf::from(format!("{}.tar", options.build_name)));
        let output = options.working_dir.join(output);
        if !options.force && output.exists() && !output.is_dir() {
            let problem = Problem::error("/output", format!("`{}` exists already", output.display()));
            problems.push(problem.hint("remove it, choose another `output`, or run with -force"));
        }
        if output.file_name().is_none() || output.is_dir() {
            problems.push(Problem::error(
                "/output",
                format!("`{}` is not the name of a file", output.display()),
            ));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut config = Map::new();
        let env = raw.env.map(|env| match env {
            Env::List(list) => list,
            Env::Map(map) => map
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        });
        for (name, value) in [
            ("Cmd", raw.cmd.map(|it| json!(it))),
            ("Entrypoint", raw.entrypoint.map(|it| json!(it))),
            ("Env", env.map(|it| json!(it))),
            ("User", raw.user.map(|it| json!(it))),
            ("Labels", raw.labels.map(|it| json!(it))),
        ] {
            if let Some(value) = value {
                config.insert(name.to_owned(), value);
            }
        }
        Ok(Self {
            build_name: options.build_name.clone(),
            include_base: raw.base_layers.map_or(from != Origin::Host, |it| it == "include"),
            from,
            from_written,
            output,
            force: options.force,
            format: raw.format.unwrap_or(Format::OciArchive),
            labels: Labels { tag: raw.tag, config },
            host_network: raw.network.is_some_and(|it| it == "host"),
            hostname: raw.hostname.unwrap_or_else(|| "kilnbox".to_owned()),
        })
    }
}

/// Local paths start from the working directory, and from the template's folder where nothing is found there.
fn find(options: &Options, written: &str) -> PathBuf {
    let here = options.working_dir.join(written);
    match &options.template_dir {
        Some(folder) if !here.exists() && folder.join(written).exists() => folder.join(written),
        _ => here,
    }
}
