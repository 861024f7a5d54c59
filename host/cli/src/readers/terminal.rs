//! A person's terminal, or a log file of CI: Packer's lines.
//!
//! Output of the build goes to standard output, errors of the run to standard error. Colours rotate per build and go
//! to terminals only; so do the bars of transfers.

use std::io::Write;

use jiff::{Timestamp, tz::TimeZone};
use kilnbox_engine::{Body, Event, Level, Reader};

use super::{
    phrases::{Phrase, Phrases, Tone, level_name, target},
    progress::Transfers,
    stream::Stream,
};

/// Green, cyan, magenta, yellow, blue: `reference/packer.md` §1.
const COLORS: [u8; 5] = [32, 36, 35, 33, 34];
const RED: u8 = 31;

/// How lines look.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// Standard output takes colours.
    pub(crate) color_out: bool,
    /// Standard error takes colours.
    pub(crate) color_err: bool,
    /// `-timestamp-ui`: in this zone.
    pub(crate) timestamps: Option<TimeZone>,
    /// Log records of at least this level are shown.
    pub(crate) level: Option<Level>,
    /// Both are a terminal that a person looks at: bars are drawn.
    pub(crate) bars: bool,
}

/// Writes Packer's lines.
#[derive(Debug)]
pub(crate) struct Terminal<O, E> {
    out: Stream<O>,
    err: Stream<E>,
    look: Look,
    transfers: Option<Transfers>,
    builds: Vec<String>,
    phrases: Phrases,
}

impl<O: Write, E: Write> Terminal<O, E> {
    pub(crate) fn new(out: O, err: E, look: Look) -> Self {
        Self {
            out: Stream::new(out),
            err: Stream::new(err),
            transfers: look.bars.then(Transfers::new),
            look,
            builds: Vec::new(),
            phrases: Phrases::default(),
        }
    }

    /// The colour of a build's lines.
    fn color(&self, build: Option<&str>) -> Option<u8> {
        let position = self
            .builds
            .iter()
            .position(|known| Some(known.as_str()) == build)?;
        COLORS.get(position % COLORS.len()).copied()
    }

    fn announce(&mut self, builds: &[String]) {
        self.builds = builds.to_vec();
        if !self.look.color_out || builds.is_empty() {
            return;
        }
        for build in builds {
            let line = format!("{build}: output will be in this color.");
            self.out.line(&painted(&line, self.color(Some(build))));
        }
        self.out.line("");
    }

    fn write(&mut self, event: &Event, phrase: &Phrase) {
        let to_err = matches!(phrase.tone, Tone::Error | Tone::Warning);
        let colored = if to_err {
            self.look.color_err
        } else {
            self.look.color_out
        };
        let color = match phrase.tone {
            Tone::Error | Tone::Alarm => Some(RED),
            _ => self.color(event.build.as_deref()),
        };
        // The closing lists have none, as in Packer.
        let stamp = match (&self.look.timestamps, &event.build) {
            (Some(zone), Some(_)) => format!("{}: ", stamp(&event.time, zone)),
            _ => String::new(),
        };
        for line in phrase.text.split('\n') {
            let line = match line {
                "" => String::new(),
                line => painted(&format!("{stamp}{line}"), color.filter(|_| colored)),
            };
            if to_err {
                self.err.line(&line)
            } else {
                self.out.line(&line)
            }
        }
    }

    fn log(&mut self, event: &Event, level: Level, text: &str, fields: &[(String, String)]) {
        if self.look.level.is_none_or(|least| level < least) {
            return;
        }
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!(" {name}={value:?}"))
            .collect();
        let target = target(event)
            .map(|target| format!("{target}: "))
            .unwrap_or_default();
        self.err
            .line(&format!("    {target}[{}] {text}{fields}", level_name(level)));
    }

    fn show(&mut self, event: &Event) {
        match &event.body {
            Body::RunStarted { builds } => {
                self.phrases.of(event);
                self.announce(builds);
            }
            Body::Log { level, text, fields } => self.log(event, *level, text, fields),
            _ => {
                for phrase in self.phrases.of(event) {
                    self.write(event, &phrase);
                }
            }
        }
    }
}

impl<O: Write + Send, E: Write + Send> Reader for Terminal<O, E> {
    fn event(&mut self, event: &Event) {
        let Some(mut transfers) = self.transfers.take() else {
            return self.show(event);
        };
        match &event.body {
            Body::Progress {
                what,
                done,
                total,
                finished,
            } => {
                transfers.update(event, what, *done, *total, *finished);
            }
            // Nothing is shown for them.
            Body::StepStarted
            | Body::Act(_)
            | Body::StepFinished { .. }
            | Body::BuildStarted { .. }
            | Body::Connected { .. }
            | Body::Artifact { .. } => self.show(event),
            Body::RunFinished { .. } => {
                transfers.clear();
                self.show(event);
            }
            _ => transfers.above(|| self.show(event)),
        }
        self.transfers = Some(transfers);
    }
}

fn painted(line: &str, color: Option<u8>) -> String {
    match color {
        Some(color) => format!("\x1b[1;{color}m{line}\x1b[0m"),
        None => line.to_owned(),
    }
}

/// RFC 3339 in whole seconds, `Z` for UTC, as Go writes it.
fn stamp(time: &str, zone: &TimeZone) -> String {
    let Ok(at) = time.parse::<Timestamp>() else {
        return time.to_owned();
    };
    let text = at
        .to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string();
    match text.strip_suffix("+00:00") {
        Some(utc) => format!("{utc}Z"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::script;

    fn look() -> Look {
        Look {
            color_out: false,
            color_err: false,
            timestamps: None,
            level: None,
            bars: false,
        }
    }

    fn shown(look: Look, events: &[Event]) -> String {
        let mut terminal = Terminal::new(Vec::new(), Vec::new(), look);
        events.iter().for_each(|event| terminal.event(event));
        format!(
            "--- stdout\n{}--- stderr\n{}",
            terminal.out.text(),
            terminal.err.text()
        )
        .replace('\x1b', "␛")
    }

    #[test]
    fn lines_without_color() {
        insta::assert_snapshot!(shown(look(), &script::events()));
    }

    #[test]
    fn lines_with_color() {
        insta::assert_snapshot!(shown(
            Look {
                color_out: true,
                color_err: true,
                ..look()
            },
            &script::events()
        ));
    }

    #[test]
    fn timestamps_stand_before_every_line_of_a_build() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let two = [Some("a"), None].map(|build| {
            let text = "one\ntwo".into();
            script::event(build, None, Body::Say { text })
        });
        insta::assert_snapshot!(shown(Look { timestamps: Some(zone), ..look() }, &two), @r"
        --- stdout
        2026-11-23T22:00:00+02:00: ==> a: one
        2026-11-23T22:00:00+02:00: ==> a: two
        one
        two
        --- stderr
        ");
        assert_eq!(
            stamp("2026-11-23T20:00:00.123456Z", &TimeZone::UTC),
            "2026-11-23T20:00:00Z"
        );
    }

    #[test]
    fn log_records_are_shown_from_the_level_on() {
        let record = |level| {
            let fields = vec![("path".to_owned(), "a b".to_owned())];
            script::event(
                Some("a"),
                None,
                Body::Log {
                    level,
                    text: "looked".into(),
                    fields,
                },
            )
        };
        let events = [record(Level::Debug), record(Level::Warn)];
        let text = shown(
            Look {
                level: Some(Level::Info),
                ..look()
            },
            &events,
        );
        assert_eq!(
            text,
            "--- stdout\n--- stderr\n    a: [warn] looked path=\"a b\"\n"
        );
        assert!(!shown(look(), &events).contains("looked"));
    }

    #[test]
    fn cancelled_runs_list_what_finished_builds_had_made() {
        let mut events = script::events();
        events.pop();
        events.push(script::run_finished(true));
        let text = shown(look(), &events);
        assert!(
            text.contains("Cleanly cancelled builds after being interrupted.\n"),
            "{text}"
        );
        let (_, list) = text
            .split_once("==> The artifacts of builds that were finished by then are:\n")
            .expect("there is a list");
        assert!(list.starts_with("--> "), "{text}");
    }

    #[test]
    fn a_closed_pipe_ends_the_output_and_nothing_else() {
        struct Closed(u32);
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                self.0 += 1;
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut closed = Closed(0);
        let mut terminal = Terminal::new(&mut closed, Vec::new(), look());
        script::events().iter().for_each(|event| terminal.event(event));
        assert!(terminal.err.text().contains("errored after"));
        drop(terminal);
        assert_eq!(closed.0, 1, "writing must stop at the first error");
    }
}
