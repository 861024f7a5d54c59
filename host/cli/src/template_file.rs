//! Reads templates and variable files for `kilnbox-template`, which does no I/O of its own.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use kilnbox_template::{Inputs, Resolved, Source, Template, Variables};

use crate::{
    args::{ConfigType, VariableArgs},
    error::Error,
    report::Report,
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
    /// Reads the template at `path`; `-` is standard input.
    pub(crate) fn read(path: &Path, language: ConfigType) -> Result<Self, Error> {
        let working_dir = working_dir()?;
        if path.as_os_str() == "-" {
            if language == ConfigType::Hcl2 {
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
        if hcl2 || language == ConfigType::Hcl2 || path.is_dir() {
            return Err(Error::Hcl2 {
                path: path.to_owned(),
            });
        }
        let source = source(path)?;
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
        world(self.working_dir.clone(), self.folder.clone())
    }
}

/// What is known of the world where there is no template.
pub(crate) fn inputs() -> Result<Inputs, Error> {
    Ok(world(working_dir()?, None))
}

fn world(working_dir: PathBuf, template_dir: Option<PathBuf>) -> Inputs {
    Inputs {
        env: std::sync::Arc::new(|name| std::env::var(name).ok()),
        now: jiff::Timestamp::now(),
        working_dir,
        template_dir,
        secrets: None,
    }
}

fn working_dir() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|source| Error::System {
        what: "finding the working directory",
        source,
    })
}

/// Reads what the command line says about variables.
pub(crate) fn variables(args: &VariableArgs) -> Result<Variables, Error> {
    let given = args.vars.iter().map(|argument| match argument.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(Error::Var {
            argument: argument.clone(),
        }),
    });
    let files = args.var_files.iter().map(|path| source(path));
    Ok(Variables {
        given: given.collect::<Result<_, Error>>()?,
        files: files.collect::<Result<_, Error>>()?,
    })
}

/// Gives variables their values; what is secret among them is known to `report` as soon as it is known at all.
pub(crate) fn resolve(
    template: Template,
    inputs: &Inputs,
    given: &Variables,
    report: &Report,
) -> Result<Resolved, Error> {
    let hide = |secrets: &[String]| {
        for secret in secrets {
            // One that is too short is announced when the run starts.
            report.secrets().add(secret);
        }
    };
    hide(&template.written_secrets(given));
    let resolved = template.resolve(inputs, given)?;
    hide(&resolved.secrets);
    Ok(resolved)
}

/// A template or variable file, under the name the user gave it.
pub(crate) fn source(path: &Path) -> Result<Source, Error> {
    let file = File::open(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(Source::new(path.to_string_lossy(), text(path, file)?))
}

/// All of `from`, if that is not more than a template can be. `path` is what an error calls it.
pub(crate) fn text(path: &Path, from: impl Read) -> Result<String, Error> {
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
