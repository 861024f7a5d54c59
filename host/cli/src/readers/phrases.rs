//! The texts and prefixes that Packer's users and their scripts know (`reference/packer.md` §1), for the readers.
//!
//! An event becomes [`Phrase`]s: lines with a tone, without colour. Post-processors speak as `name (type)`; a step
//! that is not Kilnbox's own bears its name, `name [plugin]`, so that it cannot pass for anybody else.

use kilnbox_engine::{Body, Event, Level, Speaker};

use super::closing::Closing;
use crate::durations::in_words;

/// How a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A headline.
    Say,
    /// A detail.
    Message,
    /// What a command wrote to its standard error: shown as an error, and still the build's output.
    Alarm,
    /// Something is wrong.
    Warning,
    /// Something went wrong.
    Error,
}

/// Text of one event, ready to be coloured or escaped. May hold several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// How it is meant.
    pub(crate) tone: Tone,
    /// With prefixes.
    pub(crate) text: String,
}

/// Turns events into phrases; keeps what the end of a run needs.
#[derive(Debug, Default)]
pub(crate) struct Phrases {
    closing: Closing,
}

impl Phrases {
    /// The phrases of an event, in order. Progress and log records have none.
    pub(crate) fn of(&mut self, event: &Event) -> Vec<Phrase> {
        let prefixed = |tone, text: &str| {
            vec![Phrase {
                tone,
                text: prefixed(event, tone, text),
            }]
        };
        let plain = |tone, text: String| vec![Phrase { tone, text }];
        let build = event.build.as_deref().unwrap_or_default();
        let end = self.closing.note(event);
        match &event.body {
            Body::Say { text } => prefixed(Tone::Say, text),
            Body::Message { text } => prefixed(Tone::Message, text),
            Body::Output {
                stream: "stderr",
                text,
            } => prefixed(Tone::Alarm, text),
            Body::Output { text, .. } => prefixed(Tone::Message, text),
            Body::Warning { text } => prefixed(Tone::Warning, &format!("Warning: {text}")),
            Body::Error { text } => prefixed(Tone::Error, text),
            Body::BuildFinished {
                took, error: None, ..
            } => plain(
                Tone::Say,
                format!("Build '{build}' finished after {}.", in_words(*took)),
            ),
            // The way out stands at the end of the run, once.
            Body::BuildFinished {
                took,
                error: Some(error),
                ..
            } => plain(
                Tone::Error,
                format!("Build '{build}' errored after {}: {error}", in_words(*took)),
            ),
            Body::Skipped { events } => plain(
                Tone::Warning,
                format!("Warning: {events} line(s) are missing here, because nobody read them in time"),
            ),
            Body::RunFinished { .. } => end,
            Body::RunStarted { .. }
            | Body::BuildStarted { .. }
            | Body::Connected { .. }
            | Body::Artifact { .. }
            | Body::Log { .. }
            | Body::Progress { .. }
            | Body::Act(_)
            | Body::StepStarted
            | Body::StepFinished { .. } => Vec::new(),
        }
    }
}

/// A level as users write it.
pub(crate) fn level_name(level: Level) -> &'static str {
    match level {
        Level::Trace => "trace",
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

/// Who an event's lines are from.
pub(crate) fn target(event: &Event) -> Option<String> {
    let build = event.build.as_deref()?;
    Some(match &event.step {
        Some(step) if step.third_party && event.speaker != Speaker::Host => {
            format!("{build} [{}]", step.name)
        }
        Some(step) if step.kind == "post-processor" => format!("{build} ({})", step.name),
        _ => build.to_owned(),
    })
}

/// Every line with the arrow and the name; trailing white space of the whole is dropped. What belongs to no build is
/// said as it is.
fn prefixed(event: &Event, tone: Tone, text: &str) -> String {
    let Some(target) = target(event) else {
        return text.trim_end().to_owned();
    };
    let arrow = if tone == Tone::Message { "   " } else { "==>" };
    let lines: Vec<String> = text
        .trim_end()
        .split('\n')
        .map(|line| format!("{arrow} {target}: {line}"))
        .collect();
    lines.join("\n")
}
