//! What is said at the end of a run: how long each build took, what it made, and, last, what went wrong and where.
//!
//! Builds stand in the order they were started in, whichever ended first.

use std::{collections::VecDeque, time::Duration};

use kilnbox_engine::{Body, Event, StepId};

use super::phrases::{Phrase, Tone};
use crate::durations::in_words;

/// Lines of output shown below an error.
const LAST_LINES: usize = 10;
/// Characters of one of them.
const WIDEST: usize = 400;

/// The builds of a run, kept until its end.
#[derive(Debug, Default)]
pub(super) struct Closing {
    builds: Vec<Build>,
}

#[derive(Debug, Default)]
struct Build {
    name: String,
    host: Option<String>,
    /// The last lines of the step that runs.
    output: VecDeque<String>,
    /// The step that went wrong.
    trouble: Option<Trouble>,
    /// A builder's step has failed: what its clean-up does is not what went wrong.
    cleaning_up: bool,
    /// How long it took, and whether it succeeded.
    ended: Option<(Duration, bool)>,
    artifacts: Vec<String>,
}

#[derive(Debug)]
struct Trouble {
    step: StepId,
    error: String,
    output: VecDeque<String>,
}

impl Closing {
    /// Takes note of an event; the last one is answered with what is to be said.
    pub(super) fn note(&mut self, event: &Event) -> Vec<Phrase> {
        match &event.body {
            Body::RunStarted { builds } => {
                for name in builds {
                    self.build(name);
                }
            }
            // What is known as the last lines are not the last.
            Body::Skipped { .. } => self.builds.iter_mut().for_each(|build| build.output.clear()),
            Body::RunFinished {
                took,
                cancelled,
                errors,
            } => return self.end(*took, *cancelled, errors),
            body => {
                if let Some(build) = event.build.as_deref().and_then(|name| self.build(name)) {
                    build.note(event.step.as_ref(), body);
                }
            }
        }
        Vec::new()
    }

    /// The build of this name; those that were not announced come last.
    fn build(&mut self, name: &str) -> Option<&mut Build> {
        if !self.builds.iter().any(|build| build.name == name) {
            self.builds.push(Build {
                name: name.to_owned(),
                ..Build::default()
            });
        }
        self.builds.iter_mut().find(|build| build.name == name)
    }

    fn end(&self, took: Duration, cancelled: bool, errors: &[(String, String)]) -> Vec<Phrase> {
        let mut end = vec![say(format!("\n==> Wait completed after {}", in_words(took)))];
        if cancelled {
            end.push(say("Cleanly cancelled builds after being interrupted.".to_owned()));
            // What a build that was through had made stays, so whose it is must be known.
            let made = self.made();
            if !made.is_empty() {
                end.push(say(
                    "\n==> The artifacts of builds that were finished by then are:".to_owned(),
                ));
                end.extend(made);
            }
            return end;
        }
        if self.builds.len() > 1 {
            end.push(say("\n==> The builds:".to_owned()));
            end.extend(self.builds.iter().map(|build| say(build.summary())));
        }
        let made = self.made();
        end.push(say(match made.is_empty() {
            true => "\n==> Builds finished but no artifacts were created.".to_owned(),
            false => "\n==> Builds finished. The artifacts of successful builds are:".to_owned(),
        }));
        end.extend(made);
        if !errors.is_empty() {
            end.push(error(
                "\n==> Some builds didn't complete successfully and had errors:".to_owned(),
            ));
        }
        for (name, why) in errors {
            end.push(error(format!("--> {name}: {why}")));
            let build = self.builds.iter().find(|build| build.name == *name);
            end.extend(build.into_iter().flat_map(Build::whereabouts).map(error));
        }
        end
    }

    /// A line for each artifact.
    fn made(&self) -> Vec<Phrase> {
        let made = self.builds.iter().flat_map(|build| {
            let name = &build.name;
            build
                .artifacts
                .iter()
                .map(move |text| say(format!("--> {name}: {text}")))
        });
        made.collect()
    }
}

impl Build {
    fn note(&mut self, step: Option<&StepId>, body: &Body) {
        match (body, step) {
            (Body::Connected { host }, _) => self.host = Some(host.clone()),
            (Body::StepStarted, step) => {
                self.output.clear();
                // The person has chosen to try it again.
                self.cleaning_up &= step.is_some_and(|step| step.kind != "builder");
            }
            (Body::Output { text, .. }, _) => {
                if self.output.len() == LAST_LINES {
                    self.output.pop_front();
                }
                self.output.push_back(shortened(text));
            }
            (
                Body::StepFinished {
                    error: Some(error), ..
                },
                Some(step),
            ) if !self.cleaning_up => {
                self.cleaning_up = step.kind == "builder";
                // A builder's step around the provisioners fails with the provisioner's error, and says less.
                let around = step.kind == "builder"
                    && self
                        .trouble
                        .as_ref()
                        .is_some_and(|inner| error.contains(&inner.error));
                if !around {
                    self.trouble = Some(Trouble {
                        step: step.clone(),
                        error: error.clone(),
                        output: std::mem::take(&mut self.output),
                    });
                }
            }
            (Body::StepFinished { error: None, .. }, Some(step)) => {
                // Another try succeeded.
                let same =
                    |trouble: &Trouble| (trouble.step.kind, trouble.step.index) == (step.kind, step.index);
                if self.trouble.as_ref().is_some_and(same) {
                    self.trouble = None;
                }
            }
            (Body::BuildFinished { took, error, .. }, _) => self.ended = Some((*took, error.is_none())),
            (Body::Artifact { text, .. }, _) => self.artifacts.push(text.clone()),
            _ => {}
        }
    }

    fn summary(&self) -> String {
        let artifacts = match self.artifacts.len() {
            0 => "no artifact".to_owned(),
            1 => "1 artifact".to_owned(),
            many => format!("{many} artifacts"),
        };
        match self.ended {
            Some((took, true)) => format!(
                "    {}: finished after {}, {artifacts}",
                self.name,
                in_words(took)
            ),
            Some((took, false)) => format!("    {}: errored after {}", self.name, in_words(took)),
            None => format!("    {}: not started", self.name),
        }
    }

    /// The step, the machine, and the last lines of what went wrong.
    fn whereabouts(&self) -> Vec<String> {
        let Some(trouble) = &self.trouble else {
            return Vec::new();
        };
        let mut lines = vec![format!("    step: {}", step_in_words(&trouble.step))];
        lines.extend(self.host.iter().map(|host| format!("    host: {host}")));
        if !trouble.output.is_empty() {
            lines.push("    the last lines of its output:".to_owned());
            lines.extend(trouble.output.iter().map(|line| format!("      | {line}")));
        }
        lines
    }
}

/// Such as `provisioner 2, shell, try 3`.
pub(super) fn step_in_words(step: &StepId) -> String {
    let mut words = match step.kind {
        "builder" => step.name.clone(),
        kind => format!("{kind} {}, {}", step.index + 1, step.name),
    };
    if step.attempt > 1 {
        words.push_str(&format!(", try {}", step.attempt));
    }
    words
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(WIDEST) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    }
}

fn say(text: String) -> Phrase {
    Phrase {
        tone: Tone::Say,
        text,
    }
}

fn error(text: String) -> Phrase {
    Phrase {
        tone: Tone::Error,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::script::{event, output, step};

    fn failed(error: &str) -> Body {
        Body::StepFinished {
            took: Duration::ZERO,
            error: Some(error.to_owned()),
        }
    }

    fn whereabouts(events: &[Event]) -> String {
        let mut closing = Closing::default();
        events.iter().for_each(|event| drop(closing.note(event)));
        closing.build("b").unwrap().whereabouts().join("\n")
    }

    #[test]
    fn the_step_the_host_and_the_last_lines() {
        let b = Some("b");
        let mut events = vec![
            event(
                b,
                None,
                Body::Connected {
                    host: "192.0.2.7".into(),
                },
            ),
            event(b, step("shell", "provisioner", false), Body::StepStarted),
        ];
        events.extend((1..=12).map(|line| {
            event(
                b,
                step("shell", "provisioner", false),
                output("stdout", &format!("line {line} {}", "x".repeat(line * 100))),
            )
        }));
        events.push(event(
            b,
            step("shell", "provisioner", false),
            failed("exit status 3"),
        ));
        events.push(event(
            b,
            step("StepProvision", "builder", false),
            failed("exit status 3"),
        ));
        let text = whereabouts(&events);
        assert!(
            text.starts_with(
                "    step: provisioner 1, shell\n    host: 192.0.2.7\n    the last lines of its output:\n      | line 3 xx"
            ),
            "{text}"
        );
        assert_eq!(text.lines().count(), 3 + LAST_LINES);
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDEST + 9),
            "{text}"
        );
    }

    #[test]
    fn an_error_cleanup_that_fails_too_is_not_where_it_went_wrong() {
        let b = Some("b");
        let cleanup = || {
            let mut step = step("shell", "provisioner", false);
            step.as_mut().unwrap().index = 4;
            step
        };
        let events = [
            event(b, step("shell", "provisioner", false), failed("first")),
            event(b, step("StepProvision", "builder", false), failed("first")),
            event(b, cleanup(), Body::StepStarted),
            event(b, cleanup(), failed("second")),
        ];
        assert_eq!(whereabouts(&events), "    step: provisioner 1, shell");
    }

    #[test]
    fn a_retry_that_succeeded_is_no_trouble() {
        let b = Some("b");
        let done = Body::StepFinished {
            took: Duration::ZERO,
            error: None,
        };
        let events = [
            event(b, step("shell", "provisioner", false), failed("first try")),
            event(b, step("shell", "provisioner", false), done),
            event(b, step("StepCapture", "builder", false), failed("no space")),
        ];
        assert_eq!(whereabouts(&events), "    step: StepCapture");
    }
}
