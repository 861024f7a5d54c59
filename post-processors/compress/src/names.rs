//! What files are called inside an archive.
//!
//! As in Packer, a tar holds files under their last names and a zip under their paths. Unlike there, no file is lost
//! because another of the same name follows, and no name leads out of the folder it is unpacked into.

/// Each file with its name.
pub(crate) fn in_archive<'f>(container: &str, files: &'f [String]) -> Vec<(&'f str, String)> {
    let base = |file: &'f str| file.rsplit_once('/').map_or(file, |(_, name)| name);
    let name = |file: &'f String| {
        let alone = files.iter().filter(|other| base(other) == base(file)).count() == 1;
        let name = if container != "zip" && alone {
            base(file).to_owned()
        } else {
            below(file)
        };
        (file.as_str(), name)
    };
    let mut named: Vec<(&str, String)> = files.iter().map(name).collect();
    // A file that is listed twice is packed once.
    named.sort_unstable();
    named.dedup();
    named.sort_by_key(|(file, _)| files.iter().position(|known| known == file));
    named
}

/// A path without what leads out of a folder.
fn below(path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(container: &str, files: &[&str], expect: &[&str]) {
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        let names: Vec<String> = in_archive(container, &files)
            .into_iter()
            .map(|(_, name)| name)
            .collect();
        assert_eq!(names, expect, "{container} {files:?}");
    }

    #[test]
    fn a_tar_has_last_names_and_a_zip_paths() {
        check("tar", &["d/b", "/abs/a"], &["b", "a"]);
        check("zip", &["d/b", "/abs/a", "./../x"], &["d/b", "abs/a", "x"]);
    }

    #[test]
    fn no_file_is_lost() {
        check("tar", &["d/a", "e/a", "e/b"], &["d/a", "e/a", "b"]);
        check("tar", &["d/a", "d/a"], &["d/a"]);
    }
}
