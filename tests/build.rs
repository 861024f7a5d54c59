//! Builds the guests of the sandbox suite as components, the way `host/bundled` builds the first-party ones.
//!
//! They are built here rather than by the tests, so that tests that run as another user build nothing.

use std::path::Path;

fn main() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace");
    let packages = ["busy", "evil", "evil-post", "hostile", "nosy", "smuggler"]
        .map(|guest| format!("kilnbox-test-{guest}"));
    let built = kilnbox_component_build::build(workspace, &packages, &["tests/guests"])
        .unwrap_or_else(|error| panic!("the guests of the tests: {error:#}"));
    println!("cargo::rustc-env=KILNBOX_TEST_GUESTS={}", built.display());
}
