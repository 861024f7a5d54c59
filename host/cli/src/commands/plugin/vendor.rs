//! `kilnbox plugin vendor`: copies of what is locked, in the project's own folder.

use std::path::PathBuf;

use kilnbox_registry::{Lock, VENDOR_FOLDER};

use crate::{
    args::PluginVendorArgs, commands::init::project_folder, error::Error, exit_codes, folders::Folders,
    stdout, wire,
};

/// Copies.
pub(super) fn run(args: &PluginVendorArgs) -> Result<u8, Error> {
    let folder = project_folder(&args.project);
    let Some(project) = wire::project_file(&folder)? else {
        stdout::print(&format!(
            "no kilnbox.toml in `{}`: nothing to copy\n",
            folder.display()
        ))?;
        return Ok(exit_codes::SUCCESS);
    };
    let lock = Lock::read(project.folder())?.unwrap_or_default();
    let copies = kilnbox_registry::vendor(&project, &lock, &wire::store(&Folders::find()?))?;
    let name = |path: &PathBuf| match path.file_name() {
        Some(name) => format!("{VENDOR_FOLDER}/{}", name.display()),
        None => path.display().to_string(),
    };
    let mut lines: Vec<String> = copies
        .iter()
        .map(|copy| format!("copied to {}", name(copy)))
        .collect();
    if lines.is_empty() {
        lines.push("nothing to copy: no plugin of the web or of a registry".to_owned());
    }
    stdout::print(&(lines.join("\n") + "\n"))?;
    Ok(exit_codes::SUCCESS)
}
