//! `kilnbox gc`: removes what runs that were killed have left, by their journals.

use std::io;

use kilnbox_engine::{Events, GcOptions, GcReport, Reader, Secrets, gc};

use super::runtime;
use crate::{
    args::{GcArgs, OutputArgs},
    error::Error,
    exit_codes,
    folders::Folders,
    logging,
    readers::{Look, Machine, Terminal},
    wire,
};

/// Collects. What is left because it could not be removed makes the exit code a failure.
pub(crate) fn run(args: &GcArgs, output: &OutputArgs) -> Result<u8, Error> {
    let level = logging::start(0, &Secrets::default())?.level;
    let folders = Folders::find()?;
    let reader: Box<dyn Reader> = if output.machine_readable {
        Box::new(Machine::new(io::stdout()))
    } else {
        let look = Look {
            color_out: false,
            color_err: false,
            timestamps: None,
            level,
            bars: false,
        };
        Box::new(Terminal::new(io::stdout(), io::stderr(), look))
    };
    let (events, end) = Events::new(
        &uuid::Uuid::new_v4().to_string(),
        Secrets::default(),
        vec![reader],
    );
    let options = GcOptions {
        dry_run: args.dry_run,
    };
    let reclaimers = wire::reclaimers(&folders);
    let collecting = gc::collect(&folders.state, &reclaimers, options, &events);
    let report = runtime()?.block_on(collecting).map_err(Error::other)?;
    events.say(closing(&report, args.dry_run));
    drop(events);
    end.finish().map_err(Error::other)?;
    Ok(if report.kept.is_empty() {
        exit_codes::SUCCESS
    } else {
        exit_codes::FAILURE
    })
}

/// The last line: what became of it all.
fn closing(report: &GcReport, dry_run: bool) -> String {
    let mut parts = Vec::new();
    match (report.reclaimed.len(), dry_run) {
        (0, _) => {}
        (count, true) => parts.push(format!("{count} would be removed")),
        (count, false) => parts.push(format!("{count} removed")),
    }
    if !report.kept.is_empty() {
        parts.push(format!("{} could not be removed", report.kept.len()));
    }
    if parts.is_empty() {
        parts.push("nothing to do".to_owned());
    }
    if report.held > 0 {
        parts.push(format!("{} still running and left alone", report.held));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts() {
        let mut report = GcReport::default();
        assert_eq!(closing(&report, false), "nothing to do");
        report.held = 1;
        report.reclaimed = vec!["a".into(), "b".into()];
        assert_eq!(
            closing(&report, true),
            "2 would be removed, 1 still running and left alone"
        );
        assert_eq!(
            closing(&report, false),
            "2 removed, 1 still running and left alone"
        );
    }
}
