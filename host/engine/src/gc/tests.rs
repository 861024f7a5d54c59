//! Tests of what `gc` removes, keeps and leaves alone.

use std::{io::Write as _, os::unix::fs::PermissionsExt as _, sync::Mutex};

use async_trait::async_trait;
use serde_json::{Value as Json, json};

use super::*;
use crate::Journal;

/// Writes down what it is asked to remove; refuses `{"stuck": true}`, `{"after": x}` until it was asked for `x`, and
/// panics on `{"panic": true}`.
#[derive(Debug, Default)]
struct Fake(Mutex<Vec<Json>>);

#[async_trait]
impl Reclaimer for Fake {
    fn kind(&self) -> &'static str {
        "fake"
    }
    fn describe(&self, data: &Json) -> String {
        format!("fake {data}")
    }
    async fn reclaim(&self, data: &Json) -> Result<(), String> {
        let before = self.0.lock().unwrap().clone();
        self.0.lock().unwrap().push(data.clone());
        match data {
            Json::Object(fields) if fields.contains_key("stuck") => Err("it is stuck".to_owned()),
            Json::Object(fields) if fields.get("after").is_some_and(|other| !before.contains(other)) => {
                Err("another is in the way".to_owned())
            }
            Json::Object(fields) if fields.contains_key("panic") => panic!("oh"),
            _ => Ok(()),
        }
    }
}

async fn collect_at(state: &Path, dry_run: bool) -> (GcReport, Vec<Json>) {
    let options = GcOptions {
        dry_run,
        older_than: None,
    };
    collect_with(state, options).await
}

async fn collect_with(state: &Path, options: GcOptions) -> (GcReport, Vec<Json>) {
    let fake = Arc::new(Fake::default());
    let (events, _) = Events::collecting();
    let reclaimers: [Arc<dyn Reclaimer>; 1] = [fake.clone()];
    let report = collect(state, &reclaimers, options, &events).await.unwrap();
    let asked = fake.0.lock().unwrap().clone();
    (report, asked)
}

fn files(state: &Path) -> usize {
    fs::read_dir(state.join("journal")).unwrap().count()
}

#[tokio::test]
async fn what_a_dead_run_left_is_reclaimed_newest_first() {
    let state = tempfile::tempdir().unwrap();
    let journal = Journal::create(state.path(), "a").unwrap();
    let first = journal.record("fake", json!(1)).unwrap();
    journal
        .record("fake", json!("early"))
        .unwrap()
        .update(json!(2))
        .unwrap();
    journal.record("fake", json!(3)).unwrap().strike().unwrap();
    journal.record("fake", json!(4)).unwrap();
    assert!(!journal.finish().unwrap(), "something is open");
    drop((journal, first));

    let (report, asked) = collect_at(state.path(), true).await;
    assert_eq!(
        (report.reclaimed.len(), asked.len(), files(state.path())),
        (3, 0, 1),
        "a dry run removes nothing"
    );
    let (report, asked) = collect_at(state.path(), false).await;
    assert_eq!(asked, [json!(4), json!(2), json!(1)]);
    assert_eq!(
        (
            report.reclaimed.len(),
            report.journals_removed,
            files(state.path())
        ),
        (3, 1, 0)
    );
}

#[tokio::test]
async fn a_living_run_is_left_alone() {
    let state = tempfile::tempdir().unwrap();
    let journal = Journal::create(state.path(), "a").unwrap();
    let entry = journal.record("fake", json!(1)).unwrap();
    let (report, asked) = collect_at(state.path(), false).await;
    assert_eq!((report.held, asked.len(), files(state.path())), (1, 0, 1));
    drop(journal);
    let (report, _) = collect_at(state.path(), false).await;
    assert_eq!(report.held, 1, "an entry alone keeps the lock");
    entry.strike().unwrap();
}

#[tokio::test]
async fn what_cannot_be_reclaimed_stays_and_is_told() {
    let state = tempfile::tempdir().unwrap();
    let journal = Journal::create(state.path(), "a").unwrap();
    journal.record("unheard-of", json!({})).unwrap();
    journal.record("fake", json!({ "panic": true })).unwrap();
    journal.record("fake", json!({ "stuck": true })).unwrap();
    journal.record("fake", json!(1)).unwrap();
    drop(journal);
    for round in 0..2 {
        let (report, _) = collect_at(state.path(), false).await;
        let reasons: Vec<_> = report.kept.iter().map(|kept| kept.reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "it is stuck",
                "internal error, please report it: oh",
                "this version knows no such kind; use the version that made it"
            ]
        );
        assert_eq!(report.reclaimed.len(), 1 - round, "what was reclaimed is struck");
        assert_eq!(files(state.path()), 1);
    }
}

#[tokio::test]
async fn what_another_entry_stood_in_the_way_of_is_tried_again() {
    let state = tempfile::tempdir().unwrap();
    let journal = Journal::create(state.path(), "a").unwrap();
    journal.record("fake", json!(1)).unwrap();
    let last = json!({ "after": { "after": 1 } });
    for data in [json!({ "after": 1 }), last.clone(), json!({ "stuck": true })] {
        journal.record("fake", data).unwrap();
    }
    drop(journal);
    let (report, asked) = collect_at(state.path(), false).await;
    assert_eq!(report.reclaimed.len(), 3, "{report:?}");
    assert_eq!(report.kept.len(), 1);
    assert_eq!(asked.iter().filter(|data| **data == last).count(), 2);
    assert_eq!(
        asked.iter().filter(|data| data.get("stuck").is_some()).count(),
        limits::GC_PASSES
    );
    let (report, asked) = collect_at(state.path(), false).await;
    assert_eq!(
        asked.len(),
        1,
        "nothing went, so nothing is tried again: {report:?}"
    );
}

#[tokio::test]
async fn only_what_is_old_enough_where_that_is_asked_for() {
    let state = tempfile::tempdir().unwrap();
    for (run, begun) in [
        ("young", Timestamp::now()),
        ("old", Timestamp::now() - Duration::from_secs(7200)),
        ("ahead", Timestamp::now() + Duration::from_secs(7200)),
    ] {
        let journal = Journal::create(state.path(), run).unwrap();
        journal.record("fake", json!(run)).unwrap();
        drop(journal);
        let path = state.path().join(format!("journal/{run}.jsonl"));
        let text = fs::read_to_string(&path).unwrap();
        let (_, rest) = text.split_once('\n').unwrap();
        let first = json!({ "op": "run", "run": run, "pid": 1, "started": begun.to_string() });
        fs::write(&path, format!("{first}\n{rest}")).unwrap();
    }
    let torn = state.path().join("journal/torn.jsonl");
    fs::write(
        &torn,
        "{\"op\":\"ru\n{\"op\":\"record\",\"id\":1,\"kind\":\"fake\",\"data\":\"torn\"}\n",
    )
    .unwrap();
    fs::set_permissions(&torn, fs::Permissions::from_mode(0o600)).unwrap();
    let options = GcOptions {
        older_than: Some(Duration::from_secs(3600)),
        ..GcOptions::default()
    };
    let (report, asked) = collect_with(state.path(), options).await;
    assert_eq!(asked, [json!("old")]);
    assert_eq!((report.younger, report.journals_removed), (3, 1));
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(7200);
    fs::File::options()
        .write(true)
        .open(&torn)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let (_, asked) = collect_with(state.path(), options).await;
    assert_eq!(asked, [json!("torn")], "it was last written to before");
    let (report, asked) = collect_at(state.path(), false).await;
    assert_eq!((report.younger, asked.len()), (0, 2));
}

#[test]
fn a_reclaimer_says_how_long_it_may_take() {
    let waiting = bounded(Duration::from_millis(20), std::future::pending());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    assert_eq!(
        runtime.block_on(waiting),
        Err(("not done after 20ms".to_owned(), false))
    );
}

#[tokio::test]
async fn a_torn_last_line_harms_nothing() {
    let state = tempfile::tempdir().unwrap();
    let journal = Journal::create(state.path(), "a").unwrap();
    journal.record("fake", json!(1)).unwrap();
    journal.record("fake", json!({ "stuck": true })).unwrap();
    drop(journal);
    let path = state.path().join("journal/a.jsonl");
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"{\"op\":\"record\",\"id\":3,\"ki")
        .unwrap();
    let (report, _) = collect_at(state.path(), false).await;
    assert_eq!((report.reclaimed.len(), report.kept.len()), (1, 1));
    let (report, asked) = collect_at(state.path(), false).await;
    assert_eq!(
        asked.len(),
        1,
        "the strike after the torn line was read: {report:?}"
    );
}

#[tokio::test]
async fn journals_are_owner_only_and_others_are_not_trusted() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path().join("made/here");
    let journal = Journal::create(&state, "a").unwrap();
    journal.record("fake", json!(1)).unwrap();
    drop(journal);
    let path = state.join("journal/a.jsonl");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&path), mode(&state.join("journal")), mode(&state)),
        (0o600, 0o700, 0o700)
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    std::os::unix::fs::symlink(&path, state.join("journal/link.jsonl")).unwrap();
    let (report, asked) = collect_at(&state, false).await;
    assert_eq!((asked.len(), report.kept.len()), (0, 2), "{report:?}");
}

#[tokio::test]
async fn a_run_that_left_nothing_leaves_no_file() {
    let state = tempfile::tempdir().unwrap();
    assert_eq!(
        collect_at(state.path(), false).await.0.held,
        0,
        "no folder is no error"
    );
    let journal = Journal::create(state.path(), "a").unwrap();
    journal.record("fake", json!(1)).unwrap().strike().unwrap();
    assert!(journal.finish().unwrap());
    assert_eq!(files(state.path()), 0);
    assert!(
        journal.record("fake", json!(2)).is_err(),
        "nothing can be recorded after the end"
    );
    assert!(Journal::create(state.path(), "../a").is_err());
}
