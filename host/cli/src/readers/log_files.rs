//! `--log-dir`: a file per build with everything that happened to it, each line with its time (UTC).
//!
//! More than a terminal shows: steps with how long they took, log records of all levels, transfers. Lines of the run
//! itself, such as a cancellation, stand in every file. Texts are those of the event stream, so secrets are redacted.
//! Only the owner can read the files. One that cannot be written ends there, with one word about it, and the build
//! goes on.

use std::{
    collections::{HashMap, HashSet},
    fs::{DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use kilnbox_engine::{Body, Event, Reader};
use tokio::sync::mpsc::Sender;

use super::{
    closing::step_in_words,
    phrases::{Phrases, level_name},
};
use crate::durations::in_words;

/// Bytes of a build's name in the name of its file; with the ending and a number far below what file systems take.
const LONGEST_NAME: usize = 200;

/// One file per build.
#[derive(Debug)]
pub(crate) struct LogFiles {
    folder: PathBuf,
    files: HashMap<String, LogFile>,
    phrases: Phrases,
    /// Takes the word about a file that cannot be written.
    word: Sender<String>,
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    /// None once it could not be written.
    file: Option<File>,
}

impl LogFiles {
    /// Makes the folder, if it is not there.
    pub(crate) fn new(folder: &Path, word: Sender<String>) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            files: HashMap::new(),
            phrases: Phrases::default(),
            word,
        })
    }

    fn open(&mut self, builds: &[String]) {
        let mut taken = HashSet::new();
        for build in builds {
            let path = self.folder.join(file_name(build, &mut taken));
            let mut log = LogFile { path, file: None };
            match create(&log.path) {
                Ok(file) => log.file = Some(file),
                Err(error) => tell(&self.word, &log.path, &error),
            }
            self.files.insert(build.clone(), log);
        }
    }

    fn write(&mut self, event: &Event, lines: &[String]) {
        let mut text = String::new();
        for line in lines.iter().flat_map(|line| line.split('\n')) {
            text.push_str(&event.time);
            text.push(' ');
            text.push_str(line);
            text.push('\n');
        }
        match &event.build {
            Some(build) => {
                if let Some(file) = self.files.get_mut(build) {
                    file.write(&text, &self.word);
                }
            }
            None => self
                .files
                .values_mut()
                .for_each(|file| file.write(&text, &self.word)),
        }
    }

    fn lines(&mut self, event: &Event) -> Vec<String> {
        let build = event.build.as_deref().unwrap_or_default();
        let step = event.step.as_ref().map(step_in_words).unwrap_or_default();
        match &event.body {
            Body::BuildStarted { builder } => {
                vec![format!(
                    "build {build} begins: builder {builder}, run {}",
                    event.run
                )]
            }
            Body::Connected { host } => vec![format!("instance reached: {host}")],
            Body::StepStarted => vec![format!("step begins: {step}")],
            Body::StepFinished { took, error: None } => {
                vec![format!("step ends: {step}, after {}", in_words(*took))]
            }
            Body::StepFinished {
                took,
                error: Some(error),
            } => vec![format!("step fails: {step}, after {}: {error}", in_words(*took))],
            Body::Log { level, text, fields } => {
                let fields = fields.iter().map(|(name, value)| format!(" {name}={value:?}"));
                vec![format!(
                    "    {build}: [{}] {text}{}",
                    level_name(*level),
                    fields.collect::<String>()
                )]
            }
            Body::Progress {
                what,
                done,
                finished: true,
                ..
            } => vec![format!("transfer ends: {what}, {done} bytes")],
            Body::Artifact { text, files, .. } => {
                let mut lines = vec![format!("--> {build}: {text}")];
                lines.extend(files.iter().map(|file| format!("    {file}")));
                lines
            }
            // The list of all builds is the terminal's; here stands the way out, which the build's own end leaves out.
            Body::RunFinished { .. } => Vec::new(),
            Body::BuildFinished {
                took,
                error: Some(error),
                hint,
            } => {
                let end = format!("Build '{build}' errored after {}: {error}", in_words(*took));
                std::iter::once(end).chain(hint.clone()).collect()
            }
            _ => {
                let phrases = self.phrases.of(event);
                phrases.into_iter().map(|phrase| phrase.text).collect()
            }
        }
    }
}

impl Reader for LogFiles {
    fn event(&mut self, event: &Event) {
        if let Body::RunStarted { builds } = &event.body {
            self.open(builds);
        }
        let lines = self.lines(event);
        if !lines.is_empty() {
            self.write(event, &lines);
        }
    }
}

impl LogFile {
    fn write(&mut self, text: &str, word: &Sender<String>) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(text.as_bytes()) {
            self.file = None;
            tell(word, &self.path, &error);
        }
    }
}

/// A full channel has words enough.
fn tell(word: &Sender<String>, path: &Path, error: &io::Error) {
    let _ = word.try_send(format!(
        "the log file `{}` cannot be written and ends here; the build goes on: {error}",
        path.display()
    ));
}

/// An older log is replaced and not opened: neither its mode nor a link in its place is taken over.
fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The build's name with `_` for what file systems and shells do not like; numbered where two come to the same.
fn file_name(build: &str, taken: &mut HashSet<String>) -> String {
    let plain = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() || "-_.".contains(letter) => letter,
        _ => '_',
    };
    let mut stem: String = build.chars().map(plain).take(LONGEST_NAME).collect();
    if stem.starts_with(['.', '-']) || stem.is_empty() {
        stem.insert(0, '_');
    }
    let mut name = format!("{stem}.log");
    let mut number = 2;
    // Some file systems take upper and lower case for one.
    while !taken.insert(name.to_lowercase()) {
        name = format!("{stem}-{number}.log");
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::script;

    #[test]
    fn names_of_files() {
        let mut taken = HashSet::new();
        for (build, expected) in [
            ("null", "null.log"),
            ("rootfs.web", "rootfs.web.log"),
            ("a/b", "a_b.log"),
            ("a b", "a_b-2.log"),
            ("A_B", "A_B-3.log"),
            ("../../etc/passwd", "_.._.._etc_passwd.log"),
            ("-rf", "_-rf.log"),
            ("", "_.log"),
            ("ü", "_-2.log"),
        ] {
            assert_eq!(file_name(build, &mut taken), expected, "{build:?}");
        }
        assert!(file_name(&"x".repeat(5000), &mut taken).len() < 255);
    }

    #[test]
    fn everything_that_happened_to_a_build() {
        let folder = tempfile::tempdir().unwrap();
        let (word, _words) = tokio::sync::mpsc::channel(1);
        let mut files = LogFiles::new(folder.path(), word).unwrap();
        script::events().iter().for_each(|event| files.event(event));
        let read = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
        insta::assert_snapshot!(format!(
            "--- null\n{}--- rootfs.web\n{}",
            read("null.log"),
            read("rootfs.web.log")
        ));
    }
}
