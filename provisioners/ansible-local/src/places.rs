//! Where things are put on the instance, as paths there and without a look at either machine.

/// The folder in the staging folder for playbooks that are written with a relative path.
const RELATIVE: &str = "playbook_files";

/// What stands for a folder whose name is not known, because `..` was written.
const BELOW: &str = "below";

/// `below` in `folder`, as short as it can be: `.` and doubled slashes left out, `..` resolved, as Go's `path.Join`.
/// `folder` is absolute.
pub(crate) fn join(folder: &str, below: &str) -> String {
    let mut names = Vec::new();
    for name in folder.split('/').chain(below.split('/')) {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

/// The last name of a path, slashes at its end aside; `.` of an empty one.
pub(crate) fn base(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit_once('/').map_or(trimmed, |(_, name)| name) {
        "" => ".",
        name => name,
    }
}

/// Where one of `playbook_files` is run from, as a path in the staging folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It came with `playbook_dir`.
    There(String),
    /// It has to be uploaded.
    Upload(String),
}

impl Place {
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::There(path) | Self::Upload(path) => path,
        }
    }
}

/// The places of `playbook_files`. Playbooks keep their places among each other, so that one can import `../other.yml`.
pub(crate) fn playbooks(folder: Option<&str>, files: &[&str]) -> Vec<Place> {
    let folder = folder.map(Parts::of);
    let below = |file: &Parts<'_>| folder.as_ref().and_then(|folder| file.below(folder));
    let files: Vec<_> = files.iter().map(|file| Parts::of(file)).collect();
    let uploaded = files.iter().filter(|file| below(file).is_none());
    let highest = uploaded.map(|file| file.up).max().unwrap_or(0);
    files
        .iter()
        .map(|file| match below(file) {
            Some(path) => Place::There(path),
            None if file.absolute => Place::Upload(file.names.join("/")),
            None => {
                let mut names = vec![RELATIVE];
                names.extend(std::iter::repeat_n(BELOW, highest - file.up));
                names.extend(&file.names);
                Place::Upload(names.join("/"))
            }
        })
        .collect()
}

/// A path as it is written, taken apart.
#[derive(Debug)]
struct Parts<'p> {
    absolute: bool,
    /// How many `..` are left at its beginning.
    up: usize,
    names: Vec<&'p str>,
}

impl<'p> Parts<'p> {
    fn of(path: &'p str) -> Self {
        let absolute = path.starts_with('/');
        let (mut up, mut names) = (0, Vec::new());
        for name in path.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    if names.pop().is_none() && !absolute {
                        up += 1;
                    }
                }
                name => names.push(name),
            }
        }
        Self { absolute, up, names }
    }

    /// The rest of the path in `folder`, as far as the two texts tell.
    fn below(&self, folder: &Self) -> Option<String> {
        if (self.absolute, self.up) != (folder.absolute, folder.up) {
            return None;
        }
        let rest = self.names.strip_prefix(folder.names.as_slice())?;
        Some(rest.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_go_does() {
        let check = |folder, below, expect: &str| assert_eq!(join(folder, below), expect);
        check("/tmp/a", "main.yml", "/tmp/a/main.yml");
        check("/tmp//a/./", "roles/web", "/tmp/a/roles/web");
        check("/tmp/a", "roles/.", "/tmp/a/roles");
        check("/tmp/a", "roles/..", "/tmp/a");
        check("/", "", "/");
        check("/a", "../../b", "/b");
    }

    #[test]
    fn the_last_name_is_not_a_slash() {
        let check = |path, expect: &str| assert_eq!(base(path), expect, "{path}");
        check("play/main.yml", "main.yml");
        check("roles/web/", "web");
        check("web", "web");
        check("/", ".");
        check("..", "..");
    }

    #[test]
    fn playbooks_of_the_folder_are_there_already() {
        let there = |path: &str| Place::There(path.to_owned());
        let upload = |path: &str| Place::Upload(path.to_owned());
        let check = |folder, file, expect: Place| {
            assert_eq!(playbooks(Some(folder), &[file]), [expect], "{file} in {folder}");
        };
        check("play", "play/a.yml", there("a.yml"));
        check("./play/", "play//sub/a.yml", there("sub/a.yml"));
        check("/work/play", "/work/play/a.yml", there("a.yml"));
        check("../play", "../play/a.yml", there("a.yml"));
        check(".", "a.yml", there("a.yml"));
        check(
            "play",
            "playbooks/a.yml",
            upload("playbook_files/playbooks/a.yml"),
        );
        check("play", "/work/play/a.yml", upload("work/play/a.yml"));
    }

    #[test]
    fn playbooks_keep_their_places_among_each_other() {
        let check = |files: &[&str], expect: &[&str]| {
            let places = playbooks(None, files);
            let places: Vec<_> = places.iter().map(Place::path).collect();
            assert_eq!(places, expect);
        };
        check(
            &["a.yml", "sub/b.yml"],
            &["playbook_files/a.yml", "playbook_files/sub/b.yml"],
        );
        check(
            &["b.yml", "../a.yml", "../../c.yml"],
            &[
                "playbook_files/below/below/b.yml",
                "playbook_files/below/a.yml",
                "playbook_files/c.yml",
            ],
        );
        check(&["/work/a.yml"], &["work/a.yml"]);
    }
}
