//! The component against transcripts: what it does on the instance, in which order, and what it says when that fails.

use kilnbox_guest::testing::{Component, Error};

const TRANSCRIPTS: &str = "../../transcripts";

fn component() -> Result<Component, Error> {
    Component::build(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_file_is_put_in_place_and_checked() -> Result<(), Error> {
    component()?
        .run(
            r#"{ "allow_users": ["admin", "build"] }"#,
            format!("{TRANSCRIPTS}/harden-sshd.toml"),
        )?
        .success()?;
    Ok(())
}

#[test]
fn a_banner_is_put_in_place_with_sudo() -> Result<(), Error> {
    component()?
        .run(
            r#"{ "banner": "../../transcripts/banner.txt", "path": "/etc/ssh/my conf", "sudo": true }"#,
            format!("{TRANSCRIPTS}/harden-sshd-sudo-banner.toml"),
        )?
        .success()?;
    Ok(())
}

#[test]
fn a_file_that_sshd_does_not_take_is_removed() -> Result<(), Error> {
    component()?
        .run("{}", format!("{TRANSCRIPTS}/harden-sshd-check-fails.toml"))?
        .failure("the check did not pass: line 2: Bad configuration option")?;
    Ok(())
}

#[test]
fn what_install_says_is_the_error() -> Result<(), Error> {
    component()?
        .run("{}", format!("{TRANSCRIPTS}/harden-sshd-install-fails.toml"))?
        .failure(
            "installing /etc/ssh/sshd_config.d/50-hardening.conf: install: cannot create regular file",
        )?;
    Ok(())
}

#[test]
fn the_component_passes_the_check() -> Result<(), Error> {
    component()?.check()?.success()?;
    Ok(())
}
