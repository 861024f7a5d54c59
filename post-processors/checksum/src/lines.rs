//! The lines of a file of checksums: digest, tab, name.

/// Lines to add.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Vec<String>);

impl Lines {
    /// One file's digest.
    pub(crate) fn add(&mut self, digest: &str, name: &str) {
        self.0.push(format!("{digest}\t{name}"));
    }

    /// What the file is to hold, if these lines are not all in it.
    pub(crate) fn after(&self, before: &str) -> Option<String> {
        let new: Vec<&str> = self
            .0
            .iter()
            .map(String::as_str)
            .filter(|line| !before.lines().any(|known| known == *line))
            .collect();
        if new.is_empty() {
            return None;
        }
        let mut after = before.to_owned();
        if !after.is_empty() && !after.ends_with('\n') {
            after.push('\n');
        }
        for line in new {
            after.push_str(line);
            after.push('\n');
        }
        Some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_once() {
        let mut lines = Lines::default();
        lines.add("aa", "x");
        lines.add("bb", "y");
        for (before, expect) in [
            ("", Some("aa\tx\nbb\ty\n")),
            ("cc\tz", Some("cc\tz\naa\tx\nbb\ty\n")),
            ("bb\ty\n", Some("bb\ty\naa\tx\n")),
            ("aa\tx\nbb\ty\n", None),
        ] {
            assert_eq!(lines.after(before).as_deref(), expect, "{before:?}");
        }
    }
}
