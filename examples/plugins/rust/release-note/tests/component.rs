//! The component as it is built, on an artifact of a file.

use std::fs;

use kilnbox_guest::testing::{Component, Error};

#[test]
fn the_note_tells_of_every_file() -> Result<(), Error> {
    fs::create_dir_all("target").expect("the folder of what is built can be made");
    Component::build(env!("CARGO_MANIFEST_DIR"))?
        .run_on_artifact(
            r#"{ "output": "target/note.md", "title": "Web 1.0", "algorithms": ["sha256", "md5"] }"#,
            &["../../transcripts/disk.raw"],
        )?
        .success()?;
    let read = |path| fs::read_to_string(path).expect("there is such a file");
    assert_eq!(read("target/note.md"), read("../../transcripts/release-note.md"));
    Ok(())
}

#[test]
fn the_component_passes_the_check() -> Result<(), Error> {
    Component::build(env!("CARGO_MANIFEST_DIR"))?.check()?.success()?;
    Ok(())
}
