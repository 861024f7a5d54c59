//! Why a command did not do what it was asked for, in words for the person who asked.
//!
//! Problems of templates and of `kilnbox.toml` keep their places; everything has its way out as miette's help.

use std::{io, ops::Range, path::PathBuf};

use kilnbox_template::{Diagnostics, Excerpts, Source, Span};
use miette::{Diagnostic, LabeledSpan};

use crate::exit_codes;

/// Ends a command.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum Error {
    /// Everything was said already.
    #[error("not done")]
    Shown,
    /// The template is wrong.
    #[error("{0}")]
    Template(Diagnostics),
    /// `kilnbox.toml` is wrong.
    #[error("`{}` cannot be used", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Each with its place.
        #[related]
        problems: Vec<Placed>,
    },
    /// A transcript is wrong.
    #[error("the transcript cannot be used")]
    Transcript(#[related] Vec<Placed>),
    /// A step did something else than its transcript expects.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Departed(Box<Placed>),
    /// A plugin or the memory of what was accepted cannot be used.
    #[error("{message}")]
    Registry {
        /// What happened.
        message: String,
        /// What to do.
        #[help]
        hint: Option<String>,
    },
    /// A file could not be read.
    #[error("reading `{}`", path.display())]
    #[diagnostic(help("check the path; it starts from the working directory"))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("writing `{}`", path.display())]
    #[diagnostic(help("check that the file and its folder may be written, and that the disk is not full"))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `plugin new` makes nothing.
    #[error("{message}")]
    Project {
        /// Why.
        message: String,
        /// What to do.
        #[help]
        hint: String,
    },
    /// What the program carries for new projects is broken.
    #[error("the files of new projects are broken: {0}")]
    #[diagnostic(help("this is a mistake in Kilnbox; please report it"))]
    Embedded(String),
    /// Lines for programs in two formats.
    #[error("`-machine-readable` and `--log-format json` exclude each other")]
    #[diagnostic(help("leave out one of the two"))]
    TwoFormats,
    /// A command that Packer has.
    #[error("the command `{command}` of Packer is not built yet")]
    NotBuilt {
        /// Its name.
        command: &'static str,
        /// What to do instead.
        #[help]
        hint: &'static str,
    },
    /// `fix` did what it could.
    #[error("the fixed template is still wrong")]
    #[diagnostic(help("correct what is told above, or see what was fixed with `-validate=false`"))]
    Unfixed,
    /// `console -`
    #[error("standard input cannot be both the template and the expressions")]
    #[diagnostic(help("write the template to a file"))]
    StandardInputTwice,
    /// The template is not JSON.
    #[error("`{}` is an HCL2 template; this version reads JSON templates only", path.display())]
    #[diagnostic(help("HCL2 is planned. Until then, give a JSON template (`builders`, `provisioners`, …)"))]
    Hcl2 {
        /// The template.
        path: PathBuf,
    },
    /// A template too large to be one.
    #[error("`{}` is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The template or variable file.
        path: PathBuf,
        /// The largest there may be.
        limit: u64,
    },
    /// `-var` without a value.
    #[error("No '=' value in arg: {argument}")]
    #[diagnostic(help("write `-var 'name=value'`"))]
    Var {
        /// As given.
        argument: String,
    },
    /// No place for state, cache or configuration.
    #[error("there is no home folder")]
    #[diagnostic(help("set HOME, or {variable}"))]
    NoHome {
        /// The variable that would do.
        variable: &'static str,
    },
    /// `KILNBOX_LOG` is not understood.
    #[error("`{variable}` is no log filter: {reason}")]
    #[diagnostic(help("such as `debug`, or `russh=debug,info`"))]
    LogFilter {
        /// Its name.
        variable: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The system would not give what the program needs to run.
    #[error("{what}")]
    System {
        /// What was being done.
        what: &'static str,
        /// Why it did not work.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("writing to standard output")]
    Output(#[source] io::Error),
    /// Anything else, from the crates below.
    #[error("{message}")]
    Other {
        /// What happened.
        message: String,
        /// What to do.
        #[help]
        hint: Option<String>,
    },
    /// Nobody is there to answer.
    #[error("nobody is there to accept it: standard input is no terminal")]
    #[diagnostic(help("read the list above, then pass `--yes`"))]
    NobodyAnswers,
}

impl Error {
    /// What the program's exit code is.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Var { .. } | Self::LogFilter { .. } | Self::StandardInputTwice | Self::TwoFormats => {
                exit_codes::USAGE
            }
            _ => exit_codes::FAILURE,
        }
    }

    /// An error of a crate below, in its own words.
    pub(crate) fn other(error: impl std::error::Error) -> Self {
        Self::Other {
            message: error.to_string(),
            hint: None,
        }
    }
}

/// One mistake at its place in a file, as miette draws it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Placed {
    message: String,
    hint: Option<String>,
    /// The text and the place, where there is one.
    at: Option<(Excerpts, LabeledSpan)>,
}

impl Placed {
    pub(crate) fn new(
        source: &Source,
        at: Option<Range<usize>>,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Self {
        let excerpts = Excerpts::new(source);
        let place = at.map(|at| excerpts.underlined(Span::new(at.start, at.end)));
        Self {
            message: message.into(),
            hint,
            at: place.map(|place| (excerpts, LabeledSpan::new_primary_with_span(None, place))),
        }
    }
}

impl Diagnostic for Placed {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.hint.as_ref().map(|hint| Box::new(hint) as _)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.at.as_ref().map(|(source, _)| source as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, label) = self.at.as_ref()?;
        Some(Box::new(std::iter::once(label.clone())))
    }
}

impl From<Diagnostics> for Error {
    fn from(problems: Diagnostics) -> Self {
        Self::Template(problems)
    }
}

impl From<kilnbox_registry::Error> for Error {
    fn from(error: kilnbox_registry::Error) -> Self {
        match error {
            kilnbox_registry::Error::Manifest { path, text, problems } => {
                let source = Source::new(path.display().to_string(), text);
                let drawn = |problem: kilnbox_registry::ManifestProblem| {
                    Placed::new(&source, Some(problem.span), problem.message, problem.hint)
                };
                Self::Manifest {
                    problems: problems.into_iter().map(drawn).collect(),
                    path,
                }
            }
            other => Self::Registry {
                hint: other.hint(),
                message: other.to_string(),
            },
        }
    }
}

impl From<kilnbox_engine::LoadError> for Error {
    fn from(error: kilnbox_engine::LoadError) -> Self {
        let message = error.to_string();
        let hint = match error {
            kilnbox_engine::LoadError::Denied { grant, .. } => Some(grant),
            kilnbox_engine::LoadError::Invalid { hint, .. } => hint,
            kilnbox_engine::LoadError::Unknown { known, .. } => {
                Some(format!("there are {}", known.join(", ")))
            }
        };
        Self::Other { message, hint }
    }
}
