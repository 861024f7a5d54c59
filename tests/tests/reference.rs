//! `docs/reference` against the program it describes: the pages are those that its schemas make, every option is
//! described, every example is a template, and every name in them is taken.

use std::{collections::BTreeMap, fs, path::Path};

use kilnbox_tests::{Finished, Kilnbox, Tree, guest, repository};
use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

/// What brings the pages up to date.
const AGAIN: &str = "make the pages again: cargo run --bin kilnbox -- plugin docs --all docs/reference";

/// The files that the examples of the pages name.
const FILES: [&str; 2] = ["motd", "site.yml"];

/// `shell-local` and `breakpoint` are only looked at where they are granted what they ask for.
const GRANTS: &str =
    "[plugins.shell-local]\ngrant = [\"host-exec\"]\n\n[plugins.breakpoint]\ngrant = [\"prompt\"]\n";

fn committed() -> BTreeMap<String, String> {
    pages_in(&repository().join("docs/reference"))
}

fn pages_in(folder: &Path) -> BTreeMap<String, String> {
    let read = |name: String| {
        let text = fs::read_to_string(folder.join(&name)).expect("a page is text");
        (name, text)
    };
    Tree::read(folder).files().into_iter().map(read).collect()
}

fn kilnbox(arguments: &[&str]) -> Finished {
    Kilnbox::new().run(Path::new("/"), arguments)
}

/// Validates a template beside everything that the pages' examples name.
fn validate(template: &Json) -> Finished {
    let folder = TempDir::with_prefix("kilnbox-test-reference-").expect("a temporary folder can be made");
    for name in FILES {
        fs::write(folder.path().join(name), "text\n").expect("a file can be written");
    }
    fs::write(folder.path().join("kilnbox.toml"), GRANTS).expect("a file can be written");
    fs::write(folder.path().join("template.json"), template.to_string()).expect("a template can be written");
    Kilnbox::new().run(folder.path(), &["validate", "--trust", "template.json"])
}

/// A template around one block of a kind, as the folders of the reference call it.
fn around(kind: &str, block: &Json) -> Json {
    let builder = json!({ "type": "null", "communicator": "none" });
    match kind {
        "builders" => json!({ "builders": [block] }),
        "provisioners" => json!({ "builders": [builder], "provisioners": [block] }),
        "post-processors" => json!({ "builders": [builder], "post-processors": [block] }),
        other => panic!("no blocks are of the kind `{other}`"),
    }
}

/// The names of the options of a page, each with the text below its heading.
fn options(page: &str) -> Vec<(&str, &str)> {
    let sections = page.split("\n### ").skip(1);
    sections
        .map(|section| {
            let (heading, text) = section.split_once('\n').expect("text below a heading");
            let text = text.split("\n## ").next().unwrap_or_default();
            (heading.trim_matches('`'), text.trim())
        })
        .collect()
}

#[test]
fn pages_are_those_of_the_schemas() {
    let folder = TempDir::with_prefix("kilnbox-test-reference-").expect("a temporary folder can be made");
    let at = folder.path().to_str().expect("a plain path");
    kilnbox(&["plugin", "docs", "--all", at]).succeeded();
    let (made, committed) = (pages_in(folder.path()), committed());
    assert_eq!(
        committed.keys().collect::<Vec<_>>(),
        made.keys().collect::<Vec<_>>(),
        "pages in docs/reference; {AGAIN}"
    );
    for (name, page) in &made {
        assert_eq!(committed[name], *page, "docs/reference/{name}; {AGAIN}");
    }
}

#[test]
fn every_option_is_described() {
    for (name, page) in committed() {
        for (option, text) in options(&page) {
            let description = text.split_once("\n\n").map(|(_, description)| description.trim());
            assert!(
                description.is_some_and(|description| description.ends_with('.')),
                "docs/reference/{name}: `{option}` is not described in sentences: {text}"
            );
        }
    }
}

#[test]
fn every_example_is_a_template() {
    let mut examples = 0;
    for (name, page) in committed() {
        let (kind, _) = name.split_once('/').unwrap_or(("", &name));
        for block in page.split("```json\n").skip(1) {
            let (text, _) = block.split_once("\n```").expect("a block ends");
            let block: Json = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            validate(&around(kind, &block)).succeeded();
            examples += 1;
        }
    }
    let pages = committed()
        .keys()
        .filter(|name| !name.ends_with("README.md") && !name.starts_with("communicators/"))
        .count();
    assert!(examples >= pages, "{examples} examples on {pages} pages");
}

#[test]
fn options_of_every_block_are_taken() {
    let values: Map<String, Json> = serde_json::from_value(json!({
        "type": "sleep", "name": "named", "only": ["null"], "except": ["other"], "override": { "null": {} },
        "pause_before": "1s", "timeout": "5m", "max_retries": 2, "keep_input_artifact": true,
    }))
    .expect("an object");
    let types = [
        ("builders", "null"),
        ("provisioners", "sleep"),
        ("post-processors", "manifest"),
    ];
    for (kind, name) in types {
        let page = &committed()[&format!("{kind}/README.md")];
        for (option, _) in options(page) {
            let value = values
                .get(option)
                .unwrap_or_else(|| panic!("no value to try `{option}` with"));
            let mut block = json!({ option: value });
            block["type"] = json!(name);
            if kind == "builders" {
                block["communicator"] = json!("none");
            }
            let mut template = around(kind, &block);
            if option == "except" {
                let other = json!({ "type": "null", "name": "other", "communicator": "none" });
                template["builders"].as_array_mut().expect("a list").push(other);
            }
            validate(&template).succeeded();
        }
    }
}

/// The suite `configuration_errors` must know each of them.
#[test]
fn every_page_has_its_cases_of_mistakes() {
    for name in committed().keys().filter(|name| !name.ends_with("README.md")) {
        let case = name.replacen("s/", "-", 1).replace(".md", ".json");
        let path = repository().join("tests/configuration-errors").join(&case);
        assert!(
            path.exists(),
            "no tests/configuration-errors/{case} for docs/reference/{name}"
        );
    }
}

#[test]
fn a_name_of_several_kinds_prints_a_page_for_each() {
    let run = kilnbox(&["plugin", "docs", "file"]).succeeded();
    run.says("# Builder `file`\n").says("# Provisioner `file`\n");
    let run = kilnbox(&["plugin", "docs", "shell-local"]).succeeded();
    run.says("# Provisioner `shell-local`\n")
        .says("# Post-processor `shell-local`\n")
        .says("grant = [\"host-exec\"]");
}

#[test]
fn builders_and_the_communicator_have_pages_too() {
    kilnbox(&["plugin", "docs", "null"])
        .succeeded()
        .says("# Builder `null`\n")
        .says("`kilnbox plugin docs ssh`");
    kilnbox(&["plugin", "docs", "ssh"])
        .succeeded()
        .says("# Communicator `ssh`\n")
        .says("### `ssh_private_key_file`\n");
}

#[test]
fn a_page_is_made_of_a_file() {
    let file = guest("hostile");
    let run = kilnbox(&["plugin", "docs", file.to_str().expect("a plain path")]).succeeded();
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn a_name_of_nothing_has_no_page() {
    kilnbox(&["plugin", "docs", "shel"])
        .exited(1)
        .says("`shel` is no file, no part of Kilnbox and not in kilnbox.toml here")
        .says("did you mean `shell`?");
    kilnbox(&["plugin", "docs"]).exited(2).says("FILE|NAME");
}
