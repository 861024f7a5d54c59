//! The texts and prefixes that Packer's users and their scripts know (`reference/packer.md` §1), for the readers.
//!
//! An event becomes [`Phrase`]s: lines with a tone, without colour. Post-processors speak as `name (type)`; a step
//! that is not Kilnbox's own bears its name, `name [plugin]`, so that it cannot pass for anybody else.

use kilnbox_engine::{Body, Event, Speaker};

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

/// What builds made, kept until the closing list.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    artifacts: Vec<(String, String)>,
}

impl Closing {
    /// The phrases of an event, in order. Progress and log records have none.
    pub(crate) fn phrases(&mut self, event: &Event) -> Vec<Phrase> {
        let prefixed = |tone, text: &str| {
            vec![Phrase {
                tone,
                text: prefixed(event, tone, text),
            }]
        };
        let plain = |tone, text: String| vec![Phrase { tone, text }];
        let build = event.build.as_deref().unwrap_or_default();
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
            Body::BuildFinished { took, error: None } => plain(
                Tone::Say,
                format!("Build '{build}' finished after {}.", in_words(*took)),
            ),
            Body::BuildFinished {
                took,
                error: Some(error),
            } => plain(
                Tone::Error,
                format!("Build '{build}' errored after {}: {error}", in_words(*took)),
            ),
            Body::Artifact { text, .. } => {
                self.artifacts.push((build.to_owned(), text.clone()));
                Vec::new()
            }
            Body::RunFinished {
                took,
                cancelled,
                errors,
            } => self.end(&in_words(*took), *cancelled, errors),
            Body::RunStarted { .. }
            | Body::BuildStarted { .. }
            | Body::Log { .. }
            | Body::Progress { .. }
            | Body::StepStarted
            | Body::StepFinished { .. } => Vec::new(),
        }
    }

    fn end(&self, took: &str, cancelled: bool, errors: &[(String, String)]) -> Vec<Phrase> {
        let say = |text: String| Phrase {
            tone: Tone::Say,
            text,
        };
        let error = |text: String| Phrase {
            tone: Tone::Error,
            text,
        };
        let mut end = vec![say(format!("\n==> Wait completed after {took}"))];
        if cancelled {
            end.push(say("Cleanly cancelled builds after being interrupted.".to_owned()));
            return end;
        }
        if !errors.is_empty() {
            end.push(error(
                "\n==> Some builds didn't complete successfully and had errors:".to_owned(),
            ));
            end.extend(
                errors
                    .iter()
                    .map(|(build, why)| error(format!("--> {build}: {why}"))),
            );
        }
        if self.artifacts.is_empty() {
            end.push(say(
                "\n==> Builds finished but no artifacts were created.".to_owned()
            ));
        } else {
            end.push(say(
                "\n==> Builds finished. The artifacts of successful builds are:".to_owned(),
            ));
            end.extend(
                self.artifacts
                    .iter()
                    .map(|(build, text)| say(format!("--> {build}: {text}"))),
            );
        }
        end
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
