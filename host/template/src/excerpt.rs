//! The part of a source that a message shows: whole lines, but no more of a line than a person can look at.
//!
//! A template that a program wrote is often one line of megabytes. Drawn whole it would bury the message, and miette
//! cannot draw a label beyond column 65,535 at all.

use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::{Source, Span};

/// Longest line that is shown whole, in bytes.
const WHOLE: usize = 500;
/// Of a longer one, what is shown before and after the place, and what is underlined at most.
const AROUND: usize = 80;
const UNDERLINED: usize = 60;
/// Lines around the place, as miette's handlers ask for them.
const CONTEXT: usize = 1;

/// A named text that is shown in excerpts.
#[derive(Clone, Debug)]
pub struct Excerpts {
    name: String,
    text: Arc<str>,
}

impl Excerpts {
    /// Excerpts of a source.
    pub fn new(source: &Source) -> Self {
        Self {
            name: source.name.clone(),
            text: Arc::clone(&source.text),
        }
    }

    /// The source's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All of the source.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is underlined of a place: all, where its lines are shown whole.
    pub fn underlined(&self, place: Span) -> Span {
        let length = place.end.saturating_sub(place.start);
        let drawn = SourceSpan::from((place.start, length));
        let Ok(lines) = self.text.read_span(&drawn, CONTEXT, CONTEXT) else {
            return place;
        };
        if lines_are_short(lines.data()) {
            return place;
        }
        let end = place.start + length.min(UNDERLINED);
        let end = self
            .text
            .floor_char_boundary(end.min(self.end_of_line(place.start)));
        Span::new(place.start, end.max(place.start))
    }

    fn start_of_line(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }

    fn end_of_line(&self, at: usize) -> usize {
        let after = self.text.get(at..).unwrap_or_default();
        after.find('\n').map_or(self.text.len(), |newline| at + newline)
    }
}

fn lines_are_short(data: &[u8]) -> bool {
    data.split(|byte| *byte == b'\n').all(|line| line.len() <= WHOLE)
}

impl SourceCode for Excerpts {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let lines = self.text.read_span(span, lines_before, lines_after)?;
        let named = |data, span, line, column| {
            let contents = MietteSpanContents::new_named(
                self.name.clone(),
                data,
                span,
                line,
                column,
                lines.line_count(),
            );
            Ok(Box::new(contents) as Box<dyn SpanContents<'a> + 'a>)
        };
        if lines_are_short(lines.data()) {
            return named(lines.data(), *lines.span(), lines.line(), lines.column());
        }
        let (at, first) = (span.offset(), lines.span().offset());
        let begin = at.saturating_sub(AROUND).max(self.start_of_line(at)).max(first);
        let begin = self.text.floor_char_boundary(begin);
        let end = (at + span.len().min(UNDERLINED) + AROUND).min(self.end_of_line(at));
        let end = self.text.floor_char_boundary(end).max(begin);
        let skipped = self.text.get(first..begin).unwrap_or_default();
        let column = match skipped.rsplit_once('\n') {
            Some((_, before)) => before.chars().count(),
            None => lines.column() + skipped.chars().count(),
        };
        let data = self.text.as_bytes().get(begin..end).unwrap_or_default();
        named(
            data,
            SourceSpan::from((begin, end - begin)),
            lines.line() + skipped.matches('\n').count(),
            column,
        )
    }
}
