//! Publishing, and what becomes of it in a project.

use kilnbox_tests::registry::Registry;

use crate::{component::component, desk::Desk};

#[test]
fn published_resolved_locked_pulled_and_built() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1.2");
    let published = desk.publish(&registry, "1.2.0", &["ui"]).succeeded();
    insta::assert_snapshot!("published", desk.words(&published));

    let unlocked = desk.run(&["build", "template.json"]).exited(1);
    insta::assert_snapshot!("build_before_init", desk.words(&unlocked));

    let first = desk.ask(&registry, &["init"]).succeeded();
    insta::assert_snapshot!("init", desk.words(&first));
    let lock = desk.read("kilnbox.lock");
    insta::assert_snapshot!("lock", desk.without_chance(&lock));
    desk.run(&["build", "template.json"]).succeeded();
    desk.run(&["validate", "template.json"]).succeeded();

    // Nobody is asked again: this user has no credentials and trusts no authority.
    let again = desk.run(&["init"]).succeeded();
    insta::assert_snapshot!("init_again", desk.words(&again));
    assert_eq!(desk.read("kilnbox.lock"), lock);
    desk.kilnbox.left_nothing();
}

#[test]
fn without_a_tag_a_component_is_published_under_its_own_version() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "*");
    desk.write("tool.wasm", component("tool", "0.3.1", &[]));
    let target = format!("oci://{}/acme/tool", registry.host());
    let run = desk
        .ask(&registry, &["plugin", "publish", "tool.wasm", &target])
        .succeeded();
    assert!(
        run.stdout.contains("/acme/tool:0.3.1 published"),
        "{}",
        run.stdout
    );
    desk.ask(&registry, &["init"]).succeeded();
}

#[test]
fn a_tag_gets_other_bytes_only_by_force() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    desk.publish(&registry, "1.0.0", &[]).succeeded();
    let again = desk.publish(&registry, "1.0.0", &[]).succeeded();
    insta::assert_snapshot!("published_again", desk.words(&again));
    let other = component("tool", "1.0.0", &["ui"]);
    let refused = desk.publish_as(&registry, "1.0.0", &other, &[]).exited(1);
    insta::assert_snapshot!("tag_taken", desk.words(&refused));
    desk.publish_as(&registry, "1.0.0", &other, &["--force"])
        .succeeded();
}

#[test]
fn what_cannot_be_used_is_not_published() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    let refused = desk
        .publish_as(&registry, "1.0.0", b"no component", &[])
        .exited(1);
    insta::assert_snapshot!("publish_no_component", desk.words(&refused));
    desk.write("tool.wasm", component("tool", "1.0.0", &[]));
    let refused = desk
        .run(&["plugin", "publish", "tool.wasm", "ghcr.io/acme/tool"])
        .exited(1);
    insta::assert_snapshot!("publish_nowhere", desk.words(&refused));
}

#[test]
fn who_is_not_known_is_told_so() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    let mut stranger = desk.command(&["init"]);
    stranger.env("KILNBOX_CA_FILE", registry.authority());
    let refused = kilnbox_tests::Running::start(stranger).finish().exited(1);
    insta::assert_snapshot!("no_credentials", desk.words(&refused));

    let mut wrong = desk.command(&["init"]);
    let folder = desk.at().join("docker");
    std::fs::create_dir(&folder).unwrap();
    let config = format!(
        r#"{{"auths": {{"{}": {{"auth": "bWU6d3Jvbmc="}}}}}}"#,
        registry.host()
    );
    std::fs::write(folder.join("config.json"), config).unwrap();
    wrong
        .env("KILNBOX_CA_FILE", registry.authority())
        .env("DOCKER_CONFIG", &folder);
    let refused = kilnbox_tests::Running::start(wrong).finish().exited(1);
    insta::assert_snapshot!("wrong_credentials", desk.words(&refused));

    let mut suspicious = desk.command(&["init"]);
    suspicious.env("DOCKER_CONFIG", registry.docker_config());
    let refused = kilnbox_tests::Running::start(suspicious).finish().exited(1);
    insta::assert_snapshot!("unknown_authority", desk.words(&refused));
}
