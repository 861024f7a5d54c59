//! `kilnbox fmt`: one layout for JSON templates and variable files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kilnbox_template::Source;
use similar::TextDiff;

use crate::{
    args::FmtArgs,
    error::Error,
    exit_codes,
    report::Report,
    stdout,
    template_file::{self, text},
};

/// Variable files, whatever they hold.
const VARIABLES: &str = ".pkrvars.json";

/// What is to be laid out, and what became of it so far.
struct Run<'a> {
    args: &'a FmtArgs,
    report: &'a Report,
    differs: bool,
    failed: bool,
}

/// Lays out files. One that cannot be read does not keep the others from it.
pub(crate) fn run(args: &FmtArgs, report: &Report) -> Result<u8, Error> {
    let mut run = Run {
        args,
        report,
        differs: false,
        failed: false,
    };
    for path in &args.paths {
        let done = match () {
            () if path.as_os_str() == "-" => run.standard_input(),
            () if path.is_dir() => run.folder(path),
            () => run.file(path),
        };
        run.note(done);
    }
    Ok(match () {
        () if run.failed => exit_codes::FAILURE,
        () if run.differs && args.check => exit_codes::UNFORMATTED,
        () => exit_codes::SUCCESS,
    })
}

impl Run<'_> {
    fn note(&mut self, done: Result<(), Error>) {
        if let Err(error) = done {
            self.failed = true;
            self.report.failure(&error);
        }
    }

    fn standard_input(&mut self) -> Result<(), Error> {
        let source = Source::new("<stdin>", text(Path::new("<stdin>"), io::stdin().lock())?);
        let formatted = kilnbox_template::format(&source)?;
        self.differs |= *source.text != formatted;
        if self.args.diff {
            stdout::print(&difference(&source, &formatted))
        } else if self.args.check {
            Ok(())
        } else {
            stdout::print(&formatted)
        }
    }

    /// The templates and variable files of a folder, in the order of their names.
    fn folder(&mut self, folder: &Path) -> Result<(), Error> {
        let unreadable = |source| Error::Read {
            path: folder.to_owned(),
            source,
        };
        let entries = fs::read_dir(folder).map_err(unreadable)?;
        let mut entries: Vec<fs::DirEntry> = entries.collect::<io::Result<_>>().map_err(unreadable)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            // `.` needs no name.
            let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
            // Links are not followed: a folder may link to itself, and what lies elsewhere was not asked for.
            let kind = entry.file_type().map_err(unreadable)?;
            let done = if kind.is_dir() && self.args.recursive && !is_hidden(&path) {
                self.folder(&path)
            } else if kind.is_file() && ends_with(&path, ".json") {
                self.found(&path)
            } else {
                Ok(())
            };
            self.note(done);
        }
        Ok(())
    }

    /// A file that was not named: other programs keep JSON too, and theirs is left alone.
    fn found(&mut self, path: &Path) -> Result<(), Error> {
        let source = template_file::source(path)?;
        if ends_with(path, VARIABLES) || is_template(&source.text) {
            self.lay_out(path, &source)
        } else {
            Ok(())
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), Error> {
        if ends_with(path, ".hcl") {
            return Err(Error::Hcl2 {
                path: path.to_owned(),
            });
        }
        self.lay_out(path, &template_file::source(path)?)
    }

    fn lay_out(&mut self, path: &Path, source: &Source) -> Result<(), Error> {
        let formatted = kilnbox_template::format(source)?;
        if *source.text == formatted {
            return Ok(());
        }
        self.differs = true;
        if self.args.write && !self.args.check {
            replace(path, &formatted).map_err(|source| Error::Write {
                path: path.to_owned(),
                source,
            })?;
        }
        stdout::print(&format!("{}\n", path.display()))?;
        if self.args.diff {
            stdout::print(&difference(source, &formatted))?;
        }
        Ok(())
    }
}

/// Whether it is a JSON object with builders. What cannot be read is nobody's template.
fn is_template(text: &str) -> bool {
    let value: Result<serde_json::Value, _> = serde_json::from_str(text);
    value.is_ok_and(|value| value.get("builders").is_some_and(serde_json::Value::is_array))
}

fn ends_with(path: &Path, end: &str) -> bool {
    path.to_string_lossy().ends_with(end)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn difference(source: &Source, formatted: &str) -> String {
    TextDiff::from_lines(&*source.text, formatted)
        .unified_diff()
        .header(&format!("old/{}", source.name), &format!("new/{}", source.name))
        .to_string()
}

/// Writes beside the file and renames: nobody sees half of it. The file behind a link is replaced, not the link.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path: PathBuf = fs::canonicalize(path)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let beside = tempfile::Builder::new()
        .prefix(".kilnbox-fmt-")
        .tempfile_in(folder)?;
    fs::write(beside.path(), text)?;
    fs::set_permissions(beside.path(), fs::metadata(&path)?.permissions())?;
    beside.persist(&path)?;
    Ok(())
}
