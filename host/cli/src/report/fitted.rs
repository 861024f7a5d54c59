//! A problem as a reader may have it: every text of it redacted and cleaned.
//!
//! Problems quote templates, names that strangers chose and words of components, and the place they are drawn at is a
//! piece of a file. There each character must keep its length in bytes, because labels point at bytes.

use std::{error::Error, fmt, sync::OnceLock};

use kilnbox_engine::{Secrets, text};
use miette::{
    Diagnostic, LabeledSpan, MietteError, MietteSpanContents, Severity, SourceCode, SourceSpan, SpanContents,
};

/// See the module.
pub(super) struct Fitted<'p> {
    problem: &'p dyn Diagnostic,
    words: String,
    cause: Option<Box<Cause>>,
    related: Vec<Fitted<'p>>,
    place: Option<Place<'p>>,
    secrets: &'p Secrets,
}

/// An error below the problem.
#[derive(Debug)]
struct Cause {
    words: String,
    cause: Option<Box<Cause>>,
}

/// The file that is shown.
struct Place<'p> {
    source: &'p dyn SourceCode,
    secrets: &'p Secrets,
    kept: OnceLock<Box<Kept>>,
}

impl<'p> Fitted<'p> {
    pub(super) fn new(problem: &'p dyn Diagnostic, secrets: &'p Secrets) -> Self {
        let mut below = Vec::new();
        let mut error = problem.source();
        while let Some(one) = error {
            below.push(text::fit(&one.to_string(), secrets).into_owned());
            error = one.source();
        }
        let cause = below
            .into_iter()
            .rev()
            .fold(None, |cause, words| Some(Box::new(Cause { words, cause })));
        let related = problem.related().into_iter().flatten();
        Self {
            problem,
            words: text::fit(&problem.to_string(), secrets).into_owned(),
            cause,
            related: related.map(|problem| Self::new(problem, secrets)).collect(),
            place: problem.source_code().map(|source| Place {
                source,
                secrets,
                kept: OnceLock::new(),
            }),
            secrets,
        }
    }
}

impl fmt::Debug for Fitted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl fmt::Display for Fitted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Error for Fitted<'_> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl Diagnostic for Fitted<'_> {
    fn severity(&self) -> Option<Severity> {
        self.problem.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.problem.help()?.to_string();
        Some(Box::new(text::fit(&help, self.secrets).into_owned()))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let fitted = |label: LabeledSpan| {
            let words = label
                .label()
                .map(|words| text::fit(words, self.secrets).into_owned());
            LabeledSpan::new_with_span(words, *label.inner())
        };
        Some(Box::new(self.problem.labels()?.map(fitted)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|place| place as _)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.related.iter().map(|problem| problem as _)))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl SourceCode for Place<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.source.read_span(span, before, after)?;
        let shown = text::fit_in_place(&String::from_utf8_lossy(read.data()), self.secrets);
        let shown = Kept::keep(&self.kept, shown).as_bytes();
        let (whole, line, column, lines) = (*read.span(), read.line(), read.column(), read.line_count());
        Ok(Box::new(match read.name() {
            Some(name) => {
                let name = text::fit(name, self.secrets).into_owned();
                MietteSpanContents::new_named(name, shown, whole, line, column, lines)
            }
            None => MietteSpanContents::new(shown, whole, line, column, lines),
        }))
    }
}

/// Excerpts that were read. miette borrows them from the file, which has no such text.
struct Kept {
    text: String,
    next: OnceLock<Box<Self>>,
}

impl Kept {
    fn keep(mut slot: &OnceLock<Box<Self>>, text: String) -> &str {
        while let Some(taken) = slot.get() {
            slot = &taken.next;
        }
        let next = OnceLock::new();
        &slot.get_or_init(|| Box::new(Self { text, next })).text
    }
}
