//! A tree from the instance for a stranger's step: fetched aside, looked at, and only then put in place.
//!
//! The names in it are the instance's, and the folder may hold files of the user's. What decides about later runs is
//! neither made nor replaced ([`reserved`]), nor is a program; and a link leads nowhere but into the tree, since
//! another step may be told to read what it finds there.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Component, Path, PathBuf},
};

use cap_std::fs::Dir;

use super::{
    local,
    outputs::{Output, RESERVED, random, reserved},
};
use crate::quota::Quota;

/// Folders in folders that a tree may have.
const DEPTH: usize = 64;

/// A folder beside the output; removed with all that is still in it.
#[derive(Debug)]
pub(crate) struct Aside {
    parent: Dir,
    name: OsString,
    aside: OsString,
}

impl Aside {
    /// Makes it, and the output's own folder.
    pub(crate) fn make(output: &Output) -> io::Result<Self> {
        let (parent, name) = output.folder_place()?;
        let mut aside = OsString::from(".");
        aside.push(&name);
        aside.push(format!(".{}.new", crate::cache::hex(&random())));
        parent.create_dir(&aside)?;
        Ok(Self { parent, name, aside })
    }

    /// To write to.
    pub(crate) fn folder(&self) -> io::Result<Dir> {
        self.parent.open_dir(&self.aside)
    }

    /// Puts what was fetched in place, if all of it may be there.
    pub(crate) fn commit(self, quota: &Quota) -> io::Result<()> {
        let (from, to) = (self.folder()?, self.parent.open_dir(&self.name)?);
        check(&from, Some(&to), Path::new(""), quota)?;
        place(&from, &to)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if let Err(error) = self.parent.remove_dir_all(&self.aside) {
            tracing::warn!("temporary folder beside the output stays: {error}");
        }
    }
}

/// Looks at everything in `from` and counts it; `to` is where it would go, if that is there.
fn check(from: &Dir, to: Option<&Dir>, at: &Path, quota: &Quota) -> io::Result<()> {
    if at.components().count() > DEPTH {
        return Err(io::Error::other(format!(
            "more than {DEPTH} folders in each other"
        )));
    }
    for entry in from.entries()? {
        let (name, kind) = entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?)))?;
        quota.files(1)?;
        let path = at.join(&name);
        let refuse = |why: &str| Err(io::Error::other(format!("`{}`: {why}", path.display())));
        if reserved(&name.to_string_lossy()) {
            return refuse(RESERVED);
        }
        let there = to.and_then(|to| to.symlink_metadata(&name).ok());
        if there.is_some_and(|there| there.is_file() && local::mode(&there) & 0o111 != 0) {
            return refuse(RESERVED);
        }
        if kind.is_symlink() && !stays(at, &from.read_link_contents(&name)?) {
            return refuse("a link that leads out of the folder");
        }
        if kind.is_dir() {
            let below = to.and_then(|to| to.open_dir(&name).ok());
            check(&from.open_dir(&name)?, below.as_ref(), &path, quota)?;
        }
    }
    Ok(())
}

/// Whether a link in the folder `at` leads to a place in the tree. A `..` after a name does not count as one that
/// does: the name may be a link itself.
fn stays(at: &Path, target: &Path) -> bool {
    let mut place: PathBuf = at.to_owned();
    let mut named = false;
    target.components().all(|part| match part {
        Component::Normal(_) => {
            named = true;
            true
        }
        Component::CurDir => true,
        Component::ParentDir => !named && place.pop(),
        Component::RootDir | Component::Prefix(_) => false,
    })
}

/// Moves everything; folders that are there already are filled.
fn place(from: &Dir, to: &Dir) -> io::Result<()> {
    for entry in from.entries()? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() && is_folder(to, &name)? {
            place(&from.open_dir(&name)?, &to.open_dir(&name)?)?;
        } else {
            from.rename(&name, to, &name)?;
        }
    }
    Ok(())
}

fn is_folder(to: &Dir, name: &OsStr) -> io::Result<bool> {
    match to.symlink_metadata(name) {
        Ok(there) => Ok(there.is_dir()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_out_are_known() {
        for (at, target, expect) in [
            ("", "a", true),
            ("", "../a", false),
            ("", "/etc", false),
            ("a/b", "../../c", true),
            ("a/b", "../../../c", false),
            ("a/b", "./../../c", true),
            ("a", "b/../c", false),
        ] {
            assert_eq!(
                stays(Path::new(at), Path::new(target)),
                expect,
                "{target} in {at}"
            );
        }
    }
}
