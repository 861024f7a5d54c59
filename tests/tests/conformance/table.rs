//! A table: how it is read, and how its cases are tried.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use kilnbox_tests::{SshBed, repository};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::{
    case::{Case, Given},
    ground::Ground,
    judge, play,
};

/// Where the tables are, in the repository.
pub(crate) const FOLDER: &str = "tests/conformance/program";

/// What is promised of every section.
const FEWEST: usize = 15;

/// The cases of one section, and what they share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    section: String,
    /// Keys that all templates have.
    #[serde(default)]
    pub(crate) template: Map<String, Json>,
    /// Files that all cases have.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, Given>,
    /// The command line of cases that have none.
    #[serde(default = "build")]
    pub(crate) run: Vec<String>,
    cases: Vec<Case>,
    /// Started by the first case that needs it.
    #[serde(skip)]
    bed: OnceLock<SshBed>,
}

fn build() -> Vec<String> {
    ["build", "template.json"].map(str::to_owned).into()
}

/// The file of the table that a test is named after.
pub(crate) fn file_name(test: &str) -> String {
    format!("{}.json", test.replace('_', "-"))
}

/// Tries all cases of a table.
pub(crate) fn check(test: &str) {
    let text = fs::read_to_string(repository().join(FOLDER).join(file_name(test))).expect("a table");
    let table: Table = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{test}: {error}"));
    let names: BTreeSet<&str> = table.cases.iter().map(|case| case.name.as_str()).collect();
    assert!(names.len() >= FEWEST, "`{}` has too few cases", table.section);
    assert_eq!(names.len(), table.cases.len(), "two cases have one name");
    let failed = table.failures();
    assert!(
        failed.is_empty(),
        "{} of the {} cases of {}:\n\n{}",
        failed.len(),
        table.cases.len(),
        table.section,
        failed.into_values().collect::<Vec<_>>().join("\n")
    );
}

impl Table {
    /// The SSH server of this table.
    pub(crate) fn bed(&self) -> &SshBed {
        self.bed.get_or_init(SshBed::start)
    }

    /// Whether a case has used it.
    pub(crate) fn has_bed(&self) -> bool {
        self.bed.get().is_some()
    }

    /// By the position of the case.
    fn failures(&self) -> BTreeMap<usize, String> {
        let next = AtomicUsize::new(0);
        let failures = Mutex::new(BTreeMap::new());
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = self.cases.get(at) else { break };
                if let Err(why) = self.try_case(at, case) {
                    let shown = format!("── {}\n{why}\n", case.name);
                    failures.lock().expect("no worker panics").insert(at, shown);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
                scope.spawn(work);
            }
        });
        failures.into_inner().expect("no worker panics")
    }

    fn try_case(&self, at: usize, case: &Case) -> Result<(), String> {
        let tried = catch_unwind(AssertUnwindSafe(|| {
            let ground = Ground::new(self, at, case);
            let outcome = play::run(&ground, case, &self.run);
            judge::all(&ground, case, &outcome)
        }));
        tried.unwrap_or_else(|panic| Err(words(panic.as_ref())))
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
        .to_owned()
}
