//! Folders that are copied to the instance or from it, as maps of relative paths to what the files hold.

use std::{
    collections::BTreeMap,
    io,
    path::{Component, Path},
};

use bytes::Bytes;
use cap_std::fs::{Dir, DirBuilder};

use crate::Content;

/// Whether it names something below a folder: no `..`, not absolute, not empty.
pub(crate) fn is_relative(name: &str) -> bool {
    let path = Path::new(name);
    path.components().next().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// All files below a folder; links and what is neither file nor folder are left out, as on the way to an instance.
pub(crate) fn read(folder: &Dir) -> io::Result<BTreeMap<String, Bytes>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![(String::new(), folder.try_clone()?)];
    while let Some((above, folder)) = waiting.pop() {
        for entry in folder.entries()? {
            let entry = entry?;
            let name = format!("{above}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                waiting.push((format!("{name}/"), entry.open_dir()?));
            } else if kind.is_file() {
                files.insert(name, folder.read(entry.file_name())?.into());
            }
        }
    }
    Ok(files)
}

/// Writes files below a folder and returns their bytes.
pub(crate) fn write(folder: &Dir, files: &BTreeMap<String, Content>) -> io::Result<u64> {
    let mut written = 0;
    for (name, content) in files {
        // The reader of a transcript lets no digest come here.
        let Content::Bytes(bytes) = content else { continue };
        if let Some(above) = Path::new(name).parent().filter(|above| *above != Path::new("")) {
            folder.create_dir_with(above, DirBuilder::new().recursive(true))?;
        }
        folder.write(name, bytes)?;
        written += bytes.len() as u64;
    }
    Ok(written)
}
