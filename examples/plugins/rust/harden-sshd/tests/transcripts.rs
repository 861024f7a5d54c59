//! The component against transcripts: what it does on the instance, in which order, and what it says when that fails.

use kilnbox_guest::testing::{Component, Error, Run};

/// Runs the component against the transcript of this name, with the options beside it.
fn run(name: &str) -> Result<Run, Error> {
    Component::build(env!("CARGO_MANIFEST_DIR"))?.run(
        &format!("../../transcripts/{name}.json"),
        format!("../../transcripts/{name}.toml"),
    )
}

#[test]
fn the_file_is_put_in_place_and_checked() -> Result<(), Error> {
    run("harden-sshd")?.success()?;
    Ok(())
}

#[test]
fn a_banner_is_put_in_place_with_sudo() -> Result<(), Error> {
    run("harden-sshd-sudo-banner")?.success()?;
    Ok(())
}

#[test]
fn a_file_that_sshd_does_not_take_is_removed() -> Result<(), Error> {
    run("harden-sshd-check-fails")?.failure("the check did not pass: line 2: Bad configuration option")?;
    Ok(())
}

#[test]
fn what_install_says_is_the_error() -> Result<(), Error> {
    let path = "/etc/ssh/sshd_config.d/50-hardening.conf";
    run("harden-sshd-install-fails")?
        .failure(&format!("installing {path}: install: cannot create regular file"))?;
    Ok(())
}

#[test]
fn the_component_passes_the_check() -> Result<(), Error> {
    Component::build(env!("CARGO_MANIFEST_DIR"))?.check()?.success()?;
    Ok(())
}
