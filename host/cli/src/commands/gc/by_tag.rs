//! `kilnbox gc --by-tag`: what a lost journal would have told, by the tags of the resources themselves.
//!
//! Other machines' runs are seen here too, and nothing tells whether they live. So it needs an age, and the agreement of
//! a person who has read the list.

use std::{sync::Arc, time::Duration};

use kilnbox_engine::{Events, Found, Prompt, Secrets, SweepScope, Sweepable, gc};

use super::{Ended, closing};
use crate::{args::GcArgs, error::Error, folders::Folders, person::Person, wire};

/// Who agrees.
pub(super) enum Consent {
    /// `--dry-run`: nothing is to be agreed to.
    NotNeeded,
    /// `--yes`
    Given,
    Asked(Arc<dyn Prompt>),
}

impl Consent {
    /// Refused where nobody could answer, before anything is looked for.
    pub(super) fn of(args: &GcArgs) -> Result<Self, Error> {
        if args.dry_run {
            return Ok(Self::NotNeeded);
        }
        if args.yes {
            return Ok(Self::Given);
        }
        let person = Person::at_the_terminal(&Secrets::default()).ok_or_else(|| Error::Other {
            message: "nobody is there to agree: standard input or standard error is no terminal".to_owned(),
            hint: Some("see what would be removed with `--dry-run`, then pass `--yes`".to_owned()),
        })?;
        Ok(Self::Asked(person))
    }
}

/// Looks, asks, removes.
pub(super) async fn collect(
    args: &GcArgs,
    older_than: Duration,
    folders: &Folders,
    events: &Events,
) -> Result<Ended, Error> {
    let consent = Consent::of(args)?;
    let sweepers = wire::sweepers();
    let scope = SweepScope {
        older_than,
        regions: args.region.clone(),
    };
    let sweepable = gc::look(&folders.state, &sweepers, &scope, events).await;
    let failed = sweepable.unseen.len();
    let spared = [(sweepable.spared, "younger or still running, and left alone")];
    for found in sweepable.found() {
        events.say(listed(found));
    }
    let count = sweepable.found().len();
    match consent {
        Consent::NotNeeded => {
            return Ok(Ended::new(closing(count, true, failed, &spared), failed));
        }
        Consent::Asked(person) if count > 0 && !agrees(person.as_ref(), &sweepable, events).await => {
            return Ok(Ended::new("nothing was removed".to_owned(), failed));
        }
        Consent::Asked(_) | Consent::Given => {}
    }
    let swept = gc::sweep(sweepable, events).await;
    let failed = failed + swept.kept.len();
    Ok(Ended::new(
        closing(swept.removed.len(), false, failed, &spared),
        failed,
    ))
}

fn listed(found: &Found) -> String {
    let minutes = Duration::from_secs(found.age.as_secs() / 60 * 60);
    format!(
        "found {}, of run {}, {} old",
        found.what,
        found.run,
        humantime::format_duration(minutes)
    )
}

async fn agrees(person: &dyn Prompt, sweepable: &Sweepable, events: &Events) -> bool {
    events.settled().await;
    let question = format!(
        "Remove these {}? A run on another machine may still use them. [y/N]",
        sweepable.found().len()
    );
    let answer = person.ask("gc", &question).await;
    matches!(answer.as_deref().map(str::trim), Some("y" | "Y" | "yes" | "Yes"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    #[test]
    fn the_list_says_whose_and_how_old() {
        let found = Found {
            what: "instance `i-1` in here".to_owned(),
            run: "run-1".to_owned(),
            age: Duration::from_secs(2 * 3600 + 5 * 60 + 7),
            data: Json::Null,
        };
        assert_eq!(
            listed(&found),
            "found instance `i-1` in here, of run run-1, 2h 5m old"
        );
    }
}
