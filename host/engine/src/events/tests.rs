//! Tests of the stream: order, numbers, redaction, readers that fail.

use std::{
    panic::resume_unwind,
    sync::mpsc::{Sender, channel},
};

use super::*;
use crate::Deed;

struct Forward(Sender<Event>);

impl Reader for Forward {
    fn event(&mut self, event: &Event) {
        self.0.send(event.clone()).unwrap();
    }
}

struct Faulty;

impl Reader for Faulty {
    fn event(&mut self, event: &Event) {
        if event.seq >= 2 {
            // Without the hook, which may take longer to print a backtrace than a reader is waited for.
            resume_unwind(Box::new(format!("cannot read {}", event.seq)));
        }
    }
}

#[test]
fn numbers_have_no_gaps_under_many_threads() {
    let (sender, receiver) = channel();
    let (events, end) = Events::new("run", Secrets::default(), vec![Box::new(Forward(sender))]);
    const EACH: usize = 2000; // 8 threads fill the queue several times.
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let events = events.build(&format!("b{thread}"));
            scope.spawn(move || (0..EACH).for_each(|index| events.say(index.to_string())));
        }
    });
    end.finish().unwrap();
    let got: Vec<Event> = receiver.iter().collect();
    let numbers: Vec<u64> = got.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=8 * EACH as u64).collect::<Vec<_>>());
    for thread in 0..8 {
        let name = format!("b{thread}");
        let said: Vec<_> = got
            .iter()
            .filter(|event| event.build.as_deref() == Some(&name))
            .collect();
        assert!(
            said.iter().enumerate().all(
                |(index, event)| matches!(&event.body, Body::Say { text } if *text == index.to_string())
            )
        );
    }
    assert!(
        got.is_sorted_by_key(|event| event.time.clone()),
        "times follow the numbers"
    );
}

#[tokio::test]
async fn settled_is_when_every_reader_is_through() {
    let (sender, receiver) = channel();
    let readers: Vec<Box<dyn Reader>> = vec![Box::new(Forward(sender)), Box::new(Faulty)];
    let (events, end) = Events::new("run", Secrets::default(), readers);
    for said in 1..=20 {
        events.say("x");
        events.settled().await;
        assert_eq!(receiver.try_iter().last().map(|event| event.seq), Some(said));
    }
    assert!(end.finish().is_err(), "one of them panicked");
}

#[test]
fn time_is_rfc_3339_with_microseconds() {
    let (events, collected) = Events::collecting();
    events.say("x");
    let time = collected.events().remove(0).time;
    assert_eq!(time.len(), "2026-01-01T00:00:00.000000Z".len(), "{time}");
    assert!(
        time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(),
        "{time}"
    );
}

#[test]
fn a_reader_that_panics_is_reported_and_the_others_go_on() {
    let (sender, receiver) = channel();
    let (events, end) = Events::new(
        "run",
        Secrets::default(),
        vec![Box::new(Faulty), Box::new(Forward(sender))],
    );
    for _ in 0..5 {
        events.say("x");
    }
    let error = end.finish().unwrap_err().to_string();
    assert_eq!(
        error,
        "a reader of events stopped early: internal error, please report it: cannot read 2"
    );
    assert_eq!(receiver.iter().count(), 5);
    events.say("after the end: not heard, and no harm");
}

/// A reader behind a gate: reads when it is let.
struct Gated(std::sync::mpsc::Receiver<()>, Sender<Event>);

impl Reader for Gated {
    fn event(&mut self, event: &Event) {
        let _ = self.0.recv();
        self.1.send(event.clone()).unwrap();
    }
}

#[test]
fn a_reader_that_does_not_read_holds_up_nobody_for_long() {
    let (open, gate) = channel();
    let (slow, slow_got) = channel();
    let (quick, quick_got) = channel();
    let readers: Vec<Box<dyn Reader>> = vec![Box::new(Gated(gate, slow)), Box::new(Forward(quick))];
    let (events, end) = Events::new("run", Secrets::default(), readers);
    let begun = std::time::Instant::now();
    // One is in the reader's hand, a queue of them waits, then three are lost and one is kept.
    let fit = limits::EVENT_QUEUE as u64 + 1;
    (0..fit + 2).for_each(|index| events.say(index.to_string()));
    events.error("matters");
    events.say("lost too");
    assert!(begun.elapsed() < limits::READER_WAIT * 10);
    drop(open);
    end.finish().unwrap();
    assert_eq!(
        quick_got.iter().count() as u64,
        fit + 4,
        "the other reader gets all"
    );
    let got: Vec<Event> = slow_got.iter().collect();
    let mut rest = got.iter().skip(fit as usize);
    let skipped = rest.next().unwrap();
    assert!(matches!(skipped.body, Body::Skipped { events: 3 }), "{skipped:?}");
    assert_eq!(skipped.seq, fit + 1);
    assert!(matches!(&rest.next().unwrap().body, Body::Error { text } if text == "matters"));
    assert!(rest.next().is_none());
}

#[test]
fn the_end_does_not_wait_for_a_reader_that_never_reads() {
    let (_open, gate) = channel();
    let (sender, _receiver) = channel();
    let (events, end) = Events::new("run", Secrets::default(), vec![Box::new(Gated(gate, sender))]);
    events.say("x");
    assert!(matches!(end.finish(), Err(EventsError::Unheard)));
}

#[test]
fn every_text_is_redacted_and_cleaned() {
    let (events, collected) = Events::collecting();
    assert!(events.run.secrets.add("hunter\t22"));
    let bad = || "hunter\t22 \x1b[2J".to_owned();
    let fit = "<sensitive> \\x1b[2J";
    events.speaker(Speaker::Guest).say(bad());
    events.error(bad());
    events.log(Level::Info, bad(), vec![(bad(), bad())]);
    events.progress(&bad(), 0, None, false);
    events.step_finished(Duration::ZERO, Some(bad()));
    events.emit(Body::Artifact {
        index: 0,
        builder_id: bad(),
        id: bad(),
        text: bad(),
        files: vec![bad()],
    });
    events.emit(Body::RunFinished {
        took: Duration::ZERO,
        cancelled: false,
        errors: vec![(bad(), bad())],
    });
    let heard = serde_json::to_string(&collected.events()).unwrap();
    assert!(!heard.contains("hunter") && !heard.contains("\\u001b"), "{heard}");
    assert_eq!(heard.matches("<sensitive> \\\\x1b[2J").count(), 13, "{heard}");
    assert_eq!(collected.texts(), [fit, fit, fit]);
}

#[test]
fn every_text_of_an_act_is_redacted_and_cleaned() {
    use crate::event::{Command, Component, Content, End, Entry, Input, Program, Transfer, Tree};

    let (events, collected) = Events::collecting();
    assert!(events.run.secrets.add("hunter\t22"));
    let bad = || "hunter\t22 \x1b[2J".to_owned();
    let end = || End {
        exit: None,
        signal: Some(bad()),
    };
    let entry = Entry {
        path: bad(),
        content: Content::default(),
    };
    let moved = Transfer {
        from: Some(bad()),
        to: bad(),
        tree: Some(Tree {
            entries: vec![entry],
            ..Tree::default()
        }),
        ..Transfer::default()
    };
    let deeds = [
        Deed::Component(Component {
            sha256: String::new(),
            version: bad(),
            source: "kilnbox",
            capabilities: Vec::new(),
            grants: Vec::new(),
        }),
        Deed::Source {
            name: bad(),
            layers: Vec::new(),
        },
        Deed::Command(Command {
            line: bad(),
            run_as: Some(bad()),
            env: vec![bad()],
            stdin: Some(Input {
                from: Some(bad()),
                content: Content::default(),
            }),
            end: end(),
            ..Command::default()
        }),
        Deed::Program(Program {
            program: bad(),
            arguments: vec![bad()],
            env: vec![bad()],
            end: end(),
        }),
        Deed::Read {
            path: bad(),
            content: None,
        },
        Deed::Upload(moved.clone()),
        Deed::Download(moved.clone()),
        Deed::Output(moved),
        Deed::Remove { path: bad() },
        Deed::Connection {
            host: bad(),
            port: 22,
            user: bad(),
        },
        Deed::Refuse { reason: bad() },
    ];
    let acts = deeds.len();
    for deed in deeds {
        events.act(Act {
            error: Some(bad()),
            ..Act::done(deed)
        });
    }
    let heard = serde_json::to_string(&collected.events()).unwrap();
    assert!(!heard.contains("hunter") && !heard.contains("\\u001b"), "{heard}");
    assert_eq!(
        heard.matches("<sensitive> \\\\x1b[2J").count(),
        acts + 1 + 1 + 5 + 4 + 1 + 3 * 3 + 1 + 2 + 1,
        "{heard}"
    );
}

/// A reader that keeps a record.
struct Records(Sender<Event>);

impl Reader for Records {
    fn event(&mut self, event: &Event) {
        self.0.send(event.clone()).unwrap();
    }

    fn records(&self) -> bool {
        true
    }
}

#[test]
fn acts_are_told_only_where_a_reader_wants_them() {
    let heard = |records: bool| {
        let (sender, receiver) = channel();
        let reader: Box<dyn Reader> = match records {
            true => Box::new(Records(sender)),
            false => Box::new(Forward(sender)),
        };
        let (events, end) = Events::new("run", Secrets::default(), vec![reader]);
        assert_eq!(events.recorded(), records);
        events.act(Act::done(Deed::Reconnect));
        end.finish().unwrap();
        receiver.iter().count()
    };
    assert_eq!((heard(true), heard(false)), (1, 0));
}

#[test]
fn taking_out_colours_does_not_uncover_a_secret() {
    let (events, collected) = Events::collecting();
    events.run.secrets.add("hunter22");
    events.say("hun\x1b[1mter\x1b[0m22");
    assert_eq!(collected.texts(), ["<sensitive>"]);
}
