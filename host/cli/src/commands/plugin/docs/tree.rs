//! The whole reference: a folder per kind, a page per name, an index.

use std::{fmt::Write as _, fs, path::Path};

use super::{
    common,
    page::{Kind, Page, Within, code, paragraph, push_options},
};
use crate::error::Error;

/// The index, whose kinds of values every page refers to.
const INDEX: &str = "\
# Reference

Every option of everything that Kilnbox brings. The pages are made of the schemas that templates are checked with, by
`kilnbox plugin docs --all DIR`; `kilnbox plugin docs NAME` prints one of them, and `kilnbox plugin docs FILE` that of a
component of somebody else.
";

const KINDS_OF_VALUES: &str = "\
## Kinds of values

Every string may use template functions, such as ``{{user `name`}}``. The name of an option is read whatever its case,
and `null` leaves it unset. As in Packer, values are brought into the kind that is asked for:

- **A whole number**, **true or false**: also as a string, `\"5\"`, `\"true\"`.
- **A list**: also as a string with commas, `\"a,b\"`, and one value stands for a list of one.
- **A map**: names and values, `{ \"name\": \"value\" }`.
- **A duration**: a number with a unit, such as `\"500ms\"`, `\"10s\"`, `\"5m\"` or `\"1h30m\"`. A bare number counts
  nanoseconds.
- **A local path to read**: a file or folder of this machine. A relative one starts from the working directory, and from
  the template's folder where nothing is found there. It must be there when the template is checked. A step can read the
  paths that stand in its options, and no others. Where it is **a local file** or **a local folder**, nothing else will do.
- **A local path to write**: starts from the working directory.
- **A template of a local path to write**: the step expands it, with fields of its own such as `{{.BuildName}}`.
- **A pattern of local files**: `*` and `?` stand for what is in one name, `**` for any folders, `[a-z]` for one of these
  letters.
- **A template for run time**: the step expands it, with fields of its own such as `{{.Vars}}`.
- **A secret string**: replaced by `<sensitive>` wherever it would be shown.
";

/// Writes all pages. What else is in the folder stays.
pub(super) fn write(folder: &Path, pages: &[Page]) -> Result<(), Error> {
    let mut index = INDEX.to_owned();
    for kind in Kind::ALL {
        let pages: Vec<&Page> = pages.iter().filter(|page| page.kind == kind).collect();
        let of_kind = folder.join(kind.folder());
        for page in &pages {
            let file = of_kind.join(format!("{}.md", page.name));
            write_file(&file, &page.to_markdown(Within::Reference))?;
        }
        let common = common::options(kind);
        let title = match common.is_empty() {
            true => format!("{}s", kind.title()),
            false => format!("[{}s]({}/README.md)", kind.title(), kind.folder()),
        };
        paragraph(&mut index, &format!("## {title}"));
        paragraph(
            &mut index,
            table(&pages, &format!("{}/", kind.folder())).trim_end(),
        );
        if !common.is_empty() {
            let mut every = format!("# {}s\n", kind.title());
            paragraph(&mut every, table(&pages, "").trim_end());
            paragraph(
                &mut every,
                &format!("## Options of every {}", kind.title().to_lowercase()),
            );
            push_options(&mut every, &common);
            write_file(&of_kind.join("README.md"), &every)?;
        }
    }
    paragraph(&mut index, KINDS_OF_VALUES.trim_end());
    write_file(&folder.join("README.md"), &index)
}

fn table(pages: &[&Page], folder: &str) -> String {
    let mut table = "| | |\n|---|---|\n".to_owned();
    for page in pages {
        let (name, summary) = (code(&page.name), page.summary().replace('|', "\\|"));
        let _ = writeln!(table, "| [{name}]({folder}{}.md) | {summary} |", page.name);
    }
    table
}

fn write_file(path: &Path, text: &str) -> Result<(), Error> {
    let written = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, text));
    written.map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}
