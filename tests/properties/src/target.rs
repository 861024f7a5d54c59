//! Where what an instance sends is written to, and a neighbour that nothing may touch.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use cap_std::{ambient_authority, fs::Dir};

pub(crate) struct Target {
    folder: tempfile::TempDir,
}

impl Target {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("outside"), "untouched").unwrap();
        Self { folder }
    }

    pub(crate) fn dir(&self) -> Dir {
        Dir::open_ambient_dir(self.folder.path().join("target"), ambient_authority()).unwrap()
    }

    /// Nothing was written beside the target, and nothing in it is what an instance may not make.
    pub(crate) fn check(self) {
        let outside = fs::read_to_string(self.folder.path().join("outside")).unwrap();
        assert_eq!(outside, "untouched");
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 2);
        check_below(&self.folder.path().join("target"));
    }
}

fn check_below(folder: &Path) {
    // A folder that is closed to its owner is still opened by root, and by nobody else: its modes come from outside.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let about = entry.metadata().unwrap();
        let kind = about.file_type();
        assert!(
            kind.is_file() || kind.is_dir() || kind.is_symlink(),
            "{entry:?} is something else"
        );
        if !kind.is_symlink() {
            let mode = about.permissions().mode();
            assert_eq!(mode & 0o7000, 0, "{entry:?} has rights");
        }
        if kind.is_dir() {
            check_below(&entry.path());
        }
    }
}
