//! The component as it is built.

use kilnbox_guest::testing::{Component, Error};

#[test]
fn the_component_passes_the_check() -> Result<(), Error> {
    Component::build(env!("CARGO_MANIFEST_DIR"))?.check()?.success()?;
    Ok(())
}
