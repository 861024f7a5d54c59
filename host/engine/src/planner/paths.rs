//! Local paths that the user wrote in a step's options: the only ones the step may open.
//!
//! A relative path is looked for below the working directory first, as Packer does, then below the template's folder.
//! `~` is no shorthand. A path keeps how it was written, a trailing slash included: that is how the step knows it.

use std::path::{Component, Path, PathBuf};

use kilnbox_template::{Diagnostic, Span};

use crate::{Folders, PathAccess, UserPath};

/// An option's path before it is looked for.
pub(crate) struct Written<'w> {
    /// The option's name, such as `script`.
    pub(crate) option: &'w str,
    pub(crate) text: &'w str,
    pub(crate) span: Span,
    pub(crate) access: PathAccess,
    pub(crate) kind: FileKind,
    /// The step is a stranger's: it gets what is below the template's folder, no more.
    pub(crate) third_party: bool,
    /// The user said that the file will be there when the step runs (`generated` of `file`).
    pub(crate) later: bool,
}

/// What must be at a path that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// `format: "asset-path"`, and whatever is written.
    Any,
    /// `format: "asset-file"`.
    File,
    /// `format: "asset-directory"`.
    Directory,
}

/// Finds a path, or says where it was looked for.
pub(crate) fn resolve(written: &Written<'_>, folders: &Folders) -> Result<UserPath, Diagnostic> {
    let candidates: Vec<PathBuf> = std::iter::once(&folders.working_dir)
        .chain(&folders.template_dir)
        .map(|folder| folder.join(written.text))
        .collect();
    let first = folders.working_dir.join(written.text);
    let resolved = match written.access {
        PathAccess::Output | PathAccess::Match => first,
        PathAccess::Asset => match candidates.iter().find(|candidate| candidate.exists()) {
            Some(found) => {
                check_kind(written, found)?;
                found.clone()
            }
            None if written.later => first,
            None => return Err(missing(written, &candidates)),
        },
    };
    let below = match written.third_party {
        true => Some(confine(written, &resolved, folders)?),
        false => None,
    };
    Ok(UserPath {
        written: written.text.to_owned(),
        resolved,
        access: written.access,
        below,
    })
}

/// What a pattern matches below the working directory, as the user would write each path: sorted, and relative where
/// the pattern is.
pub(crate) fn matching(pattern: &str, folders: &Folders) -> Result<Vec<String>, String> {
    let root = glob::Pattern::escape(&folders.working_dir.to_string_lossy());
    let whole = Path::new(&root).join(pattern);
    let options = glob::MatchOptions {
        require_literal_separator: true,
        ..glob::MatchOptions::new()
    };
    let found = glob::glob_with(&whole.to_string_lossy(), options)
        .map_err(|error| format!("`{pattern}` is no pattern: {}", error.msg))?;
    let mut names = Vec::new();
    for path in found {
        let path = path.map_err(|error| format!("`{}`: {}", error.path().display(), error.error()))?;
        let shown = match path.strip_prefix(&folders.working_dir) {
            Ok(relative) if !Path::new(pattern).is_absolute() => relative,
            _ => &path,
        };
        names.push(shown.to_string_lossy().into_owned());
    }
    Ok(names)
}

/// A pattern that could never match, before anything runs.
pub(crate) fn check_pattern(pattern: &str) -> Result<(), String> {
    glob::Pattern::new(pattern)
        .map(drop)
        .map_err(|error| error.msg.to_owned())
}

/// In the words of Packer's provisioners that ask for one of the two.
fn check_kind(written: &Written<'_>, found: &Path) -> Result<(), Diagnostic> {
    let (wanted, label) = match (written.kind, found.is_dir()) {
        (FileKind::File, true) => ("a file", "a folder"),
        (FileKind::Directory, false) => ("a directory", "no folder"),
        _ => return Ok(()),
    };
    let message = format!("{}: {} must point to {wanted}", written.option, written.text);
    Err(Diagnostic::error(written.span, message)
        .label(label)
        .hint(format!("found `{}`", found.display())))
}

fn missing(written: &Written<'_>, candidates: &[PathBuf]) -> Diagnostic {
    let option = if written.option == "scripts" || written.option == "sources" {
        written.option.trim_end_matches('s')
    } else {
        written.option
    };
    let mut tried: Vec<String> = candidates
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    tried.dedup();
    let mut hint = format!("tried {}", tried.join(" and "));
    if written.text.starts_with('~') {
        hint.push_str("; `~` is not expanded, write the whole path");
    }
    Diagnostic::error(
        written.span,
        format!("Bad {option} '{}': no such file or directory", written.text),
    )
    .label("not found")
    .hint(hint)
}

/// `reference` design, Trust: a stranger's step reads and writes below the template's folder, and never writes what
/// decides about later runs. Returns the template's folder, without links.
fn confine(written: &Written<'_>, resolved: &Path, folders: &Folders) -> Result<PathBuf, Diagnostic> {
    let home = folders.template_dir.as_deref().unwrap_or(&folders.working_dir);
    let refuse = |why: &str| {
        Err(Diagnostic::error(
            written.span,
            format!("`{}` is not open to a third-party step: {why}", written.text),
        )
        .hint(format!("choose a path below `{}`", home.display())))
    };
    let (Some(home), Some(real)) = (real_path(home), real_path(resolved)) else {
        return refuse("its folder does not exist");
    };
    let Ok(below) = real.strip_prefix(&home) else {
        return refuse("it is outside the template's folder");
    };
    if written.access == PathAccess::Output {
        if below.as_os_str().is_empty() {
            return refuse("it is the folder of the template itself");
        }
        if below
            .components()
            .any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
        {
            return refuse("names that begin with a dot are not for outputs");
        }
        let name = below
            .file_name()
            .map(|name| name.to_string_lossy().to_lowercase())
            .unwrap_or_default();
        if name.starts_with("kilnbox.")
            || name.ends_with(".pkr.hcl")
            || name.ends_with(".json") && real.exists()
        {
            return refuse("it would replace a template or Kilnbox's own file");
        }
        if executable(&real) {
            return refuse("it would replace a program");
        }
    }
    Ok(home)
}

/// The path without symlinks; of a file that does not exist yet, its folder's.
fn real_path(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = path.canonicalize() {
        return Some(real);
    }
    let name = path
        .components()
        .next_back()
        .filter(|last| matches!(last, Component::Normal(_)))?;
    Some(path.parent()?.canonicalize().ok()?.join(name))
}

fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
