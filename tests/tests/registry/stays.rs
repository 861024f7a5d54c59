//! What is locked builds without a network, and is refused when it is not what it was.

use std::{fs, process::Command};

use kilnbox_tests::{Kilnbox, Running, needs_root, registry::Registry};

use crate::{component::component, desk::Desk};

/// Runs `kilnbox` where there is no network at all.
fn cut_off(desk: &Desk, arguments: &[&str]) -> kilnbox_tests::Finished {
    needs_root("a namespace without a network is made");
    let inner = desk.command(arguments);
    let mut command = Command::new("unshare");
    command
        .arg("--net")
        .arg(Kilnbox::binary())
        .args(arguments)
        .current_dir(desk.at())
        .env_clear();
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    Running::start(command).finish()
}

#[test]
fn a_build_needs_no_network() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    desk.publish(&registry, "1.0.0", &["ui"]).succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    drop(registry);
    for arguments in [
        ["validate", "template.json"],
        ["build", "template.json"],
        ["plugin", "list"],
    ] {
        cut_off(&desk, &arguments).succeeded();
    }
    cut_off(&desk, &["init"]).succeeded();
    let refused = cut_off(&desk, &["init", "--upgrade"]).exited(1);
    insta::assert_snapshot!("unreachable", desk.words(&refused));
    cut_off(&desk, &["build", "template.json"]).succeeded();
}

#[test]
fn damaged_bytes_are_refused_by_build_and_mended_by_init() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    desk.publish(&registry, "1.0.0", &[]).succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    let lock = desk.read("kilnbox.lock");
    let [entry] = &desk.stored()[..] else {
        panic!("one plugin, one entry")
    };
    fs::write(entry, component("tool", "1.0.0", &["exec"])).unwrap();

    let refused = desk.run(&["build", "template.json"]).exited(1);
    insta::assert_snapshot!("damaged", desk.words(&refused));
    let list = desk.run(&["plugin", "list"]).exited(1);
    insta::assert_snapshot!("list_damaged", desk.words(&list));
    let mended = desk.ask(&registry, &["init"]).succeeded();
    insta::assert_snapshot!("mended", desk.words(&mended));
    desk.run(&["build", "template.json"]).succeeded();
    assert_eq!(desk.read("kilnbox.lock"), lock);
}

#[test]
fn copies_in_the_project_need_neither_store_nor_registry() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    desk.publish(&registry, "1.0.0", &[]).succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    let copied = desk.run(&["plugin", "vendor"]).succeeded();
    insta::assert_snapshot!("vendored", desk.words(&copied));
    desk.forget();
    drop(registry);
    desk.run(&["init"]).succeeded();
    desk.run(&["build", "template.json"]).succeeded();
    let list = desk.run(&["plugin", "list"]).succeeded();
    insta::assert_snapshot!("list_vendored", desk.words(&list));

    desk.write("kilnbox_plugins/tool.wasm", component("tool", "1.0.0", &["exec"]));
    let refused = desk.run(&["build", "template.json"]).exited(1);
    insta::assert_snapshot!("copy_differs", desk.words(&refused));
}

#[test]
fn copies_follow_the_lock() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    desk.publish(&registry, "1.0.0", &[]).succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    desk.run(&["plugin", "vendor"]).succeeded();
    desk.publish(&registry, "1.1.0", &[]).succeeded();
    let upgraded = desk.ask(&registry, &["init", "--upgrade"]).succeeded();
    insta::assert_snapshot!("upgraded_with_copies", desk.words(&upgraded));
    desk.run(&["build", "template.json"]).succeeded();
    desk.write("kilnbox_plugins/mine.wasm", "of the user");
    desk.write("kilnbox.toml", "[plugins]\n");
    desk.write(
        "template.json",
        r#"{"builders": [{"type": "null", "communicator": "none"}]}"#,
    );
    desk.run(&["init"]).succeeded();
    assert!(!desk.at().join("kilnbox_plugins/tool.wasm").exists());
    assert_eq!(desk.read("kilnbox_plugins/mine.wasm"), "of the user");
}

#[test]
fn what_no_project_needs_is_removed_when_asked() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    desk.publish(&registry, "1.0.0", &[]).succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    desk.publish(&registry, "1.1.0", &[]).succeeded();
    desk.ask(&registry, &["init", "--upgrade"]).succeeded();
    desk.run(&["plugin", "prune"]).succeeded();
    assert_eq!(desk.stored().len(), 2, "used lately");
    let would = desk
        .run(&["plugin", "prune", "--older-than=0s", "--dry-run"])
        .succeeded();
    insta::assert_snapshot!("would_prune", desk.words(&would));
    desk.run(&["plugin", "prune", "--older-than=0s"]).succeeded();
    assert_eq!(desk.stored().len(), 1);
    desk.run(&["build", "template.json"]).succeeded();
}

#[test]
fn an_unlocked_file_is_taken_as_it_is_and_a_locked_one_as_it_was() {
    let desk = Desk::new("[plugins.tool]\nsource = \"file:tool.wasm\"\n");
    desk.write("tool.wasm", component("tool", "1.0.0", &[]));
    desk.run(&["build", "template.json"]).succeeded();
    let list = desk.run(&["plugin", "list"]).succeeded();
    insta::assert_snapshot!("list_file", desk.words(&list));
    desk.run(&["init"]).succeeded();
    desk.run(&["build", "template.json"]).succeeded();
    desk.write("tool.wasm", component("tool", "1.0.1", &[]));
    desk.run(&["build", "template.json"]).exited(1);
    let locked = desk.run(&["init"]).succeeded();
    insta::assert_snapshot!("file_locked_anew", desk.words(&locked));
    desk.run(&["build", "template.json"]).succeeded();
}
