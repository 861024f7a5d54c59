//! `-machine-readable`: Packer's comma-separated lines, `timestamp,target,category,arguments…`
//! (`reference/packer.md` §1).

use std::io::Write;

use jiff::Timestamp;
use kilnbox_engine::{Body, Event, Reader};

use super::{
    phrases::{Phrases, Tone},
    stream::Stream,
};

/// Writes Packer's machine-readable lines.
#[derive(Debug)]
pub(crate) struct Machine<W> {
    out: Stream<W>,
    phrases: Phrases,
    artifacts: Vec<Made>,
}

/// An artifact, kept until the closing list.
#[derive(Debug)]
struct Made {
    build: String,
    index: usize,
    builder_id: String,
    id: String,
    text: String,
    files: Vec<String>,
}

impl<W: Write> Machine<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out: Stream::new(out),
            phrases: Phrases::default(),
            artifacts: Vec::new(),
        }
    }

    fn errors(&mut self, at: i64, errors: &[(String, String)]) {
        if errors.is_empty() {
            return;
        }
        self.out.line(&record(
            at,
            "",
            "error-count",
            [errors.len().to_string().as_str()],
        ));
        for (build, why) in errors {
            self.out.line(&record(at, build, "error", [why.as_str()]));
        }
    }

    fn artifacts(&mut self, at: i64) {
        let artifacts = std::mem::take(&mut self.artifacts);
        for group in artifacts.chunk_by(|a, b| a.build == b.build) {
            let Some(first) = group.first() else { continue };
            let build = first.build.as_str();
            self.out.line(&record(
                at,
                build,
                "artifact-count",
                [group.len().to_string().as_str()],
            ));
            for made in group {
                let index = made.index.to_string();
                let mut line = |arguments: &[&str]| {
                    let arguments = std::iter::once(index.as_str()).chain(arguments.iter().copied());
                    self.out.line(&record(at, build, "artifact", arguments));
                };
                line(&["builder-id", &made.builder_id]);
                line(&["id", &made.id]);
                line(&["string", &made.text]);
                line(&["files-count", &made.files.len().to_string()]);
                for (position, file) in made.files.iter().enumerate() {
                    line(&["file", &position.to_string(), file]);
                }
                line(&["end"]);
            }
        }
    }
}

impl<W: Write + Send> Reader for Machine<W> {
    fn event(&mut self, event: &Event) {
        let at = event.time.parse::<Timestamp>().map_or(0, Timestamp::as_second);
        if let Body::Artifact {
            index,
            builder_id,
            id,
            text,
            files,
        } = &event.body
        {
            self.artifacts.push(Made {
                build: event.build.clone().unwrap_or_default(),
                index: *index,
                builder_id: builder_id.clone(),
                id: id.clone(),
                text: text.clone(),
                files: files.clone(),
            });
        }
        for phrase in self.phrases.of(event) {
            let kind = match phrase.tone {
                Tone::Say => "say",
                Tone::Message => "message",
                Tone::Alarm | Tone::Warning | Tone::Error => "error",
            };
            self.out.line(&record(at, "", "ui", [kind, phrase.text.as_str()]));
        }
        if let Body::RunFinished {
            cancelled: false,
            errors,
            ..
        } = &event.body
        {
            self.errors(at, errors);
            self.artifacts(at);
        }
    }
}

/// One line, escaped, without its end. `at` is Unix time in seconds.
pub(crate) fn record<'a>(
    at: i64,
    target: &str,
    category: &str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> String {
    let mut line = format!("{at},{target},{category}");
    for argument in arguments {
        line.push(',');
        let escaped = argument
            .replace(',', "%!(PACKER_COMMA)")
            .replace('\r', "\\r")
            .replace('\n', "\\n");
        line.push_str(&escaped);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::script;

    #[test]
    fn commas_and_line_ends_are_escaped() {
        assert_eq!(
            record(7, "a", "ui", ["say", "one, two\r\nthree"]),
            "7,a,ui,say,one%!(PACKER_COMMA) two\\r\\nthree"
        );
    }

    #[test]
    fn the_lines_of_a_run() {
        let mut machine = Machine::new(Vec::new());
        script::events().iter().for_each(|event| machine.event(event));
        insta::assert_snapshot!(machine.out.text());
    }
}
