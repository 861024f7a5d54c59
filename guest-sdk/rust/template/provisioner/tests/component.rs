//! The component as it is built, against transcripts: what it does on the instance, and what the instance answers.

use kilnbox_guest::testing::{Component, Error};

#[test]
fn the_message_is_put_in_place() -> Result<(), Error> {
    Component::build(env!("CARGO_MANIFEST_DIR"))?
        .run(r#"{ "text": "Welcome." }"#, "tests/message.toml")?
        .success()?;
    Ok(())
}

#[test]
fn what_install_says_is_the_error() -> Result<(), Error> {
    Component::build(env!("CARGO_MANIFEST_DIR"))?
        .run(
            r#"{ "text": "Welcome.", "sudo": true }"#,
            "tests/no-sudo.toml",
        )?
        .failure("installing /etc/motd: sudo: a password is required")?;
    Ok(())
}

#[test]
fn kilnbox_finds_nothing_wrong() -> Result<(), Error> {
    Component::build(env!("CARGO_MANIFEST_DIR"))?
        .check()?
        .success()?;
    Ok(())
}
