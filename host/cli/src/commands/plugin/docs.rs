//! `kilnbox plugin docs`: every option of a component or a builder as a page of Markdown, made of its own schema.
//!
//! For a stranger's component as for Kilnbox's own. `docs/reference` is what `--all` writes, and a test compares the
//! two, so that no option goes undocumented and no page is out of date.

mod common;
mod page;
mod tree;

use std::sync::Arc;

use kilnbox_engine::{Builder, StepKind, options_in_words, text};
use kilnbox_sandbox::Inspection;
use serde_json::Value as Json;

use self::page::{Page, Within};
use super::{super::runtime, bundled_names, find};
use crate::{args::PluginDocsArgs, error::Error, exit_codes, folders::Folders, stdout, wire};

/// Prints the pages of a name, or writes all.
pub(super) fn run(args: &PluginDocsArgs) -> Result<u8, Error> {
    let folders = Folders::find()?;
    let builders = wire::builders(&folders)?;
    if let Some(folder) = &args.all {
        let pages = runtime()?.block_on(all(&folders, &builders))?;
        tree::write(folder, &pages)?;
    }
    if let Some(name) = &args.plugin {
        let pages = runtime()?.block_on(named(&folders, &builders, name))?;
        let shown: Vec<String> = pages
            .iter()
            .map(|page| page.to_markdown(Within::Nothing))
            .collect();
        // A stranger's schema is as hostile as all its words.
        stdout::print(&text::clean(&shown.join("\n")))?;
    }
    Ok(exit_codes::SUCCESS)
}

/// The pages of everything that bears a name.
async fn named(folders: &Folders, builders: &[Arc<dyn Builder>], name: &str) -> Result<Vec<Page>, Error> {
    let mut pages: Vec<Page> = builders
        .iter()
        .filter(|builder| builder.kind() == name)
        .map(|builder| of_builder(builder.as_ref()))
        .collect();
    if name == SSH {
        pages.push(communicator());
    }
    if pages.is_empty() || bundled_names().contains(&name) {
        let sandbox = wire::sandbox(&[], folders, None).await?;
        pages.extend(find(&sandbox, name).await?.iter().map(of_component));
    }
    Ok(pages)
}

/// The pages of all that is part of the program.
async fn all(folders: &Folders, builders: &[Arc<dyn Builder>]) -> Result<Vec<Page>, Error> {
    let sandbox = wire::sandbox(&[], folders, None).await?;
    let mut pages: Vec<Page> = builders
        .iter()
        .map(|builder| of_builder(builder.as_ref()))
        .collect();
    for name in bundled_names() {
        pages.extend(sandbox.inspect_named(name).await?.iter().map(of_component));
    }
    pages.push(communicator());
    Ok(pages)
}

/// The name of the communicator, as a builder's `communicator` has it.
const SSH: &str = "ssh";

fn of_component(component: &Inspection) -> Page {
    let kind = match component.kind {
        StepKind::Provisioner => page::Kind::Provisioner,
        StepKind::PostProcessor => page::Kind::PostProcessor,
    };
    let (to_grant, granted) = component
        .capabilities
        .iter()
        .cloned()
        .partition(|name| component.to_grant.contains(name));
    Page {
        granted,
        to_grant,
        ..of_schema(kind, &component.name, &component.schema)
    }
}

/// The communicator's options have a page of their own.
fn of_builder(builder: &dyn Builder) -> Page {
    let shared = kilnbox_ssh::schema_properties();
    let page = of_schema(page::Kind::Builder, builder.kind(), builder.schema());
    let (communicator, own): (Vec<_>, Vec<_>) = page
        .options
        .into_iter()
        .partition(|option| shared.contains_key(&option.name));
    Page {
        options: own,
        connects: !communicator.is_empty(),
        ..page
    }
}

fn communicator() -> Page {
    let schema = kilnbox_ssh::schema();
    let page = of_schema(page::Kind::Communicator, SSH, &schema);
    let (refused, built) = page
        .options
        .into_iter()
        .partition(|option| kilnbox_ssh::NOT_BUILT.contains(&option.name.as_str()));
    Page {
        options: built,
        refused,
        ..page
    }
}

fn of_schema(kind: page::Kind, name: &str, schema: &Json) -> Page {
    Page {
        kind,
        name: name.to_owned(),
        about: text_of(schema, "description"),
        examples: schema
            .get("examples")
            .and_then(Json::as_array)
            .cloned()
            .unwrap_or_default(),
        options: options_in_words(schema),
        connects: false,
        refused: Vec::new(),
        granted: Vec::new(),
        to_grant: Vec::new(),
    }
}

fn text_of(schema: &Json, keyword: &str) -> String {
    schema
        .get(keyword)
        .and_then(Json::as_str)
        .unwrap_or_default()
        .to_owned()
}
