//! The staging folder on the instance, and putting things there.
//!
//! Where it is to be cleaned, the files in it are the host's to remove as well, for the case that this step comes to no
//! end of its own. The contract knows no such promise for folders: what lies in those stays then.

use std::cell::RefCell;

use kilnbox_guest::{Context, Error, ErrorCode, Instance, Job, assets, exec, types::Exit, ui, upload};
use kilnbox_script::exit_code;

use crate::{
    Options,
    commands::{make_folder, remove_folder},
    options::written,
    places::join,
};

/// Where staging folders are unless the user says it.
const FOLDER: &str = "/tmp/packer-provisioner-ansible-local";

/// Mode of uploaded files: Packer's. Those of a tree keep their own.
const MODE: u32 = 0o644;

/// What a shell ends with when there is no such program.
const NOT_FOUND: u32 = 127;

/// The folder; its parts are named by paths below it.
pub(crate) struct Staging<'a> {
    on: &'a Instance,
    /// As it is written, which is how it stands in command lines.
    path: String,
    clean: bool,
    /// Files of the host's to remove.
    files: RefCell<Vec<upload::TemporaryFile>>,
}

impl<'a> Staging<'a> {
    pub(crate) fn new(options: &Options, on: &'a Instance, job: &Job) -> Self {
        let path = written(&options.staging_directory)
            .map_or_else(|| format!("{FOLDER}/{}", unique(job)), str::to_owned);
        Self {
            on,
            path,
            clean: options.clean_staging_directory,
            files: RefCell::default(),
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The path on the instance of what is `below` the folder.
    pub(crate) fn at(&self, below: &str) -> String {
        join(&self.path, below)
    }

    /// Makes the folder.
    pub(crate) fn make(&self) -> Result<(), Error> {
        self.make_folder(&self.path)
    }

    /// Copies the content of a local folder into the folder itself.
    pub(crate) fn fill(&self, source: &str) -> Result<(), Error> {
        self.copy_folder(source, &self.path)
    }

    /// Makes a folder in it.
    pub(crate) fn folder(&self, below: &str) -> Result<(), Error> {
        self.make_folder(&self.at(below))
    }

    /// Copies the content of a local folder into a folder in it.
    pub(crate) fn upload_folder(&self, source: &str, below: &str) -> Result<(), Error> {
        self.copy_folder(source, &self.at(below))
    }

    /// Copies a local file, and returns where it is on the instance.
    pub(crate) fn upload_file(&self, source: &str, below: &str) -> Result<String, Error> {
        let asset = assets::open(source)?;
        let path = self.promise(below);
        upload::file(self.on, &asset, &path, Some(MODE))
            .with_context(|| format!("Error uploading {source}"))?;
        Ok(path)
    }

    /// Writes a file, and returns where it is on the instance.
    pub(crate) fn write_file(&self, content: &str, below: &str) -> Result<String, Error> {
        let path = self.promise(below);
        upload::bytes(self.on, content.as_bytes(), &path, Some(MODE))?;
        Ok(path)
    }

    /// Runs a command line that begins with `program`, and tells a program that is not there from one that failed.
    pub(crate) fn run(&self, line: &str, program: &str) -> Result<(), Error> {
        match exec::Command::new(line).run(self.on)?.exit() {
            Exit::Code(0) => Ok(()),
            Exit::Code(NOT_FOUND) => Err(Error::new(format!(
                "{program} could not be found. Verify that it is available on the\nPATH after connecting to the machine."
            ))),
            Exit::Lost => Err(lost()),
            exit => Err(Error::new(format!("Non-zero exit status: {}", exit_code(&exit)))),
        }
    }

    /// Removes the folder, where the user wants that. After a lost connection or a cancellation no command runs any
    /// more; the host then removes what it was promised.
    pub(crate) fn end(&self, outcome: Result<(), Error>) -> Result<(), Error> {
        let is_over = |error: &Error| matches!(error.code(), ErrorCode::Cancelled | ErrorCode::Connection);
        if !self.clean || outcome.as_ref().is_err_and(is_over) {
            return outcome;
        }
        ui::message("Removing staging directory...");
        ui::message(&format!("Removing directory: {}", self.path));
        let removed = remove_folder(&self.path)
            .and_then(|line| self.run_quietly(&line))
            .context("Error removing staging directory");
        if removed.is_ok() {
            self.files.borrow().iter().for_each(upload::TemporaryFile::keep);
        }
        outcome.and(removed)
    }

    fn make_folder(&self, path: &str) -> Result<(), Error> {
        ui::message(&format!("Creating directory: {path}"));
        self.run_quietly(&make_folder(path)?)
    }

    fn copy_folder(&self, source: &str, path: &str) -> Result<(), Error> {
        let asset = assets::open(source)?;
        self.make_folder(path)?;
        upload::directory(self.on, &asset, path)?;
        Ok(())
    }

    /// Runs a command that says what is wrong by itself.
    fn run_quietly(&self, line: &str) -> Result<(), Error> {
        match exec::Command::new(line).run(self.on)?.exit() {
            Exit::Code(0) => Ok(()),
            Exit::Lost => Err(lost()),
            _ => Err(Error::new(
                "Non-zero exit status. See output above for more information.",
            )),
        }
    }

    fn promise(&self, below: &str) -> String {
        let path = self.at(below);
        if self.clean {
            let file = upload::TemporaryFile::register(self.on, &path);
            self.files.borrow_mut().push(file);
        }
        path
    }
}

fn lost() -> Error {
    Error::with_code(
        ErrorCode::Connection,
        "the connection ended before the command did",
    )
}

/// A name that no other try has, in the form of a UUID, as in Packer.
fn unique(job: &Job) -> String {
    let [a, b, c, d] = [(); 4].map(|()| job.random(u32::MAX));
    format!(
        "{a:08x}-{:04x}-{:04x}-{:04x}-{:04x}{d:08x}",
        b >> 16,
        b & 0xffff,
        c >> 16,
        c & 0xffff
    )
}
