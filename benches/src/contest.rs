//! Contenders that do the same work in turn, and what came of it.

use std::{fmt, process::Command};

use bytesize::ByteSize;
use comfy_table::{
    CellAlignment, Table,
    presets::{ASCII_MARKDOWN, NOTHING},
};
use serde::Serialize;

use kilnbox_tests::Usage;

use crate::measure::{median, run};

/// A job before it is run.
pub(crate) struct Contest<'a> {
    name: &'static str,
    about: String,
    rounds: usize,
    warm_up: bool,
    contenders: Vec<Contender<'a>>,
}

struct Contender<'a> {
    name: &'static str,
    /// Called before each run, outside the measurement.
    prepare: Box<dyn Fn() + 'a>,
    command: Box<dyn Fn() -> Command + 'a>,
    /// Called after each run: whether the work was really done.
    check: Box<dyn Fn() + 'a>,
}

impl<'a> Contest<'a> {
    pub(crate) fn new(name: &'static str, about: impl Into<String>, rounds: usize) -> Self {
        Self {
            name,
            about: about.into(),
            rounds,
            warm_up: true,
            contenders: Vec::new(),
        }
    }

    /// Leaves out the run that is not counted, for long jobs on which a cold cache weighs little.
    pub(crate) fn cold(mut self) -> Self {
        self.warm_up = false;
        self
    }

    /// A contender that needs nothing prepared and whose exit code says enough.
    pub(crate) fn contender(self, name: &'static str, command: impl Fn() -> Command + 'a) -> Self {
        self.worker(name, || {}, command, || {})
    }

    pub(crate) fn worker(
        mut self,
        name: &'static str,
        prepare: impl Fn() + 'a,
        command: impl Fn() -> Command + 'a,
        check: impl Fn() + 'a,
    ) -> Self {
        self.contenders.push(Contender {
            name,
            prepare: Box::new(prepare),
            command: Box::new(command),
            check: Box::new(check),
        });
        self
    }

    /// Runs all rounds.
    pub(crate) fn run(self) -> Outcome {
        let mut results: Vec<Series> = self
            .contenders
            .iter()
            .map(|contender| Series {
                name: contender.name,
                samples: Vec::new(),
            })
            .collect();
        let warm_ups = usize::from(self.warm_up);
        for round in 0..self.rounds + warm_ups {
            for (contender, series) in self.contenders.iter().zip(&mut results) {
                eprint!(
                    "\r\x1b[K{}: round {} of {}, {}",
                    self.name,
                    round + 1,
                    self.rounds + warm_ups,
                    contender.name
                );
                (contender.prepare)();
                // What earlier runs wrote must not reach the disk in this one's time.
                nix::unistd::sync();
                let sample = run((contender.command)());
                (contender.check)();
                if round >= warm_ups {
                    series.samples.push(sample);
                }
            }
        }
        eprint!("\r\x1b[K");
        Outcome {
            name: self.name,
            about: self.about,
            contenders: results,
            goals: Vec::new(),
        }
    }
}

/// A job that was run.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) about: String,
    pub(crate) contenders: Vec<Series>,
    pub(crate) goals: Vec<Goal>,
}

/// All runs of one contender.
#[derive(Debug, Serialize)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<Usage>,
}

impl Series {
    /// Seconds, of the median run.
    pub(crate) fn wall(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.wall))
    }

    /// Seconds of processor time, of the median run.
    pub(crate) fn cpu(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.cpu))
    }

    /// Bytes, of the median run.
    pub(crate) fn peak(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.peak as f64))
    }

    fn spread(&self) -> (f64, f64) {
        let walls = self.samples.iter().map(|sample| sample.wall);
        (
            walls.clone().fold(f64::INFINITY, f64::min),
            walls.fold(0.0, f64::max),
        )
    }
}

/// What was wanted of a job, and what it came to.
#[derive(Debug, Serialize)]
pub(crate) struct Goal {
    /// What the value is.
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) at_most: f64,
    pub(crate) unit: &'static str,
}

impl Goal {
    pub(crate) fn met(&self) -> bool {
        self.value <= self.at_most
    }
}

impl Outcome {
    /// The runs of a contender.
    pub(crate) fn of(&self, name: &str) -> &Series {
        let found = self.contenders.iter().find(|series| series.name == name);
        found.unwrap_or_else(|| panic!("no contender `{name}` in `{}`", self.name))
    }

    /// Judges a value. Units: `x` for a ratio, `ms`, `MiB`, `round trips`.
    pub(crate) fn goal(
        mut self,
        what: impl Into<String>,
        value: impl FnOnce(&Self) -> f64,
        at_most: f64,
        unit: &'static str,
    ) -> Self {
        let value = value(&self);
        self.goals.push(Goal {
            what: what.into(),
            value,
            at_most,
            unit,
        });
        self
    }

    /// Judges Kilnbox's time as a multiple of a peer's.
    pub(crate) fn time_against(self, peer: &'static str, at_most: f64) -> Self {
        let ratio = |this: &Self| this.of("kilnbox").wall() / this.of(peer).wall();
        self.goal(format!("time against {peer}"), ratio, at_most, "x")
    }

    /// Judges Kilnbox's memory, in MiB.
    pub(crate) fn memory(self, at_most: f64) -> Self {
        let peak = |this: &Self| this.of("kilnbox").peak() / MIB;
        self.goal("peak memory", peak, at_most, "MiB")
    }
}

pub(crate) const MIB: f64 = 1024.0 * 1024.0;

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}: {}\n", self.name, self.about)?;
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN);
        table.set_header(["", "median", "spread", "CPU", "peak memory", "time of kilnbox"]);
        let kilnbox = self.contenders.first().map(Series::wall);
        for series in &self.contenders {
            let (least, most) = series.spread();
            table.add_row([
                series.name.to_owned(),
                seconds(series.wall()),
                format!("{} to {}", seconds(least), seconds(most)),
                seconds(series.cpu()),
                ByteSize(series.peak() as u64).display().iec().to_string(),
                match kilnbox {
                    Some(kilnbox) if series.name != "kilnbox" => {
                        format!("{:.2} x", kilnbox / series.wall())
                    }
                    _ => String::new(),
                },
            ]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        writeln!(f, "{table}\n")?;
        let mut goals = Table::new();
        goals.load_style(NOTHING);
        for goal in &self.goals {
            goals.add_row([
                if goal.met() { "- met:" } else { "- MISSED:" }.to_owned(),
                goal.what.clone(),
                format!("{:.3} {}", goal.value, goal.unit),
                format!("(at most {} {})", goal.at_most, goal.unit),
            ]);
        }
        for line in goals.lines() {
            writeln!(f, "{}", line.trim())?;
        }
        Ok(())
    }
}

fn seconds(value: f64) -> String {
    if value < 1.0 {
        format!("{:.1} ms", value * 1000.0)
    } else {
        format!("{value:.2} s")
    }
}
