//! Whose Kilnbox a case is run with: root's, or that of an account without rights.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use kilnbox_tests::Kilnbox;
use tempfile::TempDir;

/// The account without rights: `nobody`.
const NOBODY: u32 = 65534;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    Root,
    Nobody,
}

impl User {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Nobody => "nobody",
        }
    }

    /// Makes the user the owner of a folder and of what is in it. Links are not followed.
    pub(crate) fn own(self, path: &Path) {
        if self == Self::Root {
            return;
        }
        let about = path.symlink_metadata().expect("it was made here");
        if about.is_symlink() {
            return;
        }
        chown(path, Some(NOBODY), Some(NOBODY)).expect("root may give away");
        if about.is_dir() {
            for entry in fs::read_dir(path).expect("root may look") {
                self.own(&entry.expect("a name").path());
            }
        }
    }

    /// `kilnbox` as this user, in `folder`.
    pub(crate) fn command(self, kilnbox: &Kilnbox, folder: &Path) -> Command {
        let plain = kilnbox.command(folder);
        if self == Self::Root {
            return plain;
        }
        self.own(kilnbox.state().parent().expect("it lies in the home"));
        let mut command = Command::new(reachable());
        command.current_dir(folder).env_clear().uid(NOBODY).gid(NOBODY);
        for (name, value) in plain.get_envs() {
            command.env(name, value.expect("only set"));
        }
        command
    }
}

/// A copy of the program where everybody can get at it; where it was built may be below somebody's home.
fn reachable() -> PathBuf {
    static COPY: OnceLock<TempDir> = OnceLock::new();
    let folder = COPY.get_or_init(|| {
        let folder = TempDir::with_prefix("kilnbox-test-program-").expect("a temporary folder can be made");
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("it was made here");
        fs::copy(Kilnbox::binary(), folder.path().join("kilnbox")).expect("a program can be copied");
        folder
    });
    folder.path().join("kilnbox")
}
