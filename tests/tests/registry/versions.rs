//! Which version is taken, and that a version stays what it was.

use kilnbox_tests::registry::Registry;

use crate::{
    component::component,
    desk::{Desk, tool},
};

#[test]
fn what_is_locked_stays_until_it_is_upgraded() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    for version in ["1.0.0", "1.9.0", "1.10.0", "2.0.0", "1.11.0-rc.1"] {
        desk.publish(&registry, version, &[]).succeeded();
    }
    // A tag that is no version is none.
    desk.publish_as(&registry, "latest", &component("tool", "1.99.0", &[]), &[])
        .succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    assert!(desk.read("kilnbox.lock").contains("version = \"1.10.0\""));

    desk.publish(&registry, "1.12.0", &[]).succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    assert!(desk.read("kilnbox.lock").contains("version = \"1.10.0\""));
    let unknown = desk.ask(&registry, &["init", "--upgrade=tol"]).exited(1);
    insta::assert_snapshot!("upgrade_of_nothing", desk.words(&unknown));
    let upgraded = desk.ask(&registry, &["init", "-upgrade"]).succeeded();
    insta::assert_snapshot!("upgraded", desk.words(&upgraded));
    assert!(desk.read("kilnbox.lock").contains("version = \"1.12.0\""));
    desk.run(&["build", "template.json"]).succeeded();
}

#[test]
fn a_pre_release_is_taken_only_where_it_is_named() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^2");
    for version in ["1.0.0", "2.0.0-rc.1"] {
        desk.publish(&registry, version, &[]).succeeded();
    }
    let refused = desk.ask(&registry, &["init"]).exited(1);
    insta::assert_snapshot!("no_version", desk.words(&refused));
    desk.write("kilnbox.toml", tool(&registry.host(), "=2.0.0-rc.1"));
    desk.ask(&registry, &["init"]).succeeded();
}

#[test]
fn a_tag_that_was_moved_is_refused() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    desk.publish(&registry, "1.0.0", &[]).succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    let lock = desk.read("kilnbox.lock");
    let other = component("tool", "1.0.0", &["ui"]);
    desk.publish_as(&registry, "1.0.0", &other, &["--force"])
        .succeeded();

    let refused = desk.ask(&registry, &["init", "--upgrade"]).exited(1);
    insta::assert_snapshot!("tag_moved", desk.words(&refused));
    assert_eq!(desk.read("kilnbox.lock"), lock);
    // A fresh machine gets what is locked, by its digest: the tag is not asked.
    desk.forget();
    desk.ask(&registry, &["init"]).succeeded();
    desk.run(&["build", "template.json"]).succeeded();
    assert_eq!(desk.read("kilnbox.lock"), lock);
}

#[test]
fn a_version_that_is_gone_is_no_reason_to_go_back() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    for version in ["1.0.0", "1.1.0"] {
        desk.publish(&registry, version, &[]).succeeded();
    }
    desk.ask(&registry, &["init"]).succeeded();
    registry.forget_tag("acme/tool", "1.1.0");
    let refused = desk.ask(&registry, &["init", "--upgrade"]).exited(1);
    insta::assert_snapshot!("downgrade", desk.words(&refused));
    // What is locked and here still builds, and is still what `init` is content with.
    desk.run(&["build", "template.json"]).succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    let back = desk
        .ask(&registry, &["init", "--upgrade", "--accept"])
        .succeeded();
    insta::assert_snapshot!("downgrade_accepted", desk.words(&back));
}

#[test]
fn a_locked_version_that_is_nowhere_is_told() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    desk.publish(&registry, "1.0.0", &[]).succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    desk.forget();
    registry.forget_everything();
    let refused = desk.run(&["build", "template.json"]).exited(1);
    insta::assert_snapshot!("not_here", desk.words(&refused));
    let refused = desk.ask(&registry, &["init"]).exited(1);
    insta::assert_snapshot!("gone", desk.words(&refused));
}

#[test]
fn a_requirement_that_changed_is_resolved_anew() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    for version in ["1.0.0", "2.0.0"] {
        desk.publish(&registry, version, &[]).succeeded();
    }
    desk.ask(&registry, &["init"]).succeeded();
    desk.write("kilnbox.toml", tool(&registry.host(), "^2"));
    let refused = desk.run(&["validate", "template.json"]).exited(1);
    insta::assert_snapshot!("out_of_date", desk.words(&refused));
    let run = desk.ask(&registry, &["init"]).succeeded();
    insta::assert_snapshot!("resolved_anew", desk.words(&run));
}
