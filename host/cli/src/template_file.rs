//! Reads templates and variable files for `kilnbox-template`, which does no I/O of its own.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use kilnbox_template::{Inputs, Source, Variables};

use crate::{
    args::{ConfigType, TemplateArgs},
    error::Error,
};

/// Largest template or variable file, in bytes.
const LARGEST: u64 = 16 << 20;

/// A template's text and the folder it is in.
#[derive(Clone, Debug)]
pub(crate) struct TemplateFile {
    /// The text.
    pub(crate) source: Source,
    /// Absent for standard input.
    pub(crate) folder: Option<PathBuf>,
    /// The working directory.
    pub(crate) working_dir: PathBuf,
}

impl TemplateFile {
    /// Reads the template that the command line names.
    pub(crate) fn read(args: &TemplateArgs) -> Result<Self, Error> {
        let path = &args.template;
        let working_dir = std::env::current_dir().map_err(|source| Error::System {
            what: "finding the working directory",
            source,
        })?;
        if path.as_os_str() == "-" {
            if args.config_type == ConfigType::Hcl2 {
                return Err(Error::Hcl2 {
                    path: "<stdin>".into(),
                });
            }
            let text = text(Path::new("<stdin>"), io::stdin().lock())?;
            return Ok(Self {
                source: Source::new("<stdin>", text),
                folder: None,
                working_dir,
            });
        }
        let name = path.to_string_lossy();
        let hcl2 = name.ends_with(".pkr.hcl") || name.ends_with(".pkr.json");
        if hcl2 || args.config_type == ConfigType::Hcl2 || path.is_dir() {
            return Err(Error::Hcl2 { path: path.clone() });
        }
        let source = Source::new(name.clone(), open(path)?);
        let absolute = working_dir.join(path);
        Ok(Self {
            source,
            folder: absolute.parent().map(Path::to_owned),
            working_dir,
        })
    }

    /// Where `kilnbox.toml` is looked for: beside the template, or in the working directory.
    pub(crate) fn project_folder(&self) -> &Path {
        self.folder.as_deref().unwrap_or(&self.working_dir)
    }

    /// What the template may know of the world.
    pub(crate) fn inputs(&self) -> Inputs {
        Inputs {
            env: std::sync::Arc::new(|name| std::env::var(name).ok()),
            now: jiff::Timestamp::now(),
            working_dir: self.working_dir.clone(),
            template_dir: self.folder.clone(),
            secrets: None,
        }
    }
}

/// Reads what the command line says about variables.
pub(crate) fn variables(args: &TemplateArgs) -> Result<Variables, Error> {
    let given = args.vars.iter().map(|argument| match argument.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(Error::Var {
            argument: argument.clone(),
        }),
    });
    let files = args
        .var_files
        .iter()
        .map(|path| Ok(Source::new(path.to_string_lossy(), open(path)?)));
    Ok(Variables {
        given: given.collect::<Result<_, Error>>()?,
        files: files.collect::<Result<_, Error>>()?,
    })
}

fn open(path: &Path) -> Result<String, Error> {
    let file = File::open(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    text(path, file)
}

fn text(path: &Path, from: impl Read) -> Result<String, Error> {
    let mut text = String::new();
    from.take(LARGEST + 1)
        .read_to_string(&mut text)
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    if text.len() as u64 > LARGEST {
        return Err(Error::TooLarge {
            path: path.to_owned(),
            limit: LARGEST,
        });
    }
    Ok(text)
}
