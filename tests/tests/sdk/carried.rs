//! The Rust SDK is carried by projects outside the workspace, so its manifest inherits nothing from it. What it says
//! must still be what the workspace says.

use std::fs;

use kilnbox_tests::repository;
use toml::{Table, Value};

fn manifest(path: &str) -> Table {
    let text = fs::read_to_string(repository().join(path)).expect("there is such a manifest");
    text.parse().expect("a manifest is TOML")
}

/// The value at the end of these keys.
fn at<'v>(table: &'v Table, keys: &[&str]) -> &'v Value {
    let (last, path) = keys.split_last().expect("a place has a name");
    let table = path.iter().fold(table, |table, key| {
        table[*key]
            .as_table()
            .unwrap_or_else(|| panic!("`{key}` is no table"))
    });
    &table[*last]
}

#[test]
fn the_manifest_agrees_with_the_workspace() {
    let workspace = manifest("Cargo.toml");
    let carried = manifest("guest-sdk/rust/Cargo.toml");

    for key in ["version", "edition", "rust-version", "license", "repository"] {
        assert_eq!(
            at(&carried, &["package", key]),
            at(&workspace, &["workspace", "package", key]),
            "{key}"
        );
    }
    assert_eq!(at(&carried, &["lints"]), at(&workspace, &["workspace", "lints"]));

    let known = at(&workspace, &["workspace", "dependencies"]);
    for (name, wanted) in at(&carried, &["dependencies"]).as_table().expect("a table") {
        assert_eq!(Some(wanted), known.get(name), "{name}");
    }
}

#[test]
fn the_contract_is_a_link_to_the_one_of_the_repository() {
    for sdk in ["guest-sdk/rust/wit", "guest-sdk/python/src/kilnbox_step/wit"] {
        let link = repository().join(sdk);
        let kind = fs::symlink_metadata(&link)
            .expect("the SDK has the contract")
            .file_type();
        assert!(kind.is_symlink(), "`{sdk}` is a second copy of the contract");
        assert_eq!(
            link.canonicalize().expect("the link leads somewhere"),
            repository()
                .join("wit")
                .canonicalize()
                .expect("there is a contract")
        );
    }
}
