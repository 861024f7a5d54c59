//! That nothing gets more than somebody agreed to.

use kilnbox_tests::registry::Registry;

use crate::{
    component::component,
    desk::{Desk, tool},
};

#[test]
fn an_upgrade_that_asks_for_more_stops_before_the_download() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    desk.publish(&registry, "1.0.0", &["ui"]).succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    let lock = desk.read("kilnbox.lock");
    desk.publish(&registry, "1.1.0", &["ui", "exec", "connection"])
        .succeeded();

    let stopped = desk.ask(&registry, &["init", "--upgrade"]).exited(1);
    insta::assert_snapshot!("asks_for_more", desk.words(&stopped));
    assert_eq!(desk.read("kilnbox.lock"), lock);
    assert_eq!(desk.stored().len(), 1, "it was downloaded");

    let accepted = desk
        .ask(&registry, &["init", "--upgrade", "--accept"])
        .succeeded();
    insta::assert_snapshot!("more_accepted", desk.words(&accepted));
    // Agreeing to the version is no grant.
    let denied = desk.run(&["build", "template.json"]).exited(1);
    insta::assert_snapshot!("more_not_granted", desk.words(&denied));
}

#[test]
fn a_file_that_asks_for_more_than_was_locked_stops_too() {
    let desk = Desk::new("[plugins.tool]\nsource = \"file:tool.wasm\"\n");
    desk.write("tool.wasm", component("tool", "1.0.0", &["ui"]));
    desk.run(&["init"]).succeeded();
    desk.write("tool.wasm", component("tool", "1.1.0", &["ui", "prompt"]));
    let refused = desk.run(&["build", "template.json"]).exited(1);
    insta::assert_snapshot!("file_differs", desk.words(&refused));
    let stopped = desk.run(&["init"]).exited(1);
    insta::assert_snapshot!("file_asks_for_more", desk.words(&stopped));
    desk.run(&["init", "--accept"]).succeeded();
}

#[test]
fn trust_holds_for_the_locked_bytes() {
    let registry = Registry::start();
    let powerful = |version: &str| format!("{}grant = [\"prompt\"]\n", tool(&registry.host(), version));
    let desk = Desk::new(&powerful("^1"));
    desk.publish(&registry, "1.0.0", &["prompt"]).succeeded();
    desk.ask(&registry, &["init"]).succeeded();
    let refused = desk.run(&["build", "template.json"]).exited(1);
    insta::assert_snapshot!("not_trusted", desk.words(&refused));
    let trusted = desk.run(&["trust", "--yes"]).succeeded();
    insta::assert_snapshot!("trusted", desk.words(&trusted));
    desk.run(&["build", "template.json"]).succeeded();

    // Nothing of kilnbox.toml changes, only the bytes that it stands for.
    desk.publish(&registry, "1.1.0", &["prompt"]).succeeded();
    desk.ask(&registry, &["init", "--upgrade"]).succeeded();
    let refused = desk.run(&["build", "template.json"]).exited(1);
    insta::assert_snapshot!("trust_ended", desk.words(&refused));
}

#[test]
fn every_step_is_listed_with_its_powers() {
    let registry = Registry::start();
    let desk = Desk::new(&format!(
        "{}grant = [\"connection\"]\n",
        tool(&registry.host(), "^1")
    ));
    desk.publish(&registry, "1.0.0", &["ui", "exec", "connection"])
        .succeeded();
    let unknown = desk.run(&["plugin", "audit", "template.json"]).exited(1);
    insta::assert_snapshot!("audit_before_init", desk.words(&unknown));
    desk.ask(&registry, &["init"]).succeeded();
    let audit = desk.run(&["plugin", "audit", "template.json"]).succeeded();
    insta::assert_snapshot!("audit", desk.words(&audit));
    let audit = desk
        .run(&["plugin", "audit", "--format", "json", "template.json"])
        .succeeded();
    insta::assert_snapshot!("audit_json", desk.words(&audit));
}
