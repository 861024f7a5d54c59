//! `kilnbox gc`: removes what runs that were killed have left, by their journals or by tags.

mod by_tag;

use std::io;

use kilnbox_engine::{Events, GcOptions, Reader, Secrets, gc};

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
    let collecting = async {
        match args.older_than.filter(|_| args.by_tag) {
            Some(older_than) => by_tag::collect(args, older_than, &folders, &events).await,
            None => by_journal(args, &folders, &events).await,
        }
    };
    let ended = runtime()?.block_on(collecting);
    if let Ok(ended) = &ended {
        events.say(ended.words.clone());
    }
    drop(events);
    end.finish().map_err(Error::other)?;
    Ok(if ended?.failed == 0 {
        exit_codes::SUCCESS
    } else {
        exit_codes::FAILURE
    })
}

/// How it ended.
struct Ended {
    /// The last line.
    words: String,
    /// How much stays that should be gone, or could not be looked at.
    failed: usize,
}

impl Ended {
    fn new(words: String, failed: usize) -> Self {
        Self { words, failed }
    }
}

async fn by_journal(args: &GcArgs, folders: &Folders, events: &Events) -> Result<Ended, Error> {
    let options = GcOptions {
        dry_run: args.dry_run,
        older_than: args.older_than,
    };
    let reclaimers = wire::reclaimers(folders);
    let report = gc::collect(&folders.state, &reclaimers, options, events)
        .await
        .map_err(Error::other)?;
    let left_alone = [
        (report.held, "still running and left alone"),
        (report.younger, "younger and left alone"),
    ];
    let failed = report.kept.len();
    let words = closing(report.reclaimed.len(), args.dry_run, failed, &left_alone);
    Ok(Ended::new(words, failed))
}

/// The last line: what became of it all.
fn closing(removed: usize, dry_run: bool, failed: usize, left_alone: &[(usize, &str)]) -> String {
    let mut parts = Vec::new();
    match (removed, dry_run) {
        (0, _) => {}
        (count, true) => parts.push(format!("{count} would be removed")),
        (count, false) => parts.push(format!("{count} removed")),
    }
    if failed > 0 {
        parts.push(format!("{failed} could not be removed"));
    }
    if parts.is_empty() {
        parts.push("nothing to do".to_owned());
    }
    let alone = left_alone.iter().filter(|(count, _)| *count > 0);
    parts.extend(alone.map(|(count, why)| format!("{count} {why}")));
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts() {
        assert_eq!(closing(0, false, 0, &[(0, "alone")]), "nothing to do");
        let alone = [(1, "still running and left alone"), (0, "younger and left alone")];
        assert_eq!(
            closing(2, true, 0, &alone),
            "2 would be removed, 1 still running and left alone"
        );
        assert_eq!(
            closing(2, false, 3, &alone),
            "2 removed, 3 could not be removed, 1 still running and left alone"
        );
    }
}
