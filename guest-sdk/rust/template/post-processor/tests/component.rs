//! The component as it is built.

use kilnbox_guest::testing::{Component, Error};

#[test]
fn kilnbox_finds_nothing_wrong() -> Result<(), Error> {
    Component::build(env!("CARGO_MANIFEST_DIR"))?
        .check()?
        .success()?;
    Ok(())
}
