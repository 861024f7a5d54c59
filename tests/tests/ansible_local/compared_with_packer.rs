//! Packer and Kilnbox with the same step on the same machine: the same command lines there, in the same order, and the same
//! files afterwards.
//!
//! A module of its own, so that `make test` can leave out all of it by name, and say so, where no Packer can be installed.

use std::fs;

use kilnbox_tests::{Finished, Packer, Tree};
use serde_json::{Value as Json, json};

use crate::ground::{Ground, play};

/// What differs from run to run.
fn normal(line: &str) -> String {
    let number = regex::Regex::new(r"(packer-provisioner-ansible-local)\d+").expect("a pattern");
    let unique = regex::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").expect("a pattern");
    unique
        .replace_all(&number.replace_all(line, "${1}NUMBER"), "UNIQUE")
        .into_owned()
}

/// Runs the step with both, which end with these codes, and gives each one's command lines on the instance and what it left there.
fn with_both(
    codes: [i32; 2],
    plant: impl Fn(&Ground),
    step: impl Fn(&Ground) -> Json,
) -> [(Vec<String>, Tree); 2] {
    let on = Ground::new();
    plant(&on);
    let folder = on.template(step(&on));
    let arguments = ["build", "-color=false", "template.json"];
    let once = |code, build: &dyn Fn() -> Finished| {
        let _ = fs::remove_file(on.notes.path().join("lines"));
        fs::remove_dir_all(on.bed.instance()).expect("the bed made it");
        fs::create_dir(on.bed.instance()).expect("a folder can be made");
        build().exited(code);
        let lines: Vec<_> = on.lines().iter().map(|line| normal(line)).collect();
        (lines, Tree::read(&on.bed.instance()))
    };
    [
        once(codes[0], &|| Packer::new().run(&folder, &arguments)),
        once(codes[1], &|| on.kilnbox.run(&folder, &arguments)),
    ]
}

/// Asserts that both run the same command lines and leave the same, the made inventory's number aside.
#[track_caller]
fn same(code: i32, plant: impl Fn(&Ground), step: impl Fn(&Ground) -> Json) -> Vec<String> {
    let [(by_packer, packer), (by_kilnbox, kilnbox)] = with_both([code; 2], plant, step);
    assert_eq!(by_kilnbox, by_packer, "command lines on the instance");
    let shown = |tree: &Tree| -> Vec<_> {
        let names = tree.names();
        names
            .iter()
            .map(|name| format!("{} {:?}", normal(name), tree.get(name)))
            .collect()
    };
    assert_eq!(shown(&kilnbox), shown(&packer), "on the instance");
    by_kilnbox
}

fn plant(on: &Ground) {
    on.local(
        "play/site.yml",
        "- hosts: all\n  gather_facts: false\n  roles: [greet]\n",
    );
    on.local(
        "play/other.yml",
        &play(&["shell: echo other {{ color | default('none') }} >> @log"]),
    );
    on.local(
        "roles/greet/tasks/main.yml",
        "- shell: echo greeting {{ word }} >> @log\n",
    );
    on.local("groups/all.yml", "color: green\n");
    on.local("hosts/127.0.0.1.yml", "size: large\n");
    on.local("more/further.yml", &play(&["shell: echo further >> @log"]));
    on.local("inventory", "[web]\n127.0.0.1\n");
}

#[test]
fn a_playbook_with_all_around_it() {
    let lines = same(0, plant, |_| {
        json!({
            "playbook_file": "play/site.yml",
            "role_paths": ["roles/greet"],
            "group_vars": "groups",
            "host_vars": "hosts/",
            "playbook_paths": ["more"],
            "extra_arguments": ["-e", "'word=\"it is\"'", "-v"],
        })
    });
    assert_eq!(lines.len(), 7, "{lines:#?}");
}

#[test]
fn playbooks_of_a_folder() {
    let lines = same(0, plant, |on| {
        json!({
            "playbook_dir": on.bed.local().join("play"),
            "playbook_files": [on.bed.local().join("play/other.yml"), on.bed.local().join("more/further.yml")],
            "inventory_file": "inventory",
            "clean_staging_directory": true,
        })
    });
    assert_eq!(lines.len(), 5, "{lines:#?}");
}

#[test]
fn a_playbook_that_fails() {
    let lines = same(
        1,
        |on| on.local("site.yml", &play(&["shell: exit 3"])),
        |_| json!({ "playbook_file": "site.yml", "inventory_groups": ["web", "db"], "command": "ansible-playbook" }),
    );
    assert_eq!(lines.len(), 2, "{lines:#?}");
}

#[test]
fn a_staging_folder_of_ones_own_name() {
    let lines = same(0, plant, |_| {
        json!({
            "playbook_file": "play/other.yml",
            "staging_directory": "",
            "clean_staging_directory": true,
        })
    });
    assert_eq!(lines.len(), 3, "{lines:#?}");
}

// ---- where the two differ on purpose

/// Packer's shell reads two words, of which Ansible finds neither.
#[test]
fn differs_a_playbook_with_a_space_in_its_name() {
    let plant = |on: &Ground| on.local("my site.yml", &play(&["shell: touch @reached"]));
    let [(_, packer), (_, kilnbox)] = with_both([1, 0], plant, |_| json!({ "playbook_file": "my site.yml" }));
    assert!(packer.get("reached").is_none() && packer.get("staging/my site.yml").is_some());
    assert!(kilnbox.get("reached").is_some());
}

/// Packer leaves what it was told to clean.
#[test]
fn differs_cleaning_after_a_playbook_that_fails() {
    let plant = |on: &Ground| on.local("site.yml", "[]\n");
    let step = json!({ "playbook_file": "site.yml", "command": "false", "clean_staging_directory": true });
    let [(_, packer), (_, kilnbox)] = with_both([1, 1], plant, |_| step.clone());
    assert!(packer.get("staging/site.yml").is_some());
    assert_eq!(kilnbox, Tree::default());
}
