//! Builds the benchmark's guest as a component.

use std::path::Path;

const GUEST: &str = "kilnbox-bench-guest";

fn main() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("benches/ lies in the workspace");
    let built = kilnbox_component_build::build(workspace, &[GUEST.to_owned()], &["benches/guest"])
        .unwrap_or_else(|error| panic!("the guest of the benchmark: {error:#}"));
    let component = built.join(kilnbox_component_build::file_name(GUEST));
    println!("cargo::rustc-env=KILNBOX_BENCH_GUEST={}", component.display());
}
