//! The part of a source that a message shows: whole lines, but no more of a line than a person can look at.
//!
//! A template that a program wrote is often one line of megabytes. Drawn whole it would bury the message, and miette
//! cannot draw a label beyond column 65,535 at all. What is around a place is looked for within bounds, so that five
//! hundred messages about such a line are soon drawn.

use std::{ops::Range, sync::Arc};

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::{Source, Span};

/// Longest line that is shown whole, in bytes, and longest place that is underlined whole.
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
        match self.lines(place.start..place.end, CONTEXT, CONTEXT) {
            Some(_) => place,
            None => Span::new(place.start, self.part(place.start..place.end, 0).end),
        }
    }

    /// The lines of a place and those around it; none where one of them is too long.
    fn lines(&self, place: Range<usize>, before: usize, after: usize) -> Option<Range<usize>> {
        if place.len() > WHOLE {
            return None;
        }
        let mut start = self.start_of_line(place.start)?;
        for _ in 0..before {
            start = self.start_of_line(start.saturating_sub(1))?;
        }
        let mut end = self.end_of_line(place.end.saturating_sub(1).max(place.start))?;
        for _ in 0..after {
            end = self.end_of_line(end)?;
        }
        Some(start..end)
    }

    /// Some bytes of the first line of a place, and `around` it.
    fn part(&self, place: Range<usize>, around: usize) -> Range<usize> {
        let at = place.start;
        let begin = self.text.floor_char_boundary(at.saturating_sub(around));
        let before = self.text.get(begin..at).unwrap_or_default();
        let begin = before.rfind('\n').map_or(begin, |newline| begin + newline + 1);
        let end = at + place.len().min(UNDERLINED) + around;
        let end = self.text.floor_char_boundary(end.min(self.text.len())).max(at);
        let after = self.text.get(at..end).unwrap_or_default();
        let end = after.find('\n').map_or(end, |newline| at + newline);
        begin..end
    }

    /// Where the line of a place begins, if that is near.
    fn start_of_line(&self, at: usize) -> Option<usize> {
        let from = self.text.floor_char_boundary(at.saturating_sub(WHOLE));
        match self.text.get(from..at)?.rfind('\n') {
            Some(newline) => Some(from + newline + 1),
            None => (from == 0).then_some(0),
        }
    }

    /// Where the line after that of a place begins, or the text ends, if that is near.
    fn end_of_line(&self, at: usize) -> Option<usize> {
        let to = self.text.floor_char_boundary((at + WHOLE).min(self.text.len()));
        let from = self.text.floor_char_boundary(at);
        match self.text.get(from..to)?.find('\n') {
            Some(newline) => Some(from + newline + 1),
            None => (to == self.text.len()).then_some(to),
        }
    }
}

impl SourceCode for Excerpts {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let place = span.offset()..span.offset() + span.len();
        if place.end > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let shown = match before + after {
            // Only asked for its line and column.
            0 => self.part(place.clone(), 0),
            _ => self
                .lines(place.clone(), before, after)
                .unwrap_or_else(|| self.part(place, AROUND)),
        };
        let above = self.text.get(..shown.start).ok_or(MietteError::OutOfBounds)?;
        let start_of_line = above.rfind('\n').map_or(0, |newline| newline + 1);
        let data = self.text.get(shown.clone()).ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            data.as_bytes(),
            SourceSpan::from((shown.start, shown.len())),
            above.matches('\n').count(),
            shown.start - start_of_line,
            data.matches('\n').count(),
        )))
    }
}
