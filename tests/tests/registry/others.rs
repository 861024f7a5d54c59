//! Kilnbox and `wkg`, the package tool of the Wasm component world: each reads what the other published.

use std::{fs, path::PathBuf, process::Command};

use kilnbox_tests::{Finished, Running, registry::Registry, repository};

use crate::{component::component, desk::Desk};

/// Where `scripts/setup test` puts it, if it is not installed.
fn wkg(registry: &Registry, desk: &Desk, arguments: &[&str]) -> Finished {
    let own: PathBuf = repository().join("target/wkg/bin/wkg");
    let mut command = Command::new(if own.exists() { own } else { "wkg".into() });
    command
        .args(arguments)
        .current_dir(desk.at())
        .env("HOME", desk.at())
        .env("XDG_CONFIG_HOME", desk.at())
        .env("SSL_CERT_FILE", registry.authority())
        .env("DOCKER_CONFIG", registry.docker_config());
    Running::start(command).finish()
}

#[test]
fn wkg_pulls_what_kilnbox_published() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    let bytes = component("tool", "1.0.0", &["ui", "exec"]);
    desk.publish_as(&registry, "1.0.0", &bytes, &[]).succeeded();
    let reference = format!("{}/acme/tool:1.0.0", registry.host());
    wkg(
        &registry,
        &desk,
        &["oci", "pull", &reference, "--output", "pulled.wasm"],
    )
    .succeeded();
    assert!(
        fs::read(desk.at().join("pulled.wasm")).unwrap() == bytes,
        "other bytes"
    );
}

#[test]
fn kilnbox_pulls_what_wkg_published() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    desk.write("tool.wasm", component("tool", "1.3.0", &["ui"]));
    let reference = format!("{}/acme/tool:1.3.0", registry.host());
    wkg(&registry, &desk, &["oci", "push", &reference, "tool.wasm"]).succeeded();
    let run = desk.ask(&registry, &["init"]).succeeded();
    insta::assert_snapshot!("from_wkg", desk.words(&run));
    desk.run(&["build", "template.json"]).succeeded();
}
