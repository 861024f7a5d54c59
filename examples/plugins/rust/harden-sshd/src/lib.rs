//! Hardens the SSH server of the instance: writes a file of its configuration, has the server check it, and takes it
//! away again where the check does not pass.

mod options;
mod sshd_config;

use kilnbox_guest::{
    Context, Diagnostic, Error, Instance, Job, Provisioner, Staging, assets, exec::Command, shell, template,
    ui,
};

use crate::options::Options;

/// Bytes that are kept of what a command says.
const SAID: u32 = 4096;

struct HardenSshd;

impl Provisioner for HardenSshd {
    type Options = Options;
    const NAME: &'static str = "harden-sshd";

    fn validate(options: &Options) -> Vec<Diagnostic> {
        options.problems()
    }

    fn run(options: Options, on: &Instance, job: &Job) -> Result<(), Error> {
        ui::say("Hardening sshd");
        let files = if options.banner.is_some() { 2 } else { 1 };
        let mut staging = Staging::new(on, job, Self::NAME).sudo(options.sudo);

        let staged = staging.bytes("", sshd_config::text(&options).as_bytes())?;
        ui::progress("files", 1, Some(files));
        staged.install(&options.path, 0o644)?;

        if let Some(banner) = &options.banner {
            let staged = staging.asset(".banner", &assets::open(banner)?)?;
            ui::progress("files", 2, Some(files));
            staged.install(&options.banner_path(), 0o644)?;
        }

        check(&options, on)?;
        report(&options);
        Ok(())
    }
}

/// Has the server read the new file. One that it does not take is removed, since it would lock everybody out.
fn check(options: &Options, on: &Instance) -> Result<(), Error> {
    let line = template::render("/check", &[("Path".to_owned(), options.path.clone())])?;
    let command = Command::new(&line);
    command.capture(SAID);
    let passed = command.run(on)?.success();
    if passed.is_err() {
        remove(options, on).with_context(|| format!("removing {}", options.path))?;
    }
    passed.context("the check did not pass")?;
    Ok(())
}

fn remove(options: &Options, on: &Instance) -> Result<(), Error> {
    let mut paths = vec![options.path.clone()];
    if options.banner.is_some() {
        paths.push(options.banner_path());
    }
    let sudo = if options.sudo { "sudo -n " } else { "" };
    let command = Command::new(&format!("{sudo}rm -f {}", shell::join(paths)?));
    command.discard();
    command.run(on)?;
    Ok(())
}

fn report(options: &Options) {
    for line in sshd_config::settings(options) {
        ui::message(&line);
    }
    let path = ("path".to_owned(), options.path.clone());
    ui::log(ui::Level::Info, "hardened", &[path]);
}

kilnbox_guest::provisioner!(HardenSshd);
