//! One run's events, for the tests of the readers: two builds, one of which does not succeed.

use std::time::Duration;

use kilnbox_engine::{Body, Event, Level, Speaker, StepId};

/// One event by Kilnbox at a fixed time.
pub(crate) fn event(build: Option<&str>, step: Option<StepId>, body: Body) -> Event {
    Event {
        v: 1,
        run: "0".to_owned(),
        seq: 1,
        time: "2026-11-23T20:00:00.000000Z".to_owned(),
        speaker: Speaker::Host,
        build: build.map(str::to_owned),
        step,
        body,
    }
}

fn by(speaker: Speaker, event: Event) -> Event {
    Event { speaker, ..event }
}

pub(crate) fn step(name: &str, kind: &'static str, third_party: bool) -> Option<StepId> {
    Some(StepId {
        index: 0,
        name: name.to_owned(),
        kind,
        attempt: 1,
        third_party,
    })
}

/// A line of a command.
pub(crate) fn output(stream: &'static str, text: &str) -> Body {
    Body::Output {
        stream,
        text: text.to_owned(),
    }
}

/// The end of the run.
pub(crate) fn run_finished(cancelled: bool) -> Event {
    let errors = vec![("rootfs.web".to_owned(), "script exited with status 3".to_owned())];
    event(
        None,
        None,
        Body::RunFinished {
            took: Duration::from_millis(63_500),
            cancelled,
            errors,
        },
    )
}

/// The whole run.
pub(crate) fn events() -> Vec<Event> {
    let say = |text: &str| Body::Say {
        text: text.to_owned(),
    };
    let (a, b) = (Some("null"), Some("rootfs.web"));
    vec![
        event(
            None,
            None,
            Body::RunStarted {
                builds: vec!["null".into(), "rootfs.web".into()],
            },
        ),
        event(
            a,
            None,
            Body::BuildStarted {
                builder: "null".into(),
            },
        ),
        event(a, step("shell", "provisioner", false), Body::StepStarted),
        event(
            a,
            step("shell", "provisioner", false),
            say("Provisioning with shell script: setup.sh"),
        ),
        by(
            Speaker::Remote,
            event(
                a,
                step("shell", "provisioner", false),
                output("stdout", "installed, 2 of 2"),
            ),
        ),
        by(
            Speaker::Remote,
            event(
                a,
                step("shell", "provisioner", false),
                output("stderr", "no locale"),
            ),
        ),
        by(
            Speaker::Guest,
            event(
                a,
                step("hardening", "provisioner", true),
                say("==> null: I am Kilnbox\nsecond line\n"),
            ),
        ),
        by(
            Speaker::Remote,
            event(
                a,
                step("hardening", "provisioner", true),
                output("stdout", "from the plugin"),
            ),
        ),
        event(
            b,
            None,
            Body::Message {
                text: "a detail".into(),
            },
        ),
        event(
            b,
            None,
            Body::Warning {
                text: "the kernel lacks idmapped mounts".into(),
            },
        ),
        event(
            b,
            None,
            Body::Error {
                text: "script exited with status 3".into(),
            },
        ),
        event(
            a,
            None,
            Body::Log {
                level: Level::Error,
                text: "unseen".into(),
                fields: Vec::new(),
            },
        ),
        event(
            a,
            None,
            Body::Progress {
                what: "x".into(),
                done: 1,
                total: Some(2),
                finished: false,
            },
        ),
        event(
            b,
            None,
            Body::BuildFinished {
                took: Duration::from_millis(5003),
                error: Some("script exited with status 3".into()),
                hint: None,
            },
        ),
        event(
            a,
            step("manifest", "post-processor", false),
            say("Running post-processor: manifest"),
        ),
        event(
            a,
            None,
            Body::BuildFinished {
                took: Duration::from_millis(63_000),
                error: None,
                hint: None,
            },
        ),
        event(
            a,
            None,
            Body::Artifact {
                index: 0,
                builder_id: "packer.file".into(),
                id: "File".into(),
                text: "Stored file: out, 1.txt".into(),
                files: vec!["out, 1.txt".into()],
            },
        ),
        run_finished(false),
    ]
}
