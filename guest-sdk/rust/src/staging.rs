//! Files that are put in place by way of a temporary one.
//!
//! An upload is written by the account of the connection, which often may not write to `/etc`, and a file that is
//! read while it is being written is read in half. So the content goes under a name in `/tmp` first, and `install`,
//! which may run by `sudo`, makes the file with its mode and any folder that is missing. The instance needs a POSIX
//! shell.

use crate::{
    Context, Error, Instance, Job,
    assets::Asset,
    exec::Command,
    shell,
    upload::{self, TemporaryFile},
};

/// Bytes that are kept of what `install` says.
const SAID: u32 = 4096;

/// Only the account of the connection.
const TEMPORARY_MODE: u32 = 0o600;

/// Names temporary files and holds them until it is dropped; then the host removes them, oldest first.
///
/// ```no_run
/// use kilnbox_guest::{Error, Instance, Job, Staging};
///
/// fn write_motd(on: &Instance, job: &Job) -> Result<(), Error> {
///     let mut staging = Staging::new(on, job, "motd").sudo(true);
///     let staged = staging.bytes("", b"Welcome.\n")?;
///     staged.install("/etc/motd", 0o644)
/// }
/// ```
#[derive(Debug)]
pub struct Staging<'i> {
    on: &'i Instance,
    sudo: bool,
    prefix: String,
    files: Vec<TemporaryFile>,
}

/// A file under its temporary name.
#[derive(Debug)]
#[must_use = "it is not in place before `install`"]
pub struct Staged<'i> {
    on: &'i Instance,
    sudo: bool,
    path: String,
}

impl<'i> Staging<'i> {
    /// Names begin with `/tmp/`, `name` and eight random digits.
    pub fn new(on: &'i Instance, job: &Job, name: &str) -> Self {
        Self {
            on,
            sudo: false,
            prefix: format!("/tmp/{name}-{:08x}", job.random(u32::MAX)),
            files: Vec::new(),
        }
    }

    /// Whether files are put in place with `sudo`, which must ask for no password. Default: no.
    #[must_use]
    pub fn sudo(mut self, sudo: bool) -> Self {
        self.sudo = sudo;
        self
    }

    /// Uploads bytes. `suffix` tells this file from the others, and may be empty for one of them.
    pub fn bytes(&mut self, suffix: &str, content: &[u8]) -> Result<Staged<'i>, Error> {
        let path = self.register(suffix);
        upload::bytes(self.on, content, &path, Some(TEMPORARY_MODE))?;
        Ok(self.staged(path))
    }

    /// Uploads a local file. The bytes never pass through the component.
    pub fn asset(&mut self, suffix: &str, asset: &Asset) -> Result<Staged<'i>, Error> {
        let path = self.register(suffix);
        upload::file(self.on, asset, &path, Some(TEMPORARY_MODE))?;
        Ok(self.staged(path))
    }

    /// Before the upload, so that half a file is removed too.
    fn register(&mut self, suffix: &str) -> String {
        let path = format!("{}{suffix}", self.prefix);
        self.files.push(TemporaryFile::register(self.on, &path));
        path
    }

    fn staged(&self, path: String) -> Staged<'i> {
        Staged {
            on: self.on,
            sudo: self.sudo,
            path,
        }
    }
}

impl Staged<'_> {
    /// Where it is now.
    pub fn temporary_path(&self) -> &str {
        &self.path
    }

    /// Puts it in place as `path`, owned by the account that does it. Missing folders are made.
    pub fn install(&self, path: &str, mode: u32) -> Result<(), Error> {
        let command = Command::new(&install_line(&self.path, path, mode, self.sudo)?);
        command.capture(SAID);
        command
            .run_successfully(self.on)
            .with_context(|| format!("installing {path}"))?;
        Ok(())
    }
}

fn install_line(from: &str, to: &str, mode: u32, sudo: bool) -> Result<String, Error> {
    let sudo = if sudo { "sudo -n " } else { "" };
    let paths = shell::join([from, to])?;
    Ok(format!("{sudo}install -D -m {mode:04o} {paths}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_quotes_what_it_must() {
        assert_eq!(
            install_line("/tmp/x-00000001", "/etc/x", 0o644, false).unwrap(),
            "install -D -m 0644 /tmp/x-00000001 /etc/x"
        );
        assert_eq!(
            install_line("/tmp/x", "/etc/my conf", 0o4755, true).unwrap(),
            "sudo -n install -D -m 4755 /tmp/x '/etc/my conf'"
        );
    }
}
