//! How errors look: what happened, where, and what to do, on standard error.
//!
//! miette draws the place in the template. Nothing else in the program writes errors that are no events of a run.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
};

use miette::{Diagnostic, MietteHandler, MietteHandlerOpts, ReportHandler as _};

use crate::{env_vars, error::Error};

/// Whether to colour what goes to a stream: only a terminal, and only if nobody asked for none.
pub(crate) fn colored(wanted: bool, terminal: bool) -> bool {
    wanted && terminal && env_vars::NO_COLOR.get().is_none() && env_vars::PACKER_NO_COLOR.get().is_none()
}

/// Shows problems as they are drawn.
pub(crate) struct Report {
    handler: MietteHandler,
}

impl Report {
    /// For standard error.
    pub(crate) fn new(color: bool) -> Self {
        let color = colored(color, io::stderr().is_terminal());
        let handler = MietteHandlerOpts::new()
            .color(color)
            .terminal_links(false)
            .unicode(true)
            .build();
        Self { handler }
    }

    /// Shows one problem.
    pub(crate) fn show(&self, problem: &dyn Diagnostic) {
        let text = format!(
            "{}",
            Drawn {
                handler: &self.handler,
                problem
            }
        );
        // Nowhere is left to report to when standard error is gone.
        let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
    }

    /// Shows what is worth knowing beside an answer.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "note: {text}");
    }

    /// Shows why a command did not do what it was asked for.
    pub(crate) fn failure(&self, error: &Error) {
        match error {
            Error::Template(problems) => problems.reports().for_each(|problem| self.show(problem)),
            Error::Manifest { problems, .. } => problems.iter().for_each(|problem| self.show(problem)),
            Error::Shown => {}
            other => self.show(other),
        }
    }
}

struct Drawn<'p> {
    handler: &'p MietteHandler,
    problem: &'p dyn Diagnostic,
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handler.debug(self.problem, f)
    }
}
