//! Where unpacking is tested: a target, and a neighbour that nothing may touch.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cap_std::{ambient_authority, fs::Dir};

pub(crate) struct Bed {
    folder: tempfile::TempDir,
}

impl Bed {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("outside"), "untouched").unwrap();
        Self { folder }
    }

    /// A name in the target.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join("target").join(name)
    }

    pub(crate) fn target(&self) -> Dir {
        Dir::open_ambient_dir(self.path(""), ambient_authority()).unwrap()
    }

    /// Nothing was written beside the target, and nothing there was changed.
    #[track_caller]
    pub(crate) fn check(&self) {
        let outside = fs::read_to_string(self.folder.path().join("outside"));
        assert_eq!(outside.unwrap(), "untouched");
        let names = fs::read_dir(self.folder.path()).unwrap().count();
        assert_eq!(names, 2, "something was written beside the target");
    }
}
