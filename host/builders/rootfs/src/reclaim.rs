//! Removes what a dead run left: a helper that is still alive, and its work folder.
//!
//! Both are recorded in the journal before they are made. A process is known by its id and its start time, so that an
//! id that was given out again is left alone; a folder carries a mark of ours and lies where the builder puts them.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use kilnbox_engine::Reclaimer;
use rustix::process::{Pid, Signal, pidfd_open, pidfd_send_signal};
use serde_json::{Value as Json, json};

/// Kind of journal entry: a work folder.
pub(crate) const FOLDER: &str = "rootfs-folder";
/// Kind of journal entry: a helper process.
pub(crate) const PROCESS: &str = "rootfs-process";
/// The file that marks a folder as one of ours.
pub(crate) const MARK: &str = ".kilnbox-rootfs";

/// The reclaimers of all kinds that this builder records, for folders below `state_dir`.
pub fn reclaimers(state_dir: PathBuf) -> Vec<Arc<dyn Reclaimer>> {
    vec![
        Arc::new(Processes),
        Arc::new(Folders {
            below: state_dir.join("rootfs"),
        }),
    ]
}

/// Journal data of a work folder.
pub(crate) fn folder_data(path: &Path) -> Json {
    json!({ "path": path })
}

/// Journal data of a process, where it still exists.
pub(crate) fn process_data(pid: u32) -> Json {
    json!({ "pid": pid, "start": start_time(pid) })
}

#[derive(Debug)]
struct Folders {
    below: PathBuf,
}

#[async_trait]
impl Reclaimer for Folders {
    fn kind(&self) -> &'static str {
        FOLDER
    }

    fn describe(&self, data: &Json) -> String {
        format!(
            "folder `{}`",
            data.get("path").and_then(Json::as_str).unwrap_or("?")
        )
    }

    async fn reclaim(&self, data: &Json) -> Result<(), String> {
        let path = PathBuf::from(
            data.get("path")
                .and_then(Json::as_str)
                .ok_or("no path is recorded")?,
        );
        let below = self.below.clone();
        tokio::task::spawn_blocking(move || remove_own(&path, &below))
            .await
            .map_err(|error| error.to_string())?
    }
}

fn remove_own(path: &Path, below: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("`{}`: {error}", path.display());
    match fs::symlink_metadata(path) {
        Ok(known) if known.is_dir() => {}
        Ok(_) => return Err(format!("`{}` is not a directory", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    }
    // The journal holds real paths, and the state folder may be named by way of links.
    let real = |folder: &Path| fs::canonicalize(folder).ok();
    if path
        .parent()
        .and_then(real)
        .is_none_or(|above| real(below) != Some(above))
    {
        return Err(format!("`{}` is not a folder of this builder", path.display()));
    }
    remove_folder(path).map_err(failed)
}

/// Removes a work folder whose helper is gone. A missing one is no error.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    // Marked, or dead before the mark was written and therefore empty.
    if !path.join(MARK).exists() && fs::read_dir(path)?.next().is_some() {
        return Err(io::Error::other(
            "not a folder of this builder: its mark is missing",
        ));
    }
    remove_tree(path)
}

/// Removes a tree whose folders may forbid even their owner to look inside. Links are not followed.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        result => return result,
    }
    open_up(path)?;
    fs::remove_dir_all(path)
}

fn open_up(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Processes;

#[async_trait]
impl Reclaimer for Processes {
    fn kind(&self) -> &'static str {
        PROCESS
    }

    fn describe(&self, data: &Json) -> String {
        format!("process {}", data.get("pid").unwrap_or(&Json::Null))
    }

    async fn reclaim(&self, data: &Json) -> Result<(), String> {
        let Some(pid) = data.get("pid").and_then(Json::as_i64) else {
            return Ok(());
        };
        let (Ok(raw), Some(start)) = (i32::try_from(pid), data.get("start").and_then(Json::as_u64)) else {
            // It was gone before its start could be recorded.
            return Ok(());
        };
        let Some(process) = Pid::from_raw(raw) else {
            return Ok(());
        };
        // Opened before it is compared, so that the id cannot change hands in between.
        let handle = match pidfd_open(process, rustix::process::PidfdFlags::empty()) {
            Ok(handle) => handle,
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        if start_time(raw.cast_unsigned()) != Some(start) {
            return Ok(());
        }
        match pidfd_send_signal(&handle, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.to_string()),
        }
        tokio::task::spawn_blocking(move || ended(&handle))
            .await
            .map_err(|error| error.to_string())?
    }
}

/// Waits until a killed process is gone, and its mounts with it.
fn ended(process: &rustix::fd::OwnedFd) -> Result<(), String> {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd;
    match poll(
        &mut [PollFd::new(process.as_fd(), PollFlags::POLLIN)],
        PollTimeout::from(10_000_u16),
    ) {
        Ok(0) => Err("it did not end within 10 s after `SIGKILL`".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// When a process started, in ticks since boot: field 22 of `/proc/PID/stat`.
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in parentheses and may hold spaces and parentheses itself.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}
