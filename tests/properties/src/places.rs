//! Places of problems: inside the text, between characters, and such that a reader can show them.

use std::ops::Range;

use kilnbox_template::{Diagnostics, Source, Span, limits};

/// A place that a reader can cut out of the text.
#[track_caller]
pub(crate) fn inside(text: &str, place: Range<usize>) {
    assert!(
        text.get(place.clone()).is_some(),
        "no place of the text: {place:?}"
    );
}

/// The same for a span.
#[track_caller]
pub(crate) fn span(text: &str, span: Span) {
    inside(text, span.start..span.end);
}

/// Problems of a text: bounded in number, at places of it, and each can be shown.
#[track_caller]
pub(crate) fn problems(source: &Source, problems: &Diagnostics) {
    assert!(
        problems.iter().count() <= limits::PROBLEMS + 1,
        "too many problems"
    );
    for problem in problems.iter() {
        if let Some(place) = problem.span {
            span(&source.text, place);
        }
    }
    let reader = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
    for report in problems.reports().take(SHOWN) {
        let mut shown = String::new();
        reader
            .render_report(&mut shown, report)
            .expect("a problem can be shown");
        assert!(!shown.is_empty());
    }
}

/// To show one costs more than to find it.
const SHOWN: usize = 8;
