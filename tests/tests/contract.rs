//! `docs/plugins/contract.md` is the contract as its own comments tell it: `wit/`, interface by interface.

use std::{env, fs, path::Path};

use kilnbox_tests::repository;
use wit_parser::Resolve;

/// Set, the page is written anew instead of compared.
const WRITE: &str = "KILNBOX_WRITE_CONTRACT";

/// In the order an author meets them.
const INTERFACES: [(&str, &str); 16] = [
    ("plugin", "exported by every component"),
    ("provisioner", "exported by a provisioner"),
    ("post-processor", "exported by a post-processor"),
    (
        "validator",
        "exported where a component checks its options further; optional",
    ),
    ("types", "always granted"),
    ("ui", "always granted"),
    ("template", "always granted"),
    ("assets", "always granted"),
    ("exec", "granted by default; provisioners"),
    ("upload", "granted by default; provisioners"),
    ("download", "granted by default; provisioners"),
    ("reconnect", "granted by default; provisioners"),
    ("outputs", "granted by default"),
    ("connection", "must be granted"),
    ("host-exec", "must be granted"),
    ("prompt", "must be granted"),
];

fn page() -> String {
    let wit = repository().join("wit");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(&wit).expect("the contract can be parsed");
    let package = &resolve.packages[package];
    let mut named: Vec<&str> = package.interfaces.keys().map(String::as_str).collect();
    let mut listed: Vec<&str> = INTERFACES.iter().map(|(name, _)| *name).collect();
    named.sort_unstable();
    listed.sort_unstable();
    assert_eq!(named, listed, "every interface has its place on the page");

    let mut page = format!(
        "# The contract `{}`\n\nWhat a component and Kilnbox may ask of each other, made of the comments in [`wit/`](../../wit). \
         Imports are the permission list: a component may do what it imports, and no more. Every `1.x` runs on every later \
         `1.y`: exports never change, imports only grow, and records, variants and enums never change.\n",
        package.name
    );
    for (name, granted) in INTERFACES {
        let interface = &resolve.interfaces[package.interfaces[name]];
        let about = interface
            .docs
            .contents
            .as_deref()
            .unwrap_or_else(|| panic!("`{name}` says what it is"));
        let about = about.lines().map(str::trim).collect::<Vec<_>>().join("\n");
        page += &format!(
            "\n## `{name}`\n\n*{granted}*\n\n{about}\n\n```wit\n{}\n```\n",
            body(&wit, name)
        );
    }
    page
}

/// An interface as its file has it.
fn body(wit: &Path, name: &str) -> String {
    let start = format!("interface {name} {{");
    let texts = fs::read_dir(wit).expect("the contract is there").map(|entry| {
        let path = entry.expect("a folder can be listed").path();
        fs::read_to_string(path).expect("a file of the contract is text")
    });
    let found = texts.into_iter().find_map(|text| {
        let from = text.find(&start)?;
        let length = text[from..].find("\n}")? + "\n}".len();
        Some(text[from..from + length].to_owned())
    });
    found.unwrap_or_else(|| panic!("`{start}` stands in a file of the contract"))
}

#[test]
fn the_page_is_what_the_files_say() {
    let path = repository().join("docs/plugins/contract.md");
    let made = page();
    if env::var_os(WRITE).is_some() {
        fs::write(&path, &made).expect("the page can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "docs/plugins/contract.md is out of date; write it with: {WRITE}=1 cargo test --test contract"
    );
}
