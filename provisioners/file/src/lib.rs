//! The `file` provisioner: copies files and folders to the instance and back.
//!
//! A trailing slash says what Packer's says: on a source folder, its content rather than itself; on a destination,
//! a folder to put the file into. The bytes move on the host side.

mod options;
mod target;

use kilnbox_guest::{
    Context, Diagnostic, Error, Instance, Job, Provisioner, assets, download, outputs, ui, upload,
};

pub use options::{Direction, Options};
use target::{DownloadTarget, download_target, upload_target};

/// Mode of a file made of `content`: that of the temporary file Packer writes it to first.
const CONTENT_MODE: u32 = 0o600;

/// The provisioner.
#[derive(Debug)]
pub struct File;

impl Provisioner for File {
    type Options = Options;
    const NAME: &'static str = "file";

    fn validate(options: &Options) -> Vec<Diagnostic> {
        options.problems()
    }

    fn run(options: Options, on: &Instance, _job: &Job) -> Result<(), Error> {
        let destination = &options.destination;
        if let Some(content) = options.content() {
            ui::say(&format!("Uploading content => {destination}"));
            upload::bytes(on, content.as_bytes(), destination, Some(CONTENT_MODE))
                .context("Upload failed")?;
            return Ok(());
        }
        for source in options.sources() {
            match options.direction {
                Direction::Upload => upload(on, source, destination)?,
                Direction::Download => download(on, source, destination)?,
            }
        }
        Ok(())
    }
}

fn upload(on: &Instance, source: &str, destination: &str) -> Result<(), Error> {
    ui::say(&format!("Uploading {source} => {destination}"));
    let asset = assets::open(source)?;
    let target = upload_target(source, destination, asset.is_directory());
    if asset.is_directory() {
        upload::directory(on, &asset, &target)
    } else {
        upload::file(on, &asset, &target, None)
    }
    .context("Upload failed")?;
    Ok(())
}

fn download(on: &Instance, source: &str, destination: &str) -> Result<(), Error> {
    ui::say(&format!("Downloading {source} => {destination}"));
    let output = outputs::open(destination)?;
    match download_target(source, destination) {
        DownloadTarget::Directory("") => download::directory(on, source, &output),
        DownloadTarget::Directory(name) => download::directory(on, source, &output.child(name)?),
        DownloadTarget::Child(name) => download::file(on, source, &output.child(name)?),
        DownloadTarget::File => download::file(on, source, &output),
    }
    .context("Download failed")?;
    Ok(())
}

kilnbox_guest::provisioner!(File);
