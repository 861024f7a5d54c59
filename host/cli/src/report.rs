//! How errors look: what happened, where, and what to do, on standard error.
//!
//! miette draws the place in the template. Nothing else in the program writes errors that are no events of a run. Under
//! `-machine-readable` each is a line for programs too, on standard output. What is quoted passes the engine's [`text`],
//! as in events ([`Fitted`]).

mod fitted;

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
};

use kilnbox_engine::{Secrets, text};
use miette::{Diagnostic, MietteHandler, MietteHandlerOpts, ReportHandler as _, Severity};

use crate::{env_vars, error::Error, readers::record, stdout};
use fitted::Fitted;

/// Whether to colour what goes to a stream: only a terminal, and only if nobody asked for none.
pub(crate) fn colored(wanted: bool, terminal: bool) -> bool {
    wanted && terminal && env_vars::NO_COLOR.get().is_none() && env_vars::PACKER_NO_COLOR.get().is_none()
}

/// Shows problems as they are drawn.
pub(crate) struct Report {
    handler: MietteHandler,
    for_programs: bool,
    secrets: Secrets,
}

impl Report {
    /// For standard error.
    pub(crate) fn new(color: bool, for_programs: bool) -> Self {
        let color = colored(color, io::stderr().is_terminal());
        let handler = MietteHandlerOpts::new()
            .color(color)
            .terminal_links(false)
            .unicode(true)
            .build();
        Self {
            handler,
            for_programs,
            secrets: Secrets::default(),
        }
    }

    /// What nobody may read, neither here nor in what is logged: shared, and added to as soon as it is known.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Shows one problem.
    pub(crate) fn show(&self, problem: &dyn Diagnostic) {
        let problem = &Fitted::new(problem, &self.secrets);
        let text = format!(
            "{}",
            Drawn {
                handler: &self.handler,
                problem
            }
        );
        // Nowhere is left to report to when standard error is gone.
        let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
        if self.for_programs {
            let now = jiff::Timestamp::now().as_second();
            let words = in_words(problem);
            let line = record(now, "", "ui", ["error", &text::clean(&words)]);
            let _ = stdout::print(&format!("{line}\n"));
        }
    }

    /// Shows what is worth knowing beside an answer.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "note: {}", text::fit(text, &self.secrets));
    }

    /// Shows why a command did not do what it was asked for.
    pub(crate) fn failure(&self, error: &Error) {
        match error {
            Error::Template(problems) => problems.reports().for_each(|problem| self.show(problem)),
            Error::Manifest { problems, .. } | Error::Transcript(problems) => {
                problems.iter().for_each(|problem| self.show(problem))
            }
            Error::Shown => {}
            other => self.show(other),
        }
    }
}

/// A problem without a drawing: place, message and causes, and the hint on a line of its own.
fn in_words(problem: &dyn Diagnostic) -> String {
    let mut words = String::new();
    let label = problem.labels().and_then(|mut labels| labels.next());
    if let (Some(source), Some(label)) = (problem.source_code(), label)
        && let Ok(place) = source.read_span(label.inner(), 0, 0)
        && let Some(name) = place.name()
    {
        words.push_str(&format!("{name}:{}:{}: ", place.line() + 1, place.column() + 1));
    }
    if problem.severity() == Some(Severity::Warning) {
        words.push_str("Warning: ");
    }
    words.push_str(&problem.to_string());
    let mut cause = problem.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    if let Some(hint) = problem.help() {
        words.push_str(&format!("\n{hint}"));
    }
    words
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
