//! What is wrong with a template, and where.
//!
//! Problems are collected and reported together. [`Diagnostics`] implements [`miette::Diagnostic`], so that a
//! `miette::Report` of it shows every problem with file, line, column, source line, label and help.

use std::{fmt, iter};

use miette::LabeledSpan;

use crate::{Excerpts, Source, Span, json, limits};

/// Whether a problem stops the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It does.
    Error,
    /// It does not.
    Warning,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it stops the build.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to write beside the place.
    pub label: Option<String>,
    /// The place; none where the problem is outside the source, such as in a `-var`.
    pub span: Option<Span>,
    /// The way out.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Self {
            span: Some(span),
            ..Self::anywhere(message)
        }
    }

    /// A warning at a place.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(span, message)
        }
    }

    /// An error that has no place in the source.
    pub fn anywhere(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            label: None,
            span: None,
            hint: None,
        }
    }

    /// Adds the words beside the place.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self {
            label: Some(label.into()),
            ..self
        }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Adds the way out, where there is one.
    #[must_use]
    pub fn maybe_hint(self, hint: Option<String>) -> Self {
        Self {
            hint: hint.or(self.hint),
            ..self
        }
    }
}

/// Problems of one source.
#[derive(Clone)]
pub struct Diagnostics {
    source: Excerpts,
    list: Vec<Located>,
}

/// One problem with its source, as miette wants it.
#[derive(Clone)]
struct Located {
    diagnostic: Diagnostic,
    source: Excerpts,
}

impl Diagnostics {
    /// No problems yet.
    pub fn new(source: &Source) -> Self {
        Self {
            source: Excerpts::new(source),
            list: Vec::new(),
        }
    }

    /// Adds a problem, once; beyond [`limits::PROBLEMS`], only that there are more.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() >= limits::PROBLEMS {
            if self.list.len() == limits::PROBLEMS {
                self.list.push(Located {
                    diagnostic: Diagnostic::anywhere("there are more problems than these"),
                    source: self.source.clone(),
                });
            }
        } else if !self.iter().any(|known| *known == diagnostic) {
            self.list.push(Located {
                diagnostic,
                source: self.source.clone(),
            });
        }
    }

    /// Adds all problems of another source or stage.
    pub fn append(&mut self, other: Self) {
        for located in other.list {
            if !self.list.iter().any(|known| {
                known.diagnostic == located.diagnostic && known.source.name() == located.source.name()
            }) {
                self.list.push(located);
            }
        }
    }

    /// The place of `part` of a text that is written as the JSON string `literal`: escapes make the two differ. The
    /// whole literal, where there is no part.
    pub fn inside(&self, literal: Span, part: Option<Span>) -> Span {
        let written = self.source.text().get(literal.start..literal.end);
        match (part, written) {
            (Some(part), Some(written)) => {
                let place = |offset| literal.start + json::written_offset(written, offset);
                Span::new(place(part.start), place(part.end))
            }
            _ => literal,
        }
    }

    /// The problems, in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter().map(|located| &located.diagnostic)
    }

    /// Each problem alone, for readers that show one after the other.
    pub fn reports(&self) -> impl Iterator<Item = &(dyn miette::Diagnostic + Send + Sync + 'static)> {
        self.list.iter().map(|located| located as _)
    }

    /// Whether more problems would not be shown.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() > limits::PROBLEMS
    }

    /// Whether there is nothing to report.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether any problem stops the build.
    pub fn has_errors(&self) -> bool {
        self.iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// `value`, unless there is an error.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.list.as_slice() {
            [one] => write!(f, "{one}"),
            many => write!(f, "`{}`: {} problems", self.source.name(), many.len()),
        }
    }
}

impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl std::error::Error for Diagnostics {}

impl miette::Diagnostic for Diagnostics {
    fn severity(&self) -> Option<miette::Severity> {
        Some(if self.has_errors() {
            miette::Severity::Error
        } else {
            miette::Severity::Warning
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.single()?.help()
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.single()?.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.single()?.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        (self.list.len() > 1)
            .then(|| Box::new(self.list.iter().map(|located| located as &dyn miette::Diagnostic)) as _)
    }
}

impl Diagnostics {
    /// The only problem: shown itself, not as one of a list.
    fn single(&self) -> Option<&dyn miette::Diagnostic> {
        match self.list.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl fmt::Debug for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(f)
    }
}

impl std::error::Error for Located {}

impl miette::Diagnostic for Located {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.hint.as_ref().map(|hint| Box::new(hint) as _)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.diagnostic.span.map(|_| &self.source as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.source.underlined(self.diagnostic.span?);
        Some(Box::new(iter::once(LabeledSpan::new_primary_with_span(
            self.diagnostic.label.clone(),
            span,
        ))))
    }
}

/// "did you mean `x`?" for the known name that is close enough to what was written.
pub fn did_you_mean<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    // Jaro-Winkler above 0.8 takes typing errors and swapped letters, and leaves unrelated words alone.
    const CLOSE: f64 = 0.8;
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(written, name), name))
        .filter(|(closeness, _)| *closeness > CLOSE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| format!("did you mean `{name}`?"))
}
