//! The text of the note, as Markdown.

use std::fmt;

/// All that the note says.
pub(crate) struct Note {
    pub(crate) title: String,
    pub(crate) builder: String,
    /// May be empty.
    pub(crate) artifact: String,
    pub(crate) files: Vec<File>,
}

/// One file of the artifact.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) size: u64,
    /// Algorithms and what they give.
    pub(crate) digests: Vec<(String, String)>,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}\n", self.title)?;
        write!(f, "Made by {}", self.builder)?;
        if !self.artifact.is_empty() {
            write!(f, ": {}", self.artifact)?;
        }
        writeln!(f)?;
        for file in &self.files {
            write!(f, "\n{file}")?;
        }
        Ok(())
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.rsplit('/').next().unwrap_or(&self.name);
        writeln!(f, "## {name}\n\n- size: {} bytes", self.size)?;
        for (algorithm, digest) in &self.digests {
            writeln!(f, "- {algorithm}: {digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_its_part() {
        let file = |name: &str, size, digests: &[(&str, &str)]| File {
            name: name.to_owned(),
            size,
            digests: digests
                .iter()
                .map(|(algorithm, digest)| (algorithm.to_string(), digest.to_string()))
                .collect(),
        };
        let note = Note {
            title: "Web 1.0".to_owned(),
            builder: "kilnbox.file".to_owned(),
            artifact: "File".to_owned(),
            files: vec![
                file("out/disk.raw", 42, &[("md5", "aa"), ("sha256", "bb")]),
                file("notes", 0, &[("md5", "cc")]),
            ],
        };
        assert_eq!(
            note.to_string(),
            "# Web 1.0\n\nMade by kilnbox.file: File\n\n\
             ## disk.raw\n\n- size: 42 bytes\n- md5: aa\n- sha256: bb\n\n\
             ## notes\n\n- size: 0 bytes\n- md5: cc\n"
        );
    }

    #[test]
    fn an_artifact_without_files_or_name_is_no_trouble() {
        let note = Note {
            title: "Release".to_owned(),
            builder: "kilnbox.null".to_owned(),
            artifact: String::new(),
            files: Vec::new(),
        };
        assert_eq!(note.to_string(), "# Release\n\nMade by kilnbox.null\n");
    }
}
