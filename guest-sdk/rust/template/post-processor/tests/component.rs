//! The component as it is built, on an artifact of a file.

use std::fs;

use kilnbox_guest::testing::{Component, Error};

#[test]
fn the_list_has_every_file() -> Result<(), Error> {
    fs::create_dir_all("target").expect("the folder of what is built can be made");
    Component::build(env!("CARGO_MANIFEST_DIR"))?
        .run_on_artifact(r#"{ "output": "target/SHA256SUMS" }"#, &["tests/disk.raw"])?
        .success()?;
    let list = fs::read_to_string("target/SHA256SUMS").expect("the list was written");
    assert_eq!(
        list,
        "144bff7406a097df2a8b6baadc0b53360b857a2ec76a5060479ab808e0d7e79b  tests/disk.raw\n"
    );
    Ok(())
}

#[test]
fn kilnbox_finds_nothing_wrong() -> Result<(), Error> {
    Component::build(env!("CARGO_MANIFEST_DIR"))?
        .check()?
        .success()?;
    Ok(())
}
